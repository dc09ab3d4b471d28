# What the module refuses: each variable of a round must be refused, for the reason above its value.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name           = "orders"
  code           = { zip = "tests/handler.zip", handler = "app.handler", runtime = "python3.13" }
  accepted_risks = ["events_can_be_lost"]
}

run "wrong_values_1" {
  command = plan

  variables {
    # an unknown risk is refused
    accepted_risks = ["rain"]
    # an alias with a space is refused
    alias = { name = "my alias" }
    # a trigger name with a dot is refused
    allowed_triggers = { "a.b" = { principal = "sns.amazonaws.com", source_arn = "arn:aws:sns:eu-central-1:123456789012:topic" } }
    # a maximum event age of 59 is refused
    async = { maximum_event_age_in_seconds = 59 }
    # no code is refused
    code = { handler = "app.handler", runtime = "python3.13" }
    # a function as dead letter target is refused
    dead_letter_target = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:f" }
    # a description of 257 characters is refused
    description = join("", [for n in range(257) : "x"])
    # a variable of lambdas own is refused
    environment = { variables = { AWS_LAMBDA_FUNCTION_NAME = "mine" } }
    # storage of 511 mb is refused
    ephemeral_storage_size = 511
    # a retention of 59 seconds is refused
    failure_queue = { message_retention_seconds = 59 }
    # a negative expiration is refused
    failure_bucket = { expiration_days = -1 }
    # an unknown log format is refused
    logging = { format = "XML" }
    # memory of 127 mb is refused
    memory_size = 127
    # a name with a slash is refused
    name = "a/b"
    # a reservation below -1 is refused
    reserved_concurrent_executions = -2
    # a role by name is refused
    role = { arn = "my-role" }
    # a timeout of 0 is refused
    timeout = 0
    # an unknown tracing mode is refused
    tracing_mode = "Sometimes"
    # a vpc without subnets is refused
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [
    var.accepted_risks,
    var.alias,
    var.allowed_triggers,
    var.async,
    var.code,
    var.dead_letter_target,
    var.description,
    var.environment,
    var.ephemeral_storage_size,
    var.failure_bucket,
    var.failure_queue,
    var.logging,
    var.memory_size,
    var.name,
    var.reserved_concurrent_executions,
    var.role,
    var.timeout,
    var.tracing_mode,
    var.vpc,
  ]
}

run "wrong_values_2" {
  command = plan

  variables {
    # an alias that is a version number is refused
    alias = { name = "12" }
    # a trigger that is no service is refused
    allowed_triggers = { bucket = { principal = "*", source_arn = "arn:aws:sns:eu-central-1:123456789012:topic" } }
    # a maximum event age of 21601 is refused
    async = { maximum_event_age_in_seconds = 21601 }
    # two kinds of code are refused
    code = { zip = "tests/handler.zip", s3 = { bucket = "b", key = "k" }, handler = "app.handler", runtime = "python3.13" }
    # a fifo queue as dead letter target is refused
    dead_letter_target = { arn = "arn:aws:sqs:eu-central-1:123456789012:queue.fifo" }
    # a variable that begins with a digit is refused
    environment = { variables = { "1ST" = "a" } }
    # storage of 10241 mb is refused
    ephemeral_storage_size = 10241
    # a retention of more than 14 days is refused
    failure_queue = { message_retention_seconds = 1209601 }
    # half a day is refused
    failure_bucket = { expiration_days = 0.5 }
    # a log level for plain text is refused
    logging = { application_level = "INFO" }
    # memory of 10241 mb is refused
    memory_size = 10241
    # an empty name is refused
    name = ""
    # half a reservation is refused
    reserved_concurrent_executions = 1.5
    # a timeout of 901 is refused
    timeout = 901
    # a vpc without security groups is refused
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] }
  }

  expect_failures = [
    var.alias,
    var.allowed_triggers,
    var.async,
    var.code,
    var.dead_letter_target,
    var.environment,
    var.ephemeral_storage_size,
    var.failure_bucket,
    var.failure_queue,
    var.logging,
    var.memory_size,
    var.name,
    var.reserved_concurrent_executions,
    var.timeout,
    var.vpc,
  ]
}

run "wrong_values_3" {
  command = plan

  variables {
    # provisioned concurrency of 0 is refused
    alias = { name = "live", provisioned_concurrency = { executions = 0 } }
    # a trigger source that is no arn is refused
    allowed_triggers = { bucket = { principal = "sns.amazonaws.com", source_arn = "topic" } }
    # three retries are refused
    async = { maximum_retry_attempts = 3 }
    # an unknown architecture is refused
    code = { zip = "tests/handler.zip", handler = "app.handler", runtime = "python3.13", architecture = "riscv" }
    # storage of half a mb is refused
    ephemeral_storage_size = 600.5
    # a negative visibility timeout is refused
    failure_queue = { visibility_timeout_seconds = -1 }
    # a system level for plain text is refused
    logging = { system_level = "INFO" }
    # memory of half a mb is refused
    memory_size = 128.5
    # a name of 65 characters is refused
    name = join("", [for n in range(65) : "x"])
    # a timeout of half a second is refused
    timeout = 0.5
  }

  expect_failures = [
    var.alias,
    var.allowed_triggers,
    var.async,
    var.code,
    var.ephemeral_storage_size,
    var.failure_queue,
    var.logging,
    var.memory_size,
    var.name,
    var.timeout,
  ]
}

