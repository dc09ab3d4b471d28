title       = "Scenario 4: dropped because reserved concurrency is 0"
alias       = "reserved-zero"
description = "A function that may not run at all. Lambda accepts the event and drops it at once."
look_at     = "What is missing: an event that was never tried has no age, no throttle, no invocation and no error."

behavior                       = { action = "sleep", sleep_seconds = 90 }
reserved_concurrent_executions = 0
maximum_event_age_in_seconds   = 60
events                         = { count = 1 }

# Nothing more can come; the wait shows that nothing does.
observe_seconds = 60

expectations = [
  { metric = "AsyncEventsReceived", equals = 1 },
  { metric = "AsyncEventsDropped", data_point = 1, equals = 1 },
  { metric = "AsyncEventAge", absent = true },
  { metric = "Throttles", absent = true },
  { metric = "Invocations", absent = true },
  { metric = "Errors", absent = true },
]
