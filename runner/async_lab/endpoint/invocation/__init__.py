"""A function's invocations: accepted, queued in the twin, run in virtual time, measured and logged."""
