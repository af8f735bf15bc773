"""Service packages: the model, the loader, the lint and the search."""
