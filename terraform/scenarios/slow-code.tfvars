title       = "Late because the function gets slower"
description = "Each event takes longer than the one before, from 1 s to 16 s. The queue has nothing to do with it."
look_at     = "The duration, which rises from minute to minute, beside the age, which stays at milliseconds."

behavior        = { action = "sleep", sleep_seconds = 1, growth_seconds = 1.5 }
events          = { count = 11, interval_seconds = 30 }
observe_seconds = 60

expectations = [
  { metric = "AsyncEventAge", statistic = "Maximum", at_most = 500 },
  { metric = "Throttles", equals = 0 },
  { metric = "Errors", equals = 0 },
  { metric = "Duration", statistic = "p50", at_least = 15000, at_most = 16500 },
  { metric = "Duration", statistic = "Minimum", at_least = 1000, at_most = 1500 },
  { metric = "Duration", statistic = "Maximum", at_least = 16000, at_most = 16500 },
]
