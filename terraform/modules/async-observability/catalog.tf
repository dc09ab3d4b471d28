# What is worth an alarm, and from when on. The thresholds are the defaults of var.alarms; "above" is always "greater than".

locals {
  # Lambda drops an event as soon as its next attempt would come too late. Its waits double, so under throttling the last
  # age that anybody sees is little over half of the maximum: alarms on the age must lie below that.
  catalog = {
    dropped = {
      threshold           = 0
      period              = 60
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      metric              = "AsyncEventsDropped"
      statistic           = "Sum"
      missing             = "notBreaching" # no data point: nothing was dropped
      meaning             = "Lambda gave up events: they are lost unless a destination or a dead-letter queue keeps them."
      first_step          = "Compare with the same minutes of Errors (retries used up) and Throttles (too old for lack of concurrency); with neither, the reserved concurrency is 0."
    }
    event_age = {
      threshold           = 0.25
      period              = 60
      evaluation_periods  = 6 # throttled attempts are up to 336 s apart: the alarm should not end between two
      datapoints_to_alarm = 1
      metric              = "AsyncEventAge"
      statistic           = "p99"
      missing             = "notBreaching" # no data point: no attempt, nothing waits or nothing is tried
      meaning             = "Events wait longer than {threshold} (a share of the maximum event age) before they are processed."
      first_step          = "Look at Errors first (each retry adds 1 or 2 minutes), then at Throttles (concurrency), then at the whole region."
    }
    event_age_maximum = {
      threshold           = 0.4
      period              = 60
      evaluation_periods  = 6
      datapoints_to_alarm = 1
      metric              = "AsyncEventAge"
      statistic           = "Maximum"
      missing             = "notBreaching"
      meaning             = "The oldest event is close to being dropped: it is past {threshold} (a share of the maximum event age), and Lambda drops it when its next attempt would come too late."
      first_step          = "Raise the maximum event age to buy time, then raise the reserved concurrency (Throttles) or mend the handler (Errors)."
    }
    not_arriving = {
      threshold           = 0
      period              = 300
      evaluation_periods  = 3
      datapoints_to_alarm = 3
      expression          = "FILL(received, 0) - FILL(invocations, 0) - FILL(dropped, 0)"
      metrics             = { received = "AsyncEventsReceived", invocations = "Invocations", dropped = "AsyncEventsDropped" }
      missing             = "notBreaching" # no data point: nothing was sent
      meaning             = "Lambda accepts more events than it runs or drops: they pile up in its queue. Retries and synchronous calls count as runs and can hide this."
      first_step          = "Look at Throttles and at the reserved concurrency, then at the account's concurrency limit."
    }
    throttles = {
      threshold           = 0
      period              = 60
      evaluation_periods  = 5
      datapoints_to_alarm = 2
      metric              = "Throttles"
      statistic           = "Sum"
      missing             = "notBreaching" # no data point: nothing was tried
      meaning             = "Attempts find no free concurrency again and again. Asynchronous events wait and get older; synchronous callers are refused."
      first_step          = "Compare ConcurrentExecutions with the reserved concurrency; without a reservation, with the account's limit."
    }
    errors = {
      threshold           = 0.05
      period              = 60
      evaluation_periods  = 5
      datapoints_to_alarm = 2
      expression          = "IF(FILL(invocations, 0) > 0, FILL(errors, 0) / invocations, 0)"
      metrics             = { invocations = "Invocations", errors = "Errors" }
      missing             = "notBreaching" # no data point: nothing ran
      meaning             = "More than {threshold} (a share of the executions) fail. Lambda tries an event again after 1 and 2 minutes, then drops it."
      first_step          = "Read the function's log: an exception, \"Task timed out\", or a runtime that exited."
    }
    concurrency = {
      threshold           = 0.8
      period              = 60
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      metric              = "ConcurrentExecutions"
      statistic           = "Maximum"
      missing             = "notBreaching" # no data point: nothing runs
      meaning             = "More than {threshold} (a share of the reserved concurrency) is in use: throttling is near, or there."
      first_step          = "Raise the reserved concurrency, or shorten Duration."
    }
    dead_letter_failures = {
      threshold           = 0
      period              = 60
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      metric              = "DeadLetterErrors"
      statistic           = "Sum"
      missing             = "notBreaching" # the metric has no zeros
      meaning             = "A dropped event did not reach the dead-letter queue either, and is gone."
      first_step          = "Check that the target exists, that the role may write to it, and its key's policy."
    }
    destination_failures = {
      threshold           = 0
      period              = 60
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      metric              = "DestinationDeliveryFailures"
      statistic           = "Sum"
      missing             = "notBreaching" # the metric has no zeros
      meaning             = "The record of a finished event did not reach its destination; for a dropped event it was the last copy."
      first_step          = "Check that the target exists, that the role may write to it, its key's policy, and the record's size."
    }
    failure_queue = {
      threshold           = 0
      period              = 60
      evaluation_periods  = 1
      datapoints_to_alarm = 1
      metric              = "ApproximateNumberOfMessagesVisible"
      statistic           = "Maximum"
      missing             = "ignore" # SQS goes quiet about a queue that nobody touched for six hours; its messages are still there
      meaning             = "Failed events wait in the failure queue for somebody to look at them, until its retention ends."
      first_step          = "Read requestContext.condition of a message: it names the cause. Then invoke the function with its requestPayload again, or delete it."
    }
  }

  # A share is of something that differs by function.
  scale = { for key, function in var.functions : key => {
    for kind in keys(local.catalog) : kind => lookup({
      event_age         = function.maximum_event_age_in_seconds * 1000
      event_age_maximum = function.maximum_event_age_in_seconds * 1000
      concurrency       = function.reserved_concurrent_executions
    }, kind, 1)
  } }

  # Alarms that only some functions have. What is known after the apply alone, such as a queue's name, has no say in it.
  applies = { for key, function in var.functions : key => {
    for kind in keys(local.catalog) : kind => lookup({
      concurrency   = coalesce(function.reserved_concurrent_executions, -1) > 0
      failure_queue = function.failure_queue != null
    }, kind, true)
  } }
}
