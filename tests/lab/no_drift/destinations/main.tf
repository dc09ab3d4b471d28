# Every kind of destination and trigger, a function from S3, and one from an image.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "stage" {
  type = string # first, changed or bare
}

locals {
  is_changed = var.stage == "changed"
  failures = {
    queue    = aws_sqs_queue.this.arn
    topic    = aws_sns_topic.this.arn
    bus      = aws_cloudwatch_event_bus.this.arn
    bucket   = aws_s3_bucket.this.arn
    function = aws_lambda_function.other.arn
  }
  following = { queue = "topic", topic = "bus", bus = "bucket", bucket = "function", function = "queue" }
}

resource "aws_iam_role" "this" {
  name = "drift-destinations"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = ["lambda.amazonaws.com", "scheduler.amazonaws.com"] } }]
  })
}

resource "aws_iam_policy" "this" {
  name = "drift-destinations"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.this.arn
      },
      { Effect = "Allow", Action = ["sns:Publish"], Resource = aws_sns_topic.this.arn },
      { Effect = "Allow", Action = ["events:PutEvents"], Resource = aws_cloudwatch_event_bus.this.arn },
      { Effect = "Allow", Action = ["s3:PutObject"], Resource = "${aws_s3_bucket.this.arn}/*" },
      { Effect = "Allow", Action = ["s3:ListBucket"], Resource = aws_s3_bucket.this.arn },
      { Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = aws_lambda_function.other.arn },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_sqs_queue" "this" {
  name                      = "drift" # never changed: the provider waits 25 s for each change of a queue
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
}

resource "aws_sns_topic" "this" {
  name = "drift-destinations"
}

resource "aws_cloudwatch_event_bus" "this" {
  name = "drift-destinations"
}

resource "aws_s3_bucket" "this" {
  bucket        = "drift"
  force_destroy = true
}

resource "aws_s3_object" "package" {
  bucket = aws_s3_bucket.this.bucket
  key    = "handler.zip"
  source = "${path.root}/handler.zip"
  etag   = filemd5("${path.root}/handler.zip")
}

resource "aws_lambda_function" "other" {
  function_name = "drift-other"
  role          = aws_iam_role.this.arn
  s3_bucket     = aws_s3_bucket.this.bucket
  s3_key        = aws_s3_object.package.key
  handler       = "app.handler"
  runtime       = "python3.13"
}

resource "aws_lambda_function" "image" {
  function_name = "drift-image"
  role          = aws_iam_role.this.arn
  package_type  = "Image"
  image_uri     = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/drift:${local.is_changed ? "two" : "one"}"

  dynamic "image_config" {
    for_each = var.stage == "bare" ? [] : [true]
    content {
      command           = ["app.${var.stage}"]
      working_directory = "/work"
    }
  }

  dynamic "dead_letter_config" {
    for_each = var.stage == "bare" ? [] : [true]
    content {
      target_arn = aws_sqs_queue.this.arn
    }
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_lambda_function" "from" {
  for_each      = local.following
  function_name = "drift-${each.key}"
  role          = aws_iam_role.this.arn
  filename      = "${path.root}/handler.zip"
  handler       = "app.handler"
  runtime       = "python3.13"
}

resource "aws_lambda_function_event_invoke_config" "from" {
  for_each      = local.following
  function_name = aws_lambda_function.from[each.key].function_name

  dynamic "destination_config" {
    for_each = var.stage == "bare" ? [] : [true]
    content {
      on_failure {
        destination = local.failures[local.is_changed ? each.value : each.key]
      }
    }
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_lambda_permission" "bucket" {
  statement_id  = "bucket"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.other.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.this.arn
}

resource "aws_s3_bucket_notification" "this" {
  bucket = aws_s3_bucket.this.bucket

  lambda_function {
    lambda_function_arn = aws_lambda_function.other.arn
    events              = local.is_changed ? ["s3:ObjectRemoved:*"] : ["s3:ObjectCreated:*"]
  }

  depends_on = [aws_lambda_permission.bucket]
}

resource "aws_cloudwatch_event_rule" "this" {
  name           = "drift"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode({ source = [var.stage] })
}

resource "aws_cloudwatch_event_target" "this" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_lambda_function.other.arn
}

resource "aws_sns_topic_subscription" "this" {
  topic_arn = aws_sns_topic.this.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.other.arn
}

# What triggers a function in other ways

resource "aws_lambda_alias" "other" {
  name             = "live"
  function_name    = aws_lambda_function.other.function_name
  function_version = "$LATEST"
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_sqs_queue.this.arn
  function_name                      = aws_lambda_alias.other.arn
  batch_size                         = local.is_changed ? 20 : 5
  maximum_batching_window_in_seconds = local.is_changed ? 10 : null
  function_response_types            = var.stage == "bare" ? null : ["ReportBatchItemFailures"]
  enabled                            = !local.is_changed

  dynamic "scaling_config" {
    for_each = var.stage == "bare" ? [] : [true]
    content {
      maximum_concurrency = 2
    }
  }

  dynamic "filter_criteria" {
    for_each = local.is_changed ? [true] : []
    content {
      filter {
        pattern = jsonencode({ body = { kind = ["order"] } })
      }
    }
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_lambda_function_recursion_config" "this" {
  function_name  = aws_lambda_function.other.function_name
  recursive_loop = local.is_changed ? "Terminate" : "Allow"
}

resource "aws_cloudwatch_event_rule" "scheduled" {
  name                = "drift-scheduled"
  schedule_expression = local.is_changed ? "cron(0 10 ? * MON-FRI *)" : "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "scheduled" {
  rule = aws_cloudwatch_event_rule.scheduled.name
  arn  = aws_lambda_function.other.arn

  input_transformer {
    input_paths    = { at = "$.time" }
    input_template = "{\"at\": <at>}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 2
  }

  dead_letter_config {
    arn = aws_sqs_queue.this.arn
  }
}

resource "aws_scheduler_schedule" "this" {
  name                = "drift"
  schedule_expression = local.is_changed ? "rate(2 hours)" : "rate(1 hour)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.other.arn
    role_arn = aws_iam_role.this.arn
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name = "drift-filtered"
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  name           = "drift"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = local.is_changed ? "{ $.level = ERROR }" : "ERROR"

  metric_transformation {
    name      = "Errors"
    namespace = "Drift"
    value     = "1"
  }
}

resource "aws_lambda_permission" "logs" {
  statement_id  = "logs"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.other.function_name
  principal     = "logs.amazonaws.com"
  source_arn    = "${aws_cloudwatch_log_group.this.arn}:*"
}

resource "aws_cloudwatch_log_subscription_filter" "this" {
  name            = "drift"
  log_group_name  = aws_cloudwatch_log_group.this.name
  filter_pattern  = local.is_changed ? "ERROR" : ""
  destination_arn = aws_lambda_function.other.arn

  depends_on = [aws_lambda_permission.logs]
}
