# Every setting of a function that a module may set: as first written, changed, and taken away again.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "stage" {
  type = string # first, changed or bare
}

locals {
  is_first   = var.stage == "first"
  is_changed = var.stage == "changed"
  is_bare    = var.stage == "bare"
}

resource "aws_iam_role" "this" {
  name = "drift"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "all"
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(["one", "two"])
  name              = "/drift/${each.key}"
  retention_in_days = 7
}

resource "aws_sns_topic" "this" {
  for_each = toset(["one", "two"])
  name     = "drift-${each.key}"
}

resource "aws_kms_key" "this" {
  description             = "drift"
  deletion_window_in_days = 7
}

resource "aws_lambda_layer_version" "this" {
  for_each            = toset(["one", "two"])
  layer_name          = "drift-${each.key}"
  filename            = "${path.root}/handler.zip"
  source_code_hash    = filebase64sha256("${path.root}/handler.zip")
  compatible_runtimes = ["python3.13"]
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  count      = 2
  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
}

resource "aws_security_group" "this" {
  name   = "drift"
  vpc_id = aws_vpc.this.id
}

resource "aws_lambda_function" "this" {
  function_name    = "drift"
  description      = "Stage ${var.stage}"
  role             = aws_iam_role.this.arn
  filename         = "${path.root}/${local.is_changed ? "changed" : "handler"}.zip"
  source_code_hash = filebase64sha256("${path.root}/${local.is_changed ? "changed" : "handler"}.zip")
  handler          = local.is_changed ? "app.other" : "app.handler"
  runtime          = local.is_changed ? "python3.12" : "python3.13"
  architectures    = [local.is_changed ? "arm64" : "x86_64"]
  timeout          = local.is_changed ? 20 : 10
  memory_size      = local.is_changed ? 256 : 128
  publish          = true

  reserved_concurrent_executions = { first = 5, changed = 0, bare = -1 }[var.stage]
  kms_key_arn                    = local.is_bare ? null : aws_kms_key.this.arn
  layers                         = local.is_bare ? [] : [for layer in local.is_first ? ["one"] : ["two", "one"] : aws_lambda_layer_version.this[layer].arn]
  tags                           = local.is_bare ? {} : { Stage = var.stage }

  ephemeral_storage {
    size = local.is_first ? 512 : 1024
  }

  tracing_config {
    mode = local.is_changed ? "Active" : "PassThrough"
  }

  logging_config {
    log_format            = local.is_changed ? "JSON" : "Text"
    log_group             = aws_cloudwatch_log_group.this[local.is_first ? "one" : "two"].name
    application_log_level = local.is_changed ? "WARN" : null
    system_log_level      = local.is_changed ? "DEBUG" : null
  }

  dynamic "environment" {
    for_each = local.is_bare ? [] : [true]
    content {
      variables = { STAGE = var.stage, EMPTY = "" }
    }
  }

  dynamic "dead_letter_config" {
    for_each = local.is_bare ? [] : [local.is_first ? "one" : "two"]
    content {
      target_arn = aws_sns_topic.this[dead_letter_config.value].arn
    }
  }

  dynamic "vpc_config" {
    for_each = local.is_bare ? [] : [true]
    content {
      subnet_ids         = local.is_first ? aws_subnet.this[*].id : [aws_subnet.this[0].id]
      security_group_ids = [aws_security_group.this.id]
    }
  }

  dynamic "snap_start" {
    for_each = local.is_first ? [true] : []
    content {
      apply_on = "PublishedVersions"
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_alias" "this" {
  name             = "live"
  description      = "Stage ${var.stage}"
  function_name    = aws_lambda_function.this.function_name
  function_version = local.is_changed ? aws_lambda_function.this.version : "1"

  dynamic "routing_config" {
    for_each = local.is_changed ? [true] : []
    content {
      additional_version_weights = { "1" = 0.25 }
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "latest" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = { first = 60, changed = 21600, bare = null }[var.stage]
  maximum_retry_attempts       = { first = 0, changed = 1, bare = null }[var.stage]
}

resource "aws_lambda_function_event_invoke_config" "alias" {
  function_name          = aws_lambda_function.this.function_name
  qualifier              = aws_lambda_alias.this.name
  maximum_retry_attempts = 1

  dynamic "destination_config" {
    for_each = local.is_bare ? [] : [true]
    content {
      on_failure {
        destination = aws_sns_topic.this["one"].arn
      }
      dynamic "on_success" {
        for_each = local.is_changed ? [true] : []
        content {
          destination = aws_sns_topic.this["two"].arn
        }
      }
    }
  }

  depends_on = [aws_lambda_function_event_invoke_config.latest]
}

resource "aws_lambda_provisioned_concurrency_config" "this" {
  count                             = local.is_changed ? 0 : 1
  function_name                     = aws_lambda_function.this.function_name
  qualifier                         = aws_lambda_alias.this.name
  provisioned_concurrent_executions = local.is_first ? 1 : 2
}

resource "aws_lambda_permission" "function" {
  statement_id   = "bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = "arn:aws:s3:::${var.stage}"
  source_account = "123456789012"
}

resource "aws_lambda_permission" "alias" {
  statement_id  = "bucket"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_alias.this.name
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:eu-west-1:123456789012:rule/${var.stage}"
}

resource "aws_lambda_function_url" "this" {
  function_name      = aws_lambda_function.this.function_name
  authorization_type = local.is_changed ? "NONE" : "AWS_IAM"
}