run "wrong_values_4" {
  command = plan

  variables {
    # half a provisioned environment is refused
    alias = { name = "live", provisioned_concurrency = { executions = 1.5 } }
    # a bucket without its account is refused
    allowed_triggers = { bucket = { principal = "s3.amazonaws.com", source_arn = "arn:aws:s3:::bucket" } }
    # a negative number of retries is refused
    async = { maximum_retry_attempts = -1 }
    # an image with a handler is refused
    code = { image = { uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:1" }, handler = "app.handler" }
    # a visibility timeout of more than 12 hours is refused
    failure_queue = { visibility_timeout_seconds = 43201 }
    # an unknown log level is refused
    logging = { format = "JSON", application_level = "LOUD" }
  }

  expect_failures = [
    var.alias,
    var.allowed_triggers,
    var.async,
    var.code,
    var.failure_queue,
    var.logging,
  ]
}

run "wrong_values_5" {
  command = plan

  variables {
    # a queue of messages above 1 mib is refused
    failure_queue = { max_message_size = 1048577 }
    # a bucket with half an account is refused
    allowed_triggers = { bucket = { principal = "s3.amazonaws.com", source_arn = "arn:aws:s3:::bucket", source_account = "123456" } }
    # half a retry is refused
    async = { maximum_retry_attempts = 0.5 }
    # an image with a runtime is refused
    code = { image = { uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:1" }, runtime = "python3.13" }
    # an unknown system level is refused
    logging = { format = "JSON", system_level = "ERROR" }
  }

  expect_failures = [
    var.allowed_triggers,
    var.async,
    var.code,
    var.failure_queue,
    var.logging,
  ]
}

run "wrong_values_6" {
  command = plan

  variables {
    # a bucket for successes is refused
    async = { on_success = { arn = "arn:aws:s3:::bucket" } }
    # an image with layers is refused
    code = { image = { uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:1" }, layers = ["arn:aws:lambda:eu-central-1:123456789012:layer:l:1"] }
    # a retention of 8 days is refused
    logging = { retention_in_days = 8 }
  }

  expect_failures = [
    var.async,
    var.code,
    var.logging,
  ]
}

run "wrong_values_7" {
  command = plan

  variables {
    # a fifo queue for successes is refused
    async = { on_success = { arn = "arn:aws:sqs:eu-central-1:123456789012:queue.fifo" } }
    # a zip without a handler is refused
    code = { zip = "tests/handler.zip", runtime = "python3.13" }
  }

  expect_failures = [
    var.async,
    var.code,
  ]
}

run "wrong_values_8" {
  command = plan

  variables {
    # a name as destination of failures is refused
    async = { on_failure = { arn = "queue" } }
    # a zip without a runtime is refused
    code = { zip = "tests/handler.zip", handler = "app.handler" }
  }

  expect_failures = [
    var.async,
    var.code,
  ]
}

run "wrong_values_9" {
  command = plan

  variables {
    # a table for failures is refused
    async = { on_failure = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/failures" } }
    # six layers are refused
    code = { zip = "tests/handler.zip", handler = "app.handler", runtime = "python3.13", layers = [for n in range(6) : "arn:aws:lambda:eu-central-1:123456789012:layer:l:${n + 1}"] }
  }

  expect_failures = [
    var.async,
    var.code,
  ]
}

run "wrong_values_10" {
  command = plan

  variables {
    # a fifo queue for failures is refused
    async = { on_failure = { arn = "arn:aws:sqs:eu-central-1:123456789012:queue.fifo" } }
  }

  expect_failures = [
    var.async,
  ]
}

run "a_package_that_is_not_there_is_refused" {
  command = plan

  variables {
    code = { zip = "tests/nothing.zip", handler = "app.handler", runtime = "python3.13" }
  }

  expect_failures = [aws_lambda_function.this]
}

run "a_failure_queue_beside_a_destination_is_refused" {
  command = plan

  variables {
    failure_queue  = {}
    accepted_risks = ["large_events_can_be_lost"]
    async          = { on_failure = { arn = "arn:aws:sqs:eu-central-1:123456789012:queue" } }
  }

  expect_failures = [aws_lambda_function.this]
}

run "a_failure_bucket_beside_a_failure_queue_is_refused" {
  command = plan

  variables {
    failure_bucket = {}
    failure_queue  = {}
    accepted_risks = ["large_events_can_be_lost"]
  }

  expect_failures = [aws_lambda_function.this]
}

run "provisioned_concurrency_above_the_reservation_is_refused" {
  command = plan

  variables {
    alias                          = { name = "live", provisioned_concurrency = { executions = 6 } }
    reserved_concurrent_executions = 5
  }

  expect_failures = [aws_lambda_provisioned_concurrency_config.this]
}
