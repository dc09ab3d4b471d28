"""What was seen of a function: metrics by minute, configuration read back, alarms' changes, single events, gaps."""
