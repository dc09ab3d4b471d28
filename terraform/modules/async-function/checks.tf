# Warnings: allowed by Lambda, seldom meant. accepted_risks says that they are.

check "dropped_events_are_kept" {
  assert {
    condition     = contains(var.accepted_risks, "events_can_be_lost") || length(concat(local.on_failures, var.dead_letter_target[*])) > 0
    error_message = "${var.name} has no async.on_failure, failure_bucket, failure_queue or dead_letter_target: events that Lambda drops are lost. Set failure_bucket = {}, or accept the risk \"events_can_be_lost\"."
  }
}

check "large_events_are_kept" {
  assert {
    condition     = contains(var.accepted_risks, "large_events_can_be_lost") || var.failure_queue == null || try(var.failure_queue.max_message_size, 0) >= 1048576
    error_message = "${var.name} keeps dropped events in a queue of messages up to ${try(var.failure_queue.max_message_size, 0)} bytes, and Lambda takes events of 1048576: the record of a larger one is lost. Set failure_bucket = {} instead, or failure_queue.max_message_size = 1048576 (AWS provider 6), or accept the risk \"large_events_can_be_lost\"."
  }
}

check "function_may_run" {
  assert {
    condition     = contains(var.accepted_risks, "function_is_stopped") || var.reserved_concurrent_executions != 0
    error_message = "${var.name} has reserved_concurrent_executions = 0: it never runs, and Lambda drops its asynchronous events at once instead of keeping them. Raise it, set null, or accept the risk \"function_is_stopped\"."
  }
}

check "an_execution_fits_into_the_event_age" {
  assert {
    condition     = contains(var.accepted_risks, "timeout_exceeds_event_age") || var.timeout <= var.async.maximum_event_age_in_seconds
    error_message = "${var.name} may run ${var.timeout} s, longer than the ${var.async.maximum_event_age_in_seconds} s that an event may wait: events behind one slow execution are dropped. Raise async.maximum_event_age_in_seconds, or accept the risk \"timeout_exceeds_event_age\"."
  }
}
