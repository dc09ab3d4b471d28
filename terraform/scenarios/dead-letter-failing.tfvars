title       = "Lost because the dead-letter target may not be written to"
description = "The function fails each time. A policy forbids its role to publish to the dead-letter topic, so the events are gone."
look_at     = "DeadLetterErrors, as many as AsyncEventsDropped. Lambda checked the permission when the function was configured, and not since."

behavior               = { action = "fail", message = "Order has no address" }
dead_letter_target     = { type = "topic", problem = "forbidden" }
maximum_retry_attempts = 0
events                 = { count = 2 }
observe_seconds        = 60

expectations = [
  { metric = "AsyncEventsDropped", equals = 2 },
  { metric = "Errors", equals = 2 },
  { metric = "DeadLetterErrors", equals = 2 },
]
