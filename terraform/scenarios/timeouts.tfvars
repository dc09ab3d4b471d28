title       = "Dropped because of timeouts"
description = "The handler needs 20 s and may take 10. A timeout is a function error: Lambda tries twice more, then drops the event."
look_at     = "The duration, which ends at exactly the timeout, and an error with each invocation."

behavior        = { action = "sleep", sleep_seconds = 20 }
timeout         = 10
events          = { count = 2 }
observe_seconds = 260

expectations = [
  { metric = "Invocations", equals = 6 },
  { metric = "Errors", equals = 6 },
  { metric = "Duration", statistic = "Minimum", at_least = 9900 },
  { metric = "Duration", statistic = "Maximum", at_most = 10100 },
  { metric = "AsyncEventsDropped", equals = 2 },
]
