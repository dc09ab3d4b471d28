title       = "Dropped because the function runs out of memory"
description = "The handler takes more memory than it has. Lambda ends it: a function error like any other, which is tried again."
look_at     = "Errors without a message of the handler's own: the log says why the runtime ended, and the age shows the retry."

behavior               = { action = "exhaust_memory" }
events                 = { count = 1 }
maximum_retry_attempts = 1
observe_seconds        = 120

expectations = [
  { metric = "Invocations", equals = 2 },
  { metric = "Errors", equals = 2 },
  { metric = "AsyncEventsDropped", equals = 1 },
]
