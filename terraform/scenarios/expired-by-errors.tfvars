title       = "Dropped after one error because events expire too soon"
description = "Lambda would try again after a minute, but events expire after 60 s: it drops the event after the first error."
look_at     = "One invocation and one error per event, though two retries are allowed: the maximum event age cuts them off."

behavior                     = { action = "fail", message = "Connection refused" }
maximum_event_age_in_seconds = 60
events                       = { count = 2 }
observe_seconds              = 120

expectations = [
  { metric = "Invocations", equals = 2 },
  { metric = "Errors", equals = 2 },
  { metric = "AsyncEventsDropped", equals = 2 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_most = 500 },
]
