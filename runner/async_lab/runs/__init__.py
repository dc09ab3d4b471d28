"""A run as a document."""
