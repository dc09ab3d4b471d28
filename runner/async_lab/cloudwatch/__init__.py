"""The model of CloudWatch: metrics stored, statistics, metric math, search, alarms' states. Pure, as the twin is."""
