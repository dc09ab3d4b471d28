# A bucket's uploads are converted; what can't be converted waits in a queue.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

resource "aws_s3_bucket" "uploads" {
  bucket_prefix = "csv-uploads-"
}

resource "aws_sqs_queue" "failed" {
  name_prefix = "csv-to-json-failed-"
}

resource "aws_lambda_function" "csv_to_json" {
  function_name    = "csv-to-json"
  role             = aws_iam_role.csv_to_json.arn
  filename         = "${path.module}/../build/function.zip"
  source_code_hash = filebase64sha256("${path.module}/../build/function.zip")
  handler          = "app.handler"
  runtime          = "python3.13"
  timeout          = 30
}

resource "aws_lambda_function_event_invoke_config" "csv_to_json" {
  function_name                = aws_lambda_function.csv_to_json.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }

  depends_on = [aws_iam_role_policy.csv_to_json]
}

resource "aws_lambda_permission" "uploads" {
  function_name = aws_lambda_function.csv_to_json.function_name
  action        = "lambda:InvokeFunction"
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.uploads.arn
}

resource "aws_s3_bucket_notification" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  lambda_function {
    lambda_function_arn = aws_lambda_function.csv_to_json.arn
    events              = ["s3:ObjectCreated:*"]
    filter_suffix       = ".csv"
  }

  depends_on = [aws_lambda_permission.uploads]
}

resource "aws_iam_role" "csv_to_json" {
  name_prefix = "csv-to-json-"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "csv_to_json" {
  name = "csv-to-json"
  role = aws_iam_role.csv_to_json.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "${aws_s3_bucket.uploads.arn}/*" },
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.failed.arn },
      { Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" },
    ]
  })
}

output "bucket" {
  description = "Where to upload."
  value       = aws_s3_bucket.uploads.bucket
}

output "queue_arn" {
  description = "Where the events go that failed."
  value       = aws_sqs_queue.failed.arn
}
