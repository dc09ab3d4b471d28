title       = "Baseline: a healthy function"
description = "One event, accepted, run once and done. What the other scenarios are compared with."

behavior        = { action = "succeed" }
events          = { count = 1 }
observe_seconds = 30

# An event that nothing holds up is 32 to 37 ms old when its only attempt begins.
expectations = [
  { metric = "AsyncEventsReceived", equals = 1 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_most = 500 },
  { metric = "Invocations", equals = 1 },
  { metric = "Errors", equals = 0 },
  { metric = "Throttles", equals = 0 },
]
