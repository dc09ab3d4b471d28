# What is made from what was passed, and what the module warns of.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name           = "orders"
  code           = { zip = "tests/handler.zip", handler = "app.handler", runtime = "python3.13" }
  accepted_risks = ["events_can_be_lost"]
}

run "a_plain_function_has_lambdas_own_defaults_in_writing" {
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds == 21600 && aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 2
    error_message = "The event-invoke config isn't Lambda's default."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.qualifier == null && output.qualifier == "$LATEST" && output.invoke_arn == output.arn
    error_message = "Without an alias the config belongs to the unqualified function."
  }

  assert {
    condition     = aws_lambda_function.this.publish == false && length(aws_lambda_alias.this) == 0 && length(aws_sqs_queue.failures) == 0
    error_message = "A plain function has neither versions nor an alias nor a queue."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "The function writes elsewhere than to the group that goes with it."
  }
}

run "a_retry_setting_of_0_is_kept" {
  variables {
    async = { maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 }
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds == 60
    error_message = "Retries of 0 became something else."
  }
}

run "a_destination_is_used_because_it_is_given" {
  variables {
    async = { on_failure = { arn = "arn:aws:sqs:eu-central-1:123456789012:failed" } }
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-central-1:123456789012:failed"
    error_message = "The destination is not in the event-invoke config."
  }

  assert {
    condition     = length(aws_lambda_function_event_invoke_config.this.destination_config[0].on_success) == 0
    error_message = "A destination for successes came from nowhere."
  }
}

run "config_and_callers_belong_to_the_alias" {
  variables {
    alias = { name = "live", provisioned_concurrency = { executions = 2 } }
    async = { maximum_retry_attempts = 1 }
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.qualifier == "live" && output.qualifier == "live" && output.invoke_arn == aws_lambda_alias.this[0].arn
    error_message = "The event-invoke config is not the alias's, which is what callers use."
  }

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.this[0].function_version == "7"
    error_message = "The alias doesn't follow the published version."
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.this[0].qualifier == "live" && aws_lambda_provisioned_concurrency_config.this[0].provisioned_concurrent_executions == 2
    error_message = "The provisioned concurrency is not the alias's."
  }
}

run "the_failure_queue_is_safe_and_in_use" {
  variables {
    failure_queue  = {}
    accepted_risks = ["large_events_can_be_lost"]
  }

  assert {
    condition     = aws_sqs_queue.failures[0].sqs_managed_sse_enabled && aws_sqs_queue.failures[0].message_retention_seconds == 1209600
    error_message = "The failure queue must be encrypted and keep messages for 14 days."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.failures[0].policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } } && jsondecode(aws_sqs_queue.failures[0].policy).Statement[0].Effect == "Deny"
    error_message = "The failure queue must refuse what doesn't come over TLS."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == aws_sqs_queue.failures[0].arn
    error_message = "The failure queue is there and not used."
  }

  assert {
    condition     = output.failure_queue.name == "orders-failures"
    error_message = "The queue's name, which alarms need, is ${output.failure_queue.name}."
  }
}

run "a_queue_below_lambdas_largest_event_is_warned_of" {
  command = plan

  variables {
    failure_queue = {}
  }

  expect_failures = [check.large_events_are_kept]
}

run "the_failure_bucket_is_safe_and_in_use" {
  variables {
    name           = "Orders_of_a_name_that_is_longer_than_a_prefix_may_be"
    failure_bucket = {}
    accepted_risks = []
  }

  assert {
    condition     = aws_s3_bucket.failures[0].bucket_prefix == "orders-of-a-name-that-is-lo-failures" && aws_s3_bucket.failures[0].force_destroy == false
    error_message = "The bucket's prefix is ${aws_s3_bucket.failures[0].bucket_prefix}, or it goes with what is in it."
  }

  assert {
    condition     = alltrue([aws_s3_bucket_public_access_block.failures[0].block_public_acls, aws_s3_bucket_public_access_block.failures[0].block_public_policy, aws_s3_bucket_public_access_block.failures[0].ignore_public_acls, aws_s3_bucket_public_access_block.failures[0].restrict_public_buckets])
    error_message = "The failure bucket isn't private."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.failures[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "The failure bucket isn't encrypted."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.failures[0].policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } } && jsondecode(aws_s3_bucket_policy.failures[0].policy).Statement[0].Effect == "Deny"
    error_message = "The failure bucket must refuse what doesn't come over TLS."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.failures[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7 && aws_s3_bucket_lifecycle_configuration.failures[0].rule[1].expiration[0].days == 90
    error_message = "The failure bucket keeps what it shouldn't, or not what it should."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == aws_s3_bucket.failures[0].arn
    error_message = "The failure bucket is there and not used."
  }

  assert {
    condition = [for statement in slice(jsondecode(output.policy_json).Statement, 1, 3) : "${join(",", statement.Action)} ${statement.Resource}"] == [
      "s3:PutObject arn:aws:s3:::orders-failures-1/*",
      "s3:ListBucket arn:aws:s3:::orders-failures-1",
    ] && length(jsondecode(output.policy_json).Statement) == 3
    error_message = "The failure bucket's permissions are others: ${output.policy_json}"
  }
}

