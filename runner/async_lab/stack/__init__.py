"""What stands: made, noted, looked for, taken down."""
