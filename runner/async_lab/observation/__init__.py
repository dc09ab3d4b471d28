"""What was seen of a function: its metrics by minute, and its alarms' changes."""
