"""What the pages ask the database, without HTTP."""
