"""What goes on paper, as a document free of any printer."""
