title       = "Late because of bursts"
description = "Two bursts of 12 events, five minutes apart. The function may run twice at a time, and needs 10 s for each."
look_at     = "The throttles, which come with each burst, and the age that grows behind it. Between the bursts nothing happens."

behavior                       = { action = "sleep", sleep_seconds = 10 }
reserved_concurrent_executions = 2
events                         = { count = 24, burst = 12, interval_seconds = 300 }
observe_seconds                = 420

expectations = [
  { metric = "AsyncEventsReceived", equals = 24 },
  { metric = "Invocations", equals = 24 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "Errors", equals = 0 },
  { metric = "ConcurrentExecutions", statistic = "Maximum", equals = 2 },
  { metric = "Throttles", at_least = 30 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_least = 55000 },
]
