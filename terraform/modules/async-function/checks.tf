# Warnings: allowed by Lambda, seldom meant. accepted_risks says that they are.

check "dropped_events_are_kept" {
  assert {
    condition     = contains(var.accepted_risks, "events_can_be_lost") || length(concat(local.on_failure[*], var.dead_letter_target[*])) > 0
    error_message = "${var.name} has no async.on_failure, failure_queue or dead_letter_target: events that Lambda drops are lost. Set failure_queue = {}, or accept the risk \"events_can_be_lost\"."
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
