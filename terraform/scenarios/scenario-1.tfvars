title       = "Scenario 1: delays from function errors"
alias       = "function-errors"
description = "The handler fails each time. Lambda tries again after one minute and after two more, then drops the event."
look_at     = "The age: three data points, minutes apart, and an error with each."

behavior = { action = "fail", message = "Lambda function throwing exception" }
events   = { count = 1 }

# The third attempt comes 158 to 203 s after the event.
observe_seconds = 240

expectations = [
  { metric = "AsyncEventsReceived", equals = 1 },
  { metric = "Invocations", equals = 3 },
  { metric = "Errors", equals = 3 },
  { metric = "AsyncEventAge", statistic = "SampleCount", equals = 3 },
  { metric = "AsyncEventAge", statistic = "Maximum", data_point = 1, at_most = 500 },
  { metric = "AsyncEventAge", statistic = "Maximum", data_point = 2, at_least = 53000, at_most = 68000 },
  { metric = "AsyncEventAge", statistic = "Maximum", data_point = 3, at_least = 158000, at_most = 203000 },
  { metric = "AsyncEventsDropped", equals = 1 },
]
