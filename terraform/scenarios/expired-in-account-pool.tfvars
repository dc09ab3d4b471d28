title       = "Dropped because other functions use all concurrency"
description = "As account-pool, but events expire after 60 s: Lambda gives up on them while another function takes all concurrency."
look_at     = "Events that were dropped without ever running: throttles, no invocation, no error, and no reservation."

account_concurrency          = 10
behavior                     = { action = "succeed" }
other_functions              = { nightly = { events = 10, sleep_seconds = 90 } }
maximum_event_age_in_seconds = 60
events                       = { count = 2 }
observe_seconds              = 120

# With luck in the waits (1 event in 200) there is room for a seventh attempt.
expectations = [
  { metric = "AsyncEventsReceived", equals = 2 },
  { metric = "AsyncEventsDropped", equals = 2 },
  { metric = "Throttles", at_least = 12, at_most = 14 },
  { metric = "Invocations", absent = true },
  { metric = "Errors", at_most = 0 },
]
