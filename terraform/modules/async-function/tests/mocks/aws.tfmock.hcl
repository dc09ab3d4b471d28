# Attributes that AWS computes and the module reads, so that ARNs look like ARNs.

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/orders" }
}

mock_resource "aws_lambda_alias" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders:live" }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn     = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
    version = "7"
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    arn    = "arn:aws:s3:::orders-failures-1"
    bucket = "orders-failures-1"
    id     = "orders-failures-1"
  }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-central-1:123456789012:orders-failures"
    id  = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-failures"
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-failures"
  }
}
