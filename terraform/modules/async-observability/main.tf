locals {
  alarms = merge([for name, function in var.functions : {
    "${name}-dropped" = {
      function    = name
      metric      = "AsyncEventsDropped"
      statistic   = "Sum"
      threshold   = 0
      description = "Lambda gave up events of ${name}: lost, unless it has an on-failure destination or a dead-letter queue. Look first at the minute's Errors, then Throttles; neither: its reserved concurrency is 0."
    }
    "${name}-event-age" = {
      function    = name
      metric      = "AsyncEventAge"
      statistic   = "Maximum"
      threshold   = function.maximum_event_age_in_seconds * 500
      description = "Events of ${name} wait longer than half of the ${function.maximum_event_age_in_seconds} s after which Lambda drops them. Look first at Errors (retries), then at Throttles (concurrency)."
    }
  }]...)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = each.key
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = each.value.function }
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  # These metrics have no data points while nothing happens.
  treat_missing_data = "notBreaching"
}
