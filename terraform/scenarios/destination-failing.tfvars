title       = "Lost because the on-failure destination is gone"
description = "The function fails each time. The destination that is to keep its events was deleted, so they are gone."
look_at     = "DestinationDeliveryFailures, as many as AsyncEventsDropped: what was dropped was kept nowhere."

behavior               = { action = "fail", message = "Order has no address" }
on_failure             = { type = "topic", problem = "missing" }
maximum_retry_attempts = 0
events                 = { count = 2 }
observe_seconds        = 60

expectations = [
  { metric = "AsyncEventsDropped", equals = 2 },
  { metric = "Errors", equals = 2 },
  { metric = "DestinationDeliveryFailures", equals = 2 },
]
