# What the role may do follows from what was passed: per target exactly the action it needs, on exactly its ARN.

locals {
  on_success = var.async.on_success
  # The function refuses several.
  on_failures = concat(
    [for queue in aws_sqs_queue.failures : { arn = queue.arn, kms_key_arn = var.failure_queue.kms_key_arn }],
    [for bucket in aws_s3_bucket.failures : { arn = bucket.arn, kms_key_arn = var.failure_bucket.kms_key_arn }],
    var.async.on_failure[*],
  )
  on_failure = slice(local.on_failures, 0, min(1, length(local.on_failures)))
  targets    = concat(local.on_success[*], local.on_failure, var.dead_letter_target[*])

  # The service is the third part of an ARN.
  target_actions = {
    events = ["events:PutEvents"]
    lambda = ["lambda:InvokeFunction"]
    s3     = ["s3:PutObject"]
    sns    = ["sns:Publish"]
    sqs    = ["sqs:SendMessage"]
  }

  # s3:ListBucket is the bucket's own; objects are what is put into it.
  target_statements = [for target in local.targets : {
    Effect   = "Allow"
    Action   = local.target_actions[split(":", target.arn)[2]]
    Resource = split(":", target.arn)[2] == "s3" ? "${target.arn}/*" : target.arn
  }]
  bucket_statements = [for target in local.targets : {
    Effect   = "Allow"
    Action   = ["s3:ListBucket"]
    Resource = target.arn
  } if split(":", target.arn)[2] == "s3"]
  target_key_statements = [for target in local.targets : {
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = target.kms_key_arn
  } if target.kms_key_arn != null]

  # No logs:CreateLogGroup: a late log line must not bring the group back after destroy.
  log_statements = [{
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = "${aws_cloudwatch_log_group.this.arn}:*"
  }]
  environment_key_statements = [for key in var.environment.kms_key_arn[*] : {
    Effect   = "Allow"
    Action   = ["kms:Decrypt"]
    Resource = key
  }]
  # X-Ray and network interfaces have no ARN that is known before they exist.
  tracing_statements = [for mode in [var.tracing_mode] : {
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = "*"
  } if mode == "Active"]
  vpc_statements = [for vpc in var.vpc[*] : {
    Effect = "Allow"
    Action = [
      "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
    ]
    Resource = "*"
  }]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = distinct(concat(
      local.log_statements, local.target_statements, local.bucket_statements, local.target_key_statements,
      local.environment_key_statements, local.tracing_statements, local.vpc_statements,
    ))
  })
}

resource "aws_iam_role" "this" {
  count = var.role == null ? 1 : 0

  name        = var.name
  description = "What the Lambda function ${var.name} may do."
  tags        = var.tags

  # An interrupted apply can leave a policy that the state doesn't know: without this, destroy waits 2 minutes and gives up.
  force_detach_policies = true

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "this" {
  count = var.role == null ? 1 : 0

  name   = "async-function"
  role   = aws_iam_role.this[0].name
  policy = local.policy
}
