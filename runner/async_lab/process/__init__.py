"""The process that we are: signals, its standard streams, Ctrl-C, and the bug that ends it."""
