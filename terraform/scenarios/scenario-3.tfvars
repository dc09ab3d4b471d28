title       = "Scenario 3: dropped because expired"
alias       = "expired"
description = "As scenario 2, but events expire after 60 s. Lambda gives up on the second one before capacity is free."
look_at     = "The oldest age, about 31 s: the next attempt would come past 60 s, so Lambda drops the event right there."

behavior                       = { action = "sleep", sleep_seconds = 90 }
reserved_concurrent_executions = 1
maximum_event_age_in_seconds   = 60
events                         = { count = 2 }

# The first event runs 90 s; the second is dropped long before.
observe_seconds = 120

# With luck in the waits (1 run in 200) there is room for a seventh attempt.
expectations = [
  { metric = "AsyncEventsReceived", equals = 2 },
  { metric = "AsyncEventsDropped", equals = 1 },
  { metric = "Throttles", at_least = 6, at_most = 7 },
  { metric = "AsyncEventAge", statistic = "Minimum", at_most = 500 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_least = 27000, at_most = 65000 },
  { metric = "Invocations", equals = 1 },
  { metric = "Errors", equals = 0 },
]