run "a_failure_bucket_with_a_key_uses_that_key_and_may_keep_records_for_ever" {
  variables {
    failure_bucket = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2", expiration_days = 0 }
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.failures[0].rule).apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/2"
    error_message = "The failure bucket is encrypted with another key."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.failures[0].rule) == 1
    error_message = "Records that are to be kept for ever expire."
  }

  assert {
    condition     = jsondecode(output.policy_json).Statement[3] == { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = "arn:aws:kms:eu-central-1:123456789012:key/2" }
    error_message = "The bucket's key is not granted: ${output.policy_json}"
  }
}

run "a_failure_queue_with_a_key_uses_that_key" {
  variables {
    failure_queue  = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2", name = "lost" }
    accepted_risks = ["large_events_can_be_lost"]
  }

  assert {
    condition     = aws_sqs_queue.failures[0].kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/2" && aws_sqs_queue.failures[0].name == "lost"
    error_message = "The failure queue is encrypted with another key, or has another name."
  }
}

run "an_image_brings_its_own_handler" {
  variables {
    code = { image = { uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/orders:1", command = ["app.handler"] }, architecture = "arm64" }
  }

  assert {
    condition     = aws_lambda_function.this.package_type == "Image" && aws_lambda_function.this.image_config[0].command == tolist(["app.handler"]) && aws_lambda_function.this.handler == null
    error_message = "The image is not deployed as it was given."
  }
}

run "a_zip_in_s3_is_fetched_from_there" {
  variables {
    code = { s3 = { bucket = "packages", key = "orders.zip", version = "3" }, hash = "aGFzaA==", handler = "app.handler", runtime = "python3.13" }
  }

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "packages" && aws_lambda_function.this.s3_object_version == "3" && aws_lambda_function.this.source_code_hash == "aGFzaA=="
    error_message = "The package is not the one in S3."
  }
}

run "the_log_is_kept_as_long_and_under_the_key_that_is_given" {
  variables {
    logging = { retention_in_days = 400, kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/4" }
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 400 && aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/4"
    error_message = "The log group has another retention or key."
  }
}

run "minus_one_is_the_shared_pool" {
  variables {
    alias                          = { name = "live", provisioned_concurrency = { executions = 2 } }
    reserved_concurrent_executions = -1
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "-1, the provider's unreserved, became something else."
  }
}

run "a_stopped_function_keeps_its_0" {
  variables {
    reserved_concurrent_executions = 0
    accepted_risks                 = ["events_can_be_lost", "function_is_stopped"]
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 0
    error_message = "A reservation of 0 became something else."
  }
}

run "events_that_can_be_lost_are_warned_of" {
  command = plan

  variables {
    accepted_risks = []
  }

  expect_failures = [check.dropped_events_are_kept]
}

run "a_dead_letter_target_keeps_events_too" {
  command = plan

  variables {
    accepted_risks     = []
    dead_letter_target = { arn = "arn:aws:sqs:eu-central-1:123456789012:dead" }
  }
}

run "a_stopped_function_is_warned_of" {
  command = plan

  variables {
    reserved_concurrent_executions = 0
  }

  expect_failures = [check.function_may_run]
}

run "an_execution_longer_than_the_event_age_is_warned_of" {
  command = plan

  variables {
    timeout = 61
    async   = { maximum_event_age_in_seconds = 60 }
  }

  expect_failures = [check.an_execution_fits_into_the_event_age]
}
