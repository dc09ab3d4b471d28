# What a scenario may not say: each variable of a round must be refused, for the reason above its value.

mock_provider "aws" {
  source = "./modules/async-function/tests/mocks"
}

variables {
  title        = "A test"
  behavior     = { action = "succeed" }
  expectations = [{ metric = "AsyncEventsReceived", equals = 1 }]
  package      = "modules/async-function/tests/handler.zip"
}

run "wrong_values_1" {
  command = plan

  variables {
    # an account without concurrency is refused
    account_concurrency = 0
    # an alias with a space is refused
    alias = "function errors"
    # an unknown action is refused
    behavior = { action = "dance" }
    # a description of 257 characters is refused
    description = join("", [for n in range(257) : "x"])
    # no events are refused
    events = { count = 0 }
    # a queue that is later than an event gets old is refused
    first_attempt_after = { at_least_seconds = 0, at_most_seconds = 21601 }
    # a dead-letter target of another type is refused
    dead_letter_target = { type = "bucket" }
    # a retention of 8 days is refused
    log_retention_in_days = 8
    # a maximum event age of 59 is refused
    maximum_event_age_in_seconds = 59
    # three retries are refused
    maximum_retry_attempts = 3
    # memory of 64 mb is refused
    memory_size = 64
    # a name with a space is refused
    name = "async lab"
    # a negative wait is refused
    observe_seconds = -1
    # an on-failure destination of another type is refused
    on_failure = { type = "bucket" }
    # an on-success destination of another type is refused
    on_success = { type = "bucket" }
    # another function with a capital letter is refused
    other_functions = { Other = { events = 1 } }
    # a package that is not there is refused
    package = "nothing.zip"
    # a reservation of minus 2 is refused
    reserved_concurrent_executions = -2
    # a runtime other than python is refused
    runtime = "nodejs22.x"
    # a timeout of 0 is refused
    timeout = 0
    # an empty title is refused
    title = ""
    # a trigger that is no service is refused
    trigger = { service = "kinesis" }
  }

  expect_failures = [
    var.account_concurrency,
    var.alias,
    var.behavior,
    var.dead_letter_target,
    var.description,
    var.events,
    var.first_attempt_after,
    var.log_retention_in_days,
    var.maximum_event_age_in_seconds,
    var.maximum_retry_attempts,
    var.memory_size,
    var.name,
    var.observe_seconds,
    var.on_failure,
    var.on_success,
    var.other_functions,
    var.package,
    var.reserved_concurrent_executions,
    var.runtime,
    var.timeout,
    var.title,
    var.trigger,
  ]
}

run "wrong_values_2" {
  command = plan

  variables {
    # a dead-letter target with an unknown problem is refused
    dead_letter_target = { type = "queue", problem = "slow" }
    # an on-failure destination with an unknown problem is refused
    on_failure = { type = "queue", problem = "slow" }
    # an on-success destination with an unknown problem is refused
    on_success = { type = "queue", problem = "slow" }
    # more than 10000 events of another function are refused
    other_functions = { other = { events = 10001 } }
    # a direct caller without permission is refused
    trigger = { service = "direct", permitted = false }
    # a negative sleep is refused
    behavior = { action = "sleep", sleep_seconds = -1 }
    # 10001 events are refused
    events = { count = 10001 }
    # an unknown metric is refused
    expectations = [{ metric = "Rain", equals = 1 }]
    # a maximum event age of 21601 is refused
    maximum_event_age_in_seconds = 21601
    # a negative number of retries is refused
    maximum_retry_attempts = -1
    # memory of 10241 mb is refused
    memory_size = 10241
    # a wait of more than a day is refused
    observe_seconds = 86401
    # half a reservation is refused
    reserved_concurrent_executions = 0.5
    # a timeout of 901 is refused
    timeout = 901
    # a title that is no tag is refused
    title = "Scenario 5 (the end)"
  }

  expect_failures = [
    var.behavior,
    var.dead_letter_target,
    var.events,
    var.expectations,
    var.maximum_event_age_in_seconds,
    var.maximum_retry_attempts,
    var.memory_size,
    var.observe_seconds,
    var.on_failure,
    var.on_success,
    var.other_functions,
    var.reserved_concurrent_executions,
    var.timeout,
    var.title,
    var.trigger,
  ]
}

