title       = "Nothing arrives: the trigger may not invoke the function"
description = "A rule on the event bus matches, and its target is the function. The permission that lets it in is missing."
look_at     = "Nothing: no data point in any of the function's metrics. Lambda never saw the events, so no setting of it can help."

behavior        = { action = "succeed" }
trigger         = { service = "eventbridge", permitted = false }
events          = { count = 3 }
observe_seconds = 60

expectations = [
  { metric = "AsyncEventsReceived", absent = true },
  { metric = "Invocations", absent = true },
  { metric = "AsyncEventsDropped", absent = true },
]
