# What the module refuses: each variable of a round must be refused, for the reason above its value.

mock_provider "aws" {}

variables {
  functions = { orders = {} }
}

run "wrong_values_1" {
  command = plan

  variables {
    # an unknown alarm is refused
    alarms = { rain = {} }
    # a dashboard with a space is refused
    dashboard = { name = "my board" }
    # no functions are refused
    functions = {}
    # a queue as alarm topic is refused
    topic_arns = { alarms = ["arn:aws:sqs:eu-central-1:123456789012:queue"] }
  }

  expect_failures = [
    var.alarms,
    var.dashboard,
    var.functions,
    var.topic_arns,
  ]
}

run "wrong_values_2" {
  command = plan

  variables {
    # a period of 90 seconds is refused
    alarms = { dropped = { period = 90 } }
    # a function by its arn is refused
    functions = { "arn:aws:lambda:eu-central-1:123456789012:function:orders" = {} }
    # a fifo topic is refused
    topic_arns = { composite = ["arn:aws:sns:eu-central-1:123456789012:topic.fifo"] }
  }

  expect_failures = [
    var.alarms,
    var.functions,
    var.topic_arns,
  ]
}

run "wrong_values_3" {
  command = plan

  variables {
    # a period of 0 is refused
    alarms = { dropped = { period = 0 } }
    # a maximum event age of 59 is refused
    functions = { orders = { maximum_event_age_in_seconds = 59 } }
  }

  expect_failures = [
    var.alarms,
    var.functions,
  ]
}

run "wrong_values_4" {
  command = plan

  variables {
    # no evaluation periods are refused
    alarms = { dropped = { evaluation_periods = 0 } }
    # a maximum event age of 21601 is refused
    functions = { orders = { maximum_event_age_in_seconds = 21601 } }
  }

  expect_failures = [
    var.alarms,
    var.functions,
  ]
}

run "wrong_values_5" {
  command = plan

  variables {
    # no datapoints are refused
    alarms = { dropped = { datapoints_to_alarm = 0 } }
    # a reservation below -1 is refused
    functions = { orders = { reserved_concurrent_executions = -2 } }
  }

  expect_failures = [
    var.alarms,
    var.functions,
  ]
}

run "wrong_values_6" {
  command = plan

  variables {
    # a threshold below 0 is refused
    alarms = { dropped = { threshold = -1 } }
    # a prefix with a quote is refused
    alarm_name_prefix = "\"async"
    # one function twice is refused
    functions = { orders = {}, again = { name = "orders" } }
  }

  expect_failures = [
    var.alarms,
    var.alarm_name_prefix,
    var.functions,
  ]
}

run "wrong_values_7" {
  command = plan

  variables {
    # a share of 1 is refused for event age
    alarms = { event_age = { threshold = 1 } }
  }

  expect_failures = [
    var.alarms,
  ]
}

run "wrong_values_8" {
  command = plan

  variables {
    # a share of 1 is refused for event age maximum
    alarms = { event_age_maximum = { threshold = 1 } }
  }

  expect_failures = [
    var.alarms,
  ]
}

run "wrong_values_9" {
  command = plan

  variables {
    # a share of 1 is refused for errors
    alarms = { errors = { threshold = 1 } }
  }

  expect_failures = [
    var.alarms,
  ]
}

run "wrong_values_10" {
  command = plan

  variables {
    # a share of 1 is refused for concurrency
    alarms = { concurrency = { threshold = 1 } }
  }

  expect_failures = [
    var.alarms,
  ]
}

run "more_datapoints_than_periods_are_refused" {
  command = plan

  variables {
    alarms = { dropped = { datapoints_to_alarm = 2 } }
  }

  expect_failures = [aws_cloudwatch_metric_alarm.this]
}

run "an_alarm_over_more_than_a_day_is_refused" {
  command = plan

  variables {
    alarms = { dropped = { evaluation_periods = 1441 } }
  }

  expect_failures = [aws_cloudwatch_metric_alarm.this]
}
