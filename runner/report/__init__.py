"""What a run has to say: to people in the terminal, to programs as JSON."""
