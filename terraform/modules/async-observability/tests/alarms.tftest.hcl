# Which alarms are made, with which thresholds, and what the dashboard shows.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
}

variables {
  functions = { orders = {} }
}

run "a_function_in_the_shared_pool_has_eight_alarms" {
  assert {
    condition = toset(output.alarm_names) == toset([
      "async-orders-dead-letter-failures", "async-orders-destination-failures", "async-orders-dropped", "async-orders-errors", "async-orders-event-age",
      "async-orders-event-age-maximum", "async-orders-not-arriving", "async-orders-throttles",
    ])
    error_message = "The alarms are ${jsonencode(output.alarm_names)}"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching"])
    error_message = "An alarm begins, or stays, because nothing happens."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(regexall("First: ", alarm.alarm_description)) == 1 && length(alarm.alarm_description) <= 1024])
    error_message = "An alarm doesn't say what to do first, or says too much for CloudWatch."
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0
    error_message = "A dashboard came unasked."
  }
}

run "ages_are_shares_of_the_functions_own_maximum" {
  variables {
    functions = { orders = { maximum_event_age_in_seconds = 60 }, mails = {} }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["orders-event-age"].threshold == 15000 && aws_cloudwatch_metric_alarm.this["mails-event-age"].threshold == 5400000
    error_message = "The age alarms' thresholds don't follow the maximum event age (in ms)."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["orders-event-age"].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.this["orders-event-age-maximum"].statistic == "Maximum"
    error_message = "The ages are read with other statistics."
  }

  assert {
    condition     = output.composite_alarm_names == { mails = "async-mails-any", orders = "async-orders-any" }
    error_message = "Each function has a composite alarm of its own."
  }

  assert {
    condition     = length(split(" OR ", aws_cloudwatch_composite_alarm.this["orders"].alarm_rule)) == 8 && length(regexall("mails", aws_cloudwatch_composite_alarm.this["orders"].alarm_rule)) == 0
    error_message = "The composite alarm must be over the function's own alarms: ${aws_cloudwatch_composite_alarm.this["orders"].alarm_rule}"
  }
}

run "limits_that_are_known_bring_alarms" {
  variables {
    functions = { orders = { reserved_concurrent_executions = 10, failure_queue = { name = "orders-failures" } } }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["orders-concurrency"].threshold == 8
    error_message = "The concurrency alarm must begin above 80 % of the reservation."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["orders-failure-queue"].namespace == "AWS/SQS" && aws_cloudwatch_metric_alarm.this["orders-failure-queue"].dimensions == tomap({ QueueName = "orders-failures" })
    error_message = "The failure queue's alarm must be on the queue."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["orders-failure-queue"].treat_missing_data == "ignore"
    error_message = "The failure queue's alarm must not end because SQS goes quiet."
  }
}

run "minus_one_is_no_reservation" {
  variables {
    dashboard = { name = "async" }
    functions = { orders = { reserved_concurrent_executions = -1 } }
  }

  assert {
    condition     = !contains(output.alarm_names, "async-orders-concurrency") && length(regexall("reserved -1", aws_cloudwatch_dashboard.this[0].dashboard_body)) == 0
    error_message = "-1 was taken for a reservation."
  }
}

run "the_prefix_and_the_functions_name_make_the_names" {
  variables {
    alarm_name_prefix = "team/"
    functions         = { first = { name = "orders" } }
  }

  assert {
    condition     = alltrue([for name in output.alarm_names : startswith(name, "team/orders-")]) && output.composite_alarm_names == { first = "team/orders-any" }
    error_message = "The alarms are ${jsonencode(output.alarm_names)} and ${jsonencode(output.composite_alarm_names)}"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["first-dropped"].dimensions == tomap({ FunctionName = "orders" }) && length(regexall("ALARM\\(\"team/orders-dropped\"\\)", aws_cloudwatch_composite_alarm.this["first"].alarm_rule)) == 1
    error_message = "The alarms watch another function, or the composite alarm others."
  }
}

run "a_stopped_function_has_no_concurrency_to_be_near_to" {
  variables {
    functions = { orders = { reserved_concurrent_executions = 0 } }
  }

  assert {
    condition     = !contains(output.alarm_names, "async-orders-concurrency")
    error_message = "There is an alarm on a share of 0."
  }
}

run "an_alarm_is_tuned_or_left_out" {
  variables {
    alarms = {
      dropped      = { threshold = 5, period = 300, evaluation_periods = 3, datapoints_to_alarm = 2 }
      throttles    = { enabled = false }
      not_arriving = { period = 60 }
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["orders-dropped"].threshold == 5 && aws_cloudwatch_metric_alarm.this["orders-dropped"].period == 300 && aws_cloudwatch_metric_alarm.this["orders-dropped"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.this["orders-dropped"].datapoints_to_alarm == 2
    error_message = "What was tuned is not as it was told."
  }

  assert {
    condition     = !contains(output.alarm_names, "async-orders-throttles") && length(regexall("throttles", aws_cloudwatch_composite_alarm.this["orders"].alarm_rule)) == 0
    error_message = "An alarm that was left out is there."
  }

  assert {
    condition     = alltrue([for query in aws_cloudwatch_metric_alarm.this["orders-not-arriving"].metric_query : query.metric[0].period == 60 if length(query.metric) > 0]) && aws_cloudwatch_metric_alarm.this["orders-not-arriving"].evaluation_periods == 3
    error_message = "The metrics of an expression must have the period that was tuned; the rest stays."
  }
}

run "topics_hear_of_both_ends" {
  variables {
    topic_arns = { alarms = ["arn:aws:sns:eu-central-1:123456789012:team"], composite = ["arn:aws:sns:eu-central-1:123456789012:pager"] }
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:team"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "The alarms don't tell the team's topic of both ends."
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.this["orders"].alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:pager"])
    error_message = "The composite alarm doesn't tell the pager."
  }
}

run "no_composite_alarm_unless_wanted" {
  variables {
    composite_alarm = false
  }

  assert {
    condition     = length(aws_cloudwatch_composite_alarm.this) == 0
    error_message = "A composite alarm came unasked."
  }
}

run "the_dashboard_follows_the_diagnosis" {
  variables {
    dashboard = { name = "async" }
    functions = { orders = { maximum_event_age_in_seconds = 60, reserved_concurrent_executions = 10, failure_queue = { name = "orders-failures" } }, mails = {} }
  }

  assert {
    condition = [for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : split("\n", widget.properties.markdown)[0] if widget.type == "text"] == [
      "## Is it arriving?", "## Is it lost?", "## Is it waiting?", "## Why?", "## Where are the failed ones?",
    ]
    error_message = "The rows don't follow the diagnosis."
  }

  assert {
    condition = [for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.metrics[*][1] if widget.type == "metric"] == [
      ["AsyncEventsReceived", "AsyncEventsReceived"],
      ["AsyncEventsDropped", "AsyncEventsDropped"],
      ["AsyncEventAge", "AsyncEventAge"],
      ["Invocations", "Errors", "Invocations", "Errors"],
      ["Throttles", "Throttles"],
      ["ConcurrentExecutions", "ConcurrentExecutions"],
      ["Duration", "Duration"],
      ["DestinationDeliveryFailures", "DeadLetterErrors", "DestinationDeliveryFailures", "DeadLetterErrors"],
      ["ApproximateNumberOfMessagesVisible"],
    ]
    error_message = "The graphs show other metrics."
  }

  assert {
    condition = concat([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.annotations.horizontal[*].value if can(widget.properties.annotations)]...) == [
      60000, 21600000, 10,
    ]
    error_message = "The limits are not drawn where they are."
  }
}
