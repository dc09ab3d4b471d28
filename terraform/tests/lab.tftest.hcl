# The root module is a caller of both modules: what a scenario says arrives where it belongs.

mock_provider "aws" {
  source = "./modules/async-function/tests/mocks"
}

variables {
  title        = "A test"
  behavior     = { action = "sleep", sleep_seconds = 90 }
  expectations = [{ metric = "AsyncEventsReceived", equals = 1 }]
  package      = "modules/async-function/tests/handler.zip"
}

run "minus_one_leaves_the_function_in_the_shared_pool" {
  assert {
    condition     = !contains(output.alarm_names, "async-async-lab-concurrency")
    error_message = "-1 was taken for a reservation."
  }
}

run "a_name_is_in_all_names" {
  variables {
    name                           = "mine"
    reserved_concurrent_executions = 1
  }

  assert {
    condition     = [output.function_name, output.role_name, output.dashboard_name, output.log_group_name] == ["mine", "mine", "mine", "/aws/lambda/mine"]
    error_message = "Something is called otherwise."
  }

  assert {
    condition     = alltrue([for alarm in output.alarm_names : startswith(alarm, "async-mine-")]) && contains(output.alarm_names, "async-mine-concurrency")
    error_message = "The alarms are ${jsonencode(output.alarm_names)}"
  }

  assert {
    condition     = output.qualifier == "$LATEST"
    error_message = "The lab invokes the unqualified function."
  }
}

# Neither 0 nor a short event age is warned of here: they are what the lab is about.
run "a_stopped_function_applies_without_a_warning" {
  variables {
    reserved_concurrent_executions = 0
    maximum_event_age_in_seconds   = 60
  }

  assert {
    condition     = output.function_name == "async-lab"
    error_message = "The function has another name."
  }
}

run "a_queue_that_is_late_is_asked_of_the_endpoint_by_a_tag" {
  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  variables {
    first_attempt_after = { at_least_seconds = 20, at_most_seconds = 120.5 }
  }

  assert {
    condition     = local.late_queue_tags["async-lab:first-attempt-after-seconds"] == "20-120.5"
    error_message = "The tags are ${jsonencode(local.late_queue_tags)}"
  }
}
