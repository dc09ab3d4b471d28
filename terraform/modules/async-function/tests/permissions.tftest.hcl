# What the role may do: exactly what was passed needs, and nothing when nothing was passed.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name           = "orders"
  code           = { zip = "tests/handler.zip", handler = "app.handler", runtime = "python3.13" }
  accepted_risks = ["events_can_be_lost"]
}

run "a_plain_function_may_write_its_log_and_nothing_else" {
  assert {
    condition = jsondecode(aws_iam_role_policy.this[0].policy).Statement == [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders:*"
    }]
    error_message = "The role of a plain function has other permissions: ${aws_iam_role_policy.this[0].policy}"
  }
}

run "destinations_bring_their_own_permissions" {
  variables {
    async = {
      on_success = { arn = "arn:aws:events:eu-central-1:123456789012:event-bus/done" }
      on_failure = { arn = "arn:aws:sqs:eu-central-1:123456789012:failed", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    }
    dead_letter_target = { arn = "arn:aws:sns:eu-central-1:123456789012:dead" }
  }

  assert {
    condition = [for statement in slice(jsondecode(output.policy_json).Statement, 1, 5) : "${join(",", statement.Action)} ${statement.Resource}"] == [
      "events:PutEvents arn:aws:events:eu-central-1:123456789012:event-bus/done",
      "sqs:SendMessage arn:aws:sqs:eu-central-1:123456789012:failed",
      "sns:Publish arn:aws:sns:eu-central-1:123456789012:dead",
      "kms:Decrypt,kms:GenerateDataKey arn:aws:kms:eu-central-1:123456789012:key/1",
    ]
    error_message = "The destinations' permissions are others: ${output.policy_json}"
  }

  assert {
    condition     = length(jsondecode(output.policy_json).Statement) == 5
    error_message = "There are permissions that nothing needs: ${output.policy_json}"
  }
}

run "a_bucket_needs_its_objects_and_itself" {
  variables {
    async = { on_failure = { arn = "arn:aws:s3:::failed" } }
  }

  assert {
    condition = [for statement in slice(jsondecode(output.policy_json).Statement, 1, 3) : "${join(",", statement.Action)} ${statement.Resource}"] == [
      "s3:PutObject arn:aws:s3:::failed/*",
      "s3:ListBucket arn:aws:s3:::failed",
    ]
    error_message = "The bucket's permissions are others: ${output.policy_json}"
  }
}

run "a_function_as_destination_is_invoked" {
  variables {
    async = { on_success = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:next:live" } }
  }

  assert {
    condition     = jsondecode(output.policy_json).Statement[1] == { Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = "arn:aws:lambda:eu-central-1:123456789012:function:next:live" }
    error_message = "The next function's permission is another: ${output.policy_json}"
  }
}

run "one_queue_for_two_purposes_is_granted_once" {
  variables {
    async              = { on_failure = { arn = "arn:aws:sqs:eu-central-1:123456789012:failed" } }
    dead_letter_target = { arn = "arn:aws:sqs:eu-central-1:123456789012:failed" }
  }

  assert {
    condition     = length(jsondecode(output.policy_json).Statement) == 2
    error_message = "The queue is granted twice: ${output.policy_json}"
  }
}

run "the_failure_queue_is_granted_with_its_key" {
  variables {
    failure_queue  = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2" }
    accepted_risks = ["large_events_can_be_lost"]
  }

  assert {
    condition = [for statement in slice(jsondecode(output.policy_json).Statement, 1, 3) : "${join(",", statement.Action)} ${statement.Resource}"] == [
      "sqs:SendMessage arn:aws:sqs:eu-central-1:123456789012:orders-failures",
      "kms:Decrypt,kms:GenerateDataKey arn:aws:kms:eu-central-1:123456789012:key/2",
    ]
    error_message = "The failure queue's permissions are others: ${output.policy_json}"
  }
}

run "encryption_tracing_and_a_vpc_bring_their_own_permissions" {
  variables {
    environment  = { variables = { MODE = "test" }, kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/3" }
    tracing_mode = "Active"
    vpc          = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition = [for statement in slice(jsondecode(output.policy_json).Statement, 1, 4) : statement.Action] == [
      ["kms:Decrypt"],
      ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
      [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
      ],
    ]
    error_message = "These features' permissions are others: ${output.policy_json}"
  }
}

run "a_given_role_is_left_alone" {
  variables {
    role = { arn = "arn:aws:iam::123456789012:role/given" }
  }

  assert {
    condition     = length(aws_iam_role.this) + length(aws_iam_role_policy.this) == 0 && output.role_name == null
    error_message = "The module makes a role although one is given."
  }

  assert {
    condition     = aws_lambda_function.this.role == "arn:aws:iam::123456789012:role/given"
    error_message = "The function doesn't run as the given role."
  }
}

run "triggers_are_held_to_their_source" {
  variables {
    alias = { name = "live" }
    allowed_triggers = {
      uploads = { principal = "s3.amazonaws.com", source_arn = "arn:aws:s3:::uploads", source_account = "123456789012" }
    }
  }

  assert {
    condition     = aws_lambda_permission.trigger["uploads"].source_arn == "arn:aws:s3:::uploads" && aws_lambda_permission.trigger["uploads"].source_account == "123456789012"
    error_message = "The permission is wider than the bucket that it is for."
  }

  assert {
    condition     = aws_lambda_permission.trigger["uploads"].qualifier == "live"
    error_message = "The permission is not on the alias, which is what the trigger calls."
  }
}
