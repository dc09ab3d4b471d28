title       = "Done but nobody was told"
description = "Every event succeeds. What should start the next step, an on-success destination, may not be written to."
look_at     = "DestinationDeliveryFailures without a dropped event: the work is done, and what waits for its record waits in vain."

behavior        = { action = "succeed" }
on_success      = { type = "topic", problem = "forbidden" }
events          = { count = 3 }
observe_seconds = 60

expectations = [
  { metric = "Invocations", equals = 3 },
  { metric = "Errors", equals = 0 },
  { metric = "AsyncEventsDropped", equals = 0 },
  { metric = "DestinationDeliveryFailures", equals = 3 },
]
