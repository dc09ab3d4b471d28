# Every shape of alarm and dashboard that CloudWatch reads back, for the test of drift.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true

  default_tags {
    tags = { Project = "async-lab" }
  }
}

variable "threshold" {
  type = number
}

resource "aws_sns_topic" "t" {
  name = "alarms"
}

resource "aws_cloudwatch_metric_alarm" "dropped" {
  alarm_name                = "dropped"
  alarm_description         = "Events are lost."
  namespace                 = "AWS/Lambda"
  metric_name               = "AsyncEventsDropped"
  dimensions                = { FunctionName = "f", Resource = "f:live" }
  statistic                 = "Sum"
  period                    = 60
  evaluation_periods        = 3
  datapoints_to_alarm       = 2
  threshold                 = var.threshold
  comparison_operator       = "GreaterThanThreshold"
  treat_missing_data        = "notBreaching"
  alarm_actions             = [aws_sns_topic.t.arn]
  ok_actions                = [aws_sns_topic.t.arn]
  insufficient_data_actions = [aws_sns_topic.t.arn]
  tags                      = { Name = "x", T = tostring(var.threshold) }
}

resource "aws_cloudwatch_metric_alarm" "minimal" {
  alarm_name          = "minimal"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Maximum"
  unit                = "Count"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1.5
  actions_enabled     = false
  comparison_operator = "LessThanOrEqualToThreshold"
}

resource "aws_cloudwatch_metric_alarm" "age" {
  alarm_name                            = "age"
  namespace                             = "AWS/Lambda"
  metric_name                           = "AsyncEventAge"
  extended_statistic                    = "p99.9"
  period                                = 60
  evaluation_periods                    = 1
  threshold                             = 1000 + var.threshold
  comparison_operator                   = "GreaterThanOrEqualToThreshold"
  treat_missing_data                    = "ignore"
  evaluate_low_sample_count_percentiles = "ignore"
}

resource "aws_cloudwatch_metric_alarm" "math" {
  alarm_name          = "math"
  evaluation_periods  = 2
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "breaching"
  metric_query {
    id          = "rate"
    expression  = "100 * FILL(e, 0) / i"
    label       = "Error rate"
    return_data = true
  }
  metric_query {
    id = "e"
    metric {
      metric_name = "Errors"
      namespace   = "AWS/Lambda"
      period      = 60
      stat        = "Sum"
      unit        = "Count"
      dimensions  = { FunctionName = "f" }
    }
  }
  metric_query {
    id          = "i"
    return_data = false
    metric {
      metric_name = "Invocations"
      namespace   = "AWS/Lambda"
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "all" {
  alarm_name        = "all"
  alarm_description = "Any."
  alarm_rule        = "ALARM(${aws_cloudwatch_metric_alarm.dropped.alarm_name}) OR ALARM(\"${aws_cloudwatch_metric_alarm.math.alarm_name}\")"
  alarm_actions     = [aws_sns_topic.t.arn]
  tags              = { C = tostring(var.threshold) }
}

resource "aws_cloudwatch_composite_alarm" "plain" {
  alarm_name      = "plain"
  alarm_rule      = "OK(${aws_cloudwatch_composite_alarm.all.alarm_name})"
  actions_enabled = false
}

resource "aws_cloudwatch_dashboard" "d" {
  dashboard_name = "lab"
  dashboard_body = jsonencode({ widgets = [{ type = "metric", x = 0, y = 0, width = 12, height = 6, properties = { region = "us-east-1", title = "t ${var.threshold}", metrics = [["AWS/Lambda", "Errors"]] } }] })
}
