title       = "Stopped because the function invokes itself"
description = "The function's last step is an event for itself. Lambda notices the loop and stops it after about 16 invocations."
look_at     = "Many more events than were sent: one was sent. RecursiveInvocationsDropped counts what Lambda stopped."

behavior        = { action = "invoke_itself" }
events          = { count = 1 }
observe_seconds = 300

expectations = [
  { metric = "AsyncEventsReceived", at_least = 16, at_most = 17 },
  { metric = "Throttles", equals = 0 },
]
