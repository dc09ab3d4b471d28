title       = "Part of the work fails"
description = "Twenty events through a topic. One in five fails each time, one in ten takes a minute; the others are done at once."
look_at     = "Errors three times the dropped events, and an age that only the failing ones have: half of all events are young."

behavior = {
  action = "succeed"
  mix    = [{ share = 0.2, action = "fail" }, { share = 0.1, sleep_seconds = 60 }]
}
trigger         = { service = "sns" }
events          = { count = 20, interval_seconds = 3 }
observe_seconds = 240

expectations = [
  { metric = "AsyncEventsReceived", equals = 20 },
  { metric = "AsyncEventsDropped", equals = 4 },
  { metric = "Errors", equals = 12 },
  { metric = "Throttles", equals = 0 },
  { metric = "AsyncEventAge", statistic = "p50", data_point = 1, at_most = 500 },
]