run "wrong_values_3" {
  command = plan

  variables {
    # a sleep above lambdas longest timeout is refused
    behavior = { action = "sleep", sleep_seconds = 901 }
    # half an event is refused
    events = { count = 1.5 }
    # an unknown statistic is refused
    expectations = [{ metric = "Errors", statistic = "Median", equals = 1 }]
    # half a mb of memory is refused
    memory_size = 128.5
    # half a second of timeout is refused
    timeout = 1.5
  }

  expect_failures = [
    var.behavior,
    var.events,
    var.expectations,
    var.memory_size,
    var.timeout,
  ]
}

run "wrong_values_4" {
  command = plan

  variables {
    # a negative interval is refused
    events = { interval_seconds = -1 }
    # data point 0 is refused
    expectations = [{ metric = "Errors", data_point = 0, equals = 1 }]
  }

  expect_failures = [
    var.events,
    var.expectations,
  ]
}

run "wrong_values_5" {
  command = plan

  variables {
    # data point one and a half is refused
    expectations = [{ metric = "Errors", data_point = 1.5, equals = 1 }]
  }

  expect_failures = [
    var.expectations,
  ]
}

run "wrong_values_6" {
  command = plan

  variables {
    # an expectation of nothing is refused
    expectations = [{ metric = "Errors" }]
  }

  expect_failures = [
    var.expectations,
  ]
}

run "wrong_values_7" {
  command = plan

  variables {
    # an exact value with a bound is refused
    expectations = [{ metric = "Errors", equals = 1, at_most = 2 }]
  }

  expect_failures = [
    var.expectations,
  ]
}

run "wrong_values_8" {
  command = plan

  variables {
    # absence with a value is refused
    expectations = [{ metric = "Errors", absent = true, equals = 0 }]
  }

  expect_failures = [
    var.expectations,
  ]
}

run "wrong_values_9" {
  command = plan

  variables {
    # a percentile of a count is refused
    expectations = [{ metric = "Errors", statistic = "p99", equals = 1 }]
  }

  expect_failures = [
    var.expectations,
  ]
}

run "wrong_values_10" {
  command = plan

  variables {
    # a percentile above 100 is refused
    expectations = [{ metric = "Duration", statistic = "p101", equals = 1 }]
  }

  expect_failures = [
    var.expectations,
  ]
}

run "wrong_values_11" {
  command = plan

  variables {
    # a bucket without its permission is refused
    trigger = { service = "s3", permitted = false }
  }

  expect_failures = [
    var.trigger,
  ]
}

run "wrong_values_12" {
  command = plan

  variables {
    # a suffix without a bucket is refused
    trigger = { service = "sns", suffix = ".jpg" }
  }

  expect_failures = [
    var.trigger,
  ]
}

run "wrong_values_13" {
  command = plan

  variables {
    # a suffix with a wildcard is refused
    trigger = { service = "s3", suffix = "*.jpg" }
  }

  expect_failures = [
    var.trigger,
  ]
}

run "wrong_values_14" {
  command = plan

  variables {
    # a name that can be no part of a bucket's is refused
    name    = "My_lab"
    trigger = { service = "s3" }
  }

  expect_failures = [
    aws_s3_bucket.trigger,
  ]
}

run "wrong_values_15" {
  command = plan

  variables {
    # a queue that is late from later on than until when is refused
    first_attempt_after = { at_least_seconds = 90, at_most_seconds = 30 }
  }

  expect_failures = [
    var.first_attempt_after,
  ]
}

run "wrong_values_16" {
  command = plan

  variables {
    # a queue that is late anywhere but on the embedded endpoint is refused
    first_attempt_after = { at_least_seconds = 20, at_most_seconds = 120 }
  }

  expect_failures = [
    data.aws_caller_identity.current,
  ]
}
