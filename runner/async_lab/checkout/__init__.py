"""The project's files, in a checkout or as the wheel carries them, the function's package, and our own commands."""
