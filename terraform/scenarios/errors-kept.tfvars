title       = "Dropped: an on-failure destination gets the events"
description = "One event in four fails each time. Lambda drops it after three attempts, and sends its record to a topic."
look_at     = "The dropped events: each went to the destination with the reason and its payload. No metric counts that. A topic hands it to whoever subscribes; a queue would keep it."

behavior = {
  action  = "succeed"
  message = "Order has no address"
  mix     = [{ share = 0.25, action = "fail" }]
}
events          = { count = 8 }
on_failure      = { type = "topic" }
observe_seconds = 240

expectations = [
  { metric = "AsyncEventsReceived", equals = 8 },
  { metric = "Invocations", equals = 12 },
  { metric = "Errors", equals = 6 },
  { metric = "AsyncEventsDropped", equals = 2 },
  { metric = "DestinationDeliveryFailures", absent = true },
]
