title       = "Scenario 2: delays from a concurrency limit"
alias       = "reserved-concurrency"
description = "Two events, each of 90 s, and room for one at a time. Lambda tries the second again and again until there is room."
look_at     = "The throttles: they come at ages of about 0, 1, 3, 7, 15, 31 and 63 s. Nothing fails, nothing is lost, one event is late."

behavior                       = { action = "sleep", sleep_seconds = 90 }
reserved_concurrent_executions = 1
events                         = { count = 2 }

# The second event begins 110 to 145 s after it was sent, and runs 90 s.
observe_seconds = 250

expectations = [
  { metric = "AsyncEventsReceived", equals = 2 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "Throttles", at_least = 6, at_most = 8 },
  { metric = "AsyncEventAge", statistic = "Minimum", at_most = 500 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_least = 110000, at_most = 145000 },
  { metric = "Invocations", equals = 2 },
  { metric = "Errors", equals = 0 },
]
