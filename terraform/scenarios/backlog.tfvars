title       = "Dropped from a backlog"
description = "Lambda comes to 20 events 20 to 120 s after it has accepted them, as in a backlog, and they expire after 60 s. The embedded endpoint does it: AWS can't be asked to."
look_at     = "Events that were dropped though nothing failed and nothing was throttled. AsyncEventAge shows only those that were tried in time: what is too old when its turn comes leaves no age."

first_attempt_after          = { at_least_seconds = 20, at_most_seconds = 120 }
maximum_event_age_in_seconds = 60
behavior                     = { action = "succeed" }
events                       = { count = 20 }
observe_seconds              = 180

expectations = [
  { metric = "AsyncEventsReceived", equals = 20 },
  { metric = "AsyncEventsDropped", at_least = 1, at_most = 19 },
  { metric = "Invocations", at_least = 1, at_most = 19 },
  { metric = "AsyncEventAge", statistic = "Minimum", at_least = 20000 },
  { metric = "AsyncEventAge", statistic = "Maximum", at_most = 60000 },
  { metric = "Errors", equals = 0 },
  { metric = "Throttles", equals = 0 },
]
