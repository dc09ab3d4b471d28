title       = "Late because other functions use all concurrency"
description = "The account has 10 concurrent executions, as new ones often have. Another function takes them all for 90 s."
look_at     = "Throttles though the function reserves nothing and runs once at a time: what is used up is what all functions share."

account_concurrency = 10
behavior            = { action = "succeed" }
other_functions     = { nightly = { events = 10, sleep_seconds = 90 } }
events              = { count = 2 }
observe_seconds     = 200

expectations = [
  { metric = "AsyncEventsReceived", equals = 2 },
  { metric = "Invocations", equals = 2 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "Throttles", at_least = 12, at_most = 16 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_least = 88000, at_most = 145000 },
]
