title       = "Late because of an outage that ended"
description = "What the function calls is down for half a minute. Each event fails once, waits a minute, and succeeds."
look_at     = "The oldest age, about a minute, with as many errors as events, and nothing dropped: Lambda's retry did the work."

behavior        = { action = "fail", message = "Connection refused", recovers_after_seconds = 30 }
events          = { count = 4 }
observe_seconds = 120

expectations = [
  { metric = "AsyncEventsReceived", equals = 4 },
  { metric = "Errors", equals = 4 },
  { metric = "Invocations", equals = 8 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_least = 52000, at_most = 69000 },
]
