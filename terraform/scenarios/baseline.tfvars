title       = "Baseline: a healthy function"
alias       = "healthy"
description = "One event, accepted, run once and done. What the other scenarios are compared with."
look_at     = "The only attempt: 32 to 37 ms after the event was accepted, which is as young as an event gets."

behavior        = { action = "succeed" }
events          = { count = 1 }
observe_seconds = 30

expectations = [
  { metric = "AsyncEventsReceived", equals = 1 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_most = 500 },
  { metric = "Invocations", equals = 1 },
  { metric = "Errors", equals = 0 },
  { metric = "Throttles", equals = 0 },
]
