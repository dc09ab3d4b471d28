locals {
  names = { for key, function in var.functions : key => coalesce(function.name, key) }

  settings = { for kind, default in local.catalog : kind => {
    enabled             = try(coalesce(var.alarms[kind].enabled), true)
    threshold           = try(coalesce(var.alarms[kind].threshold), default.threshold)
    period              = try(coalesce(var.alarms[kind].period), default.period)
    evaluation_periods  = try(coalesce(var.alarms[kind].evaluation_periods), default.evaluation_periods)
    datapoints_to_alarm = try(coalesce(var.alarms[kind].datapoints_to_alarm), default.datapoints_to_alarm)
  } }

  # Keys are known before anything exists; names need not be.
  alarms = merge([for key, function in var.functions : {
    for kind, default in local.catalog : "${key}-${replace(kind, "_", "-")}" => {
      key        = key
      function   = local.names[key]
      kind       = kind
      queue      = kind == "failure_queue" ? function.failure_queue.name : null
      metric     = lookup(default, "metric", null)
      namespace  = kind == "failure_queue" ? "AWS/SQS" : "AWS/Lambda"
      statistic  = lookup(default, "statistic", null)
      expression = lookup(default, "expression", null)
      metrics    = lookup(default, "metrics", {})
      missing    = default.missing
      meaning    = default.meaning
      first_step = default.first_step
      threshold  = local.settings[kind].threshold * local.scale[key][kind]
    } if local.settings[kind].enabled && local.applies[key][kind]
  }]...)

  # Percentiles are "extended" to CloudWatch.
  is_percentile = { for name, alarm in local.alarms : name => startswith(coalesce(alarm.statistic, "-"), "p") }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.alarm_name_prefix}${each.value.function}-${replace(each.value.kind, "_", "-")}"
  alarm_description   = "${each.value.function}: ${replace(each.value.meaning, "{threshold}", local.settings[each.value.kind].threshold)} First: ${each.value.first_step}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = local.settings[each.value.kind].evaluation_periods
  datapoints_to_alarm = local.settings[each.value.kind].datapoints_to_alarm
  treat_missing_data  = each.value.missing
  alarm_actions       = var.topic_arns.alarms
  ok_actions          = var.topic_arns.alarms
  tags                = var.tags

  namespace          = each.value.metric == null ? null : each.value.namespace
  metric_name        = each.value.metric
  dimensions         = each.value.metric == null ? null : each.value.namespace == "AWS/Lambda" ? { FunctionName = each.value.function } : { QueueName = each.value.queue }
  statistic          = local.is_percentile[each.key] ? null : each.value.statistic
  extended_statistic = local.is_percentile[each.key] ? each.value.statistic : null
  period             = each.value.metric == null ? null : local.settings[each.value.kind].period

  dynamic "metric_query" {
    for_each = each.value.expression[*]
    content {
      id          = "result"
      expression  = metric_query.value
      label       = each.value.kind
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.metrics
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = each.value.function }
        stat        = "Sum"
        period      = local.settings[each.value.kind].period
      }
    }
  }

  lifecycle {
    # An alarm that is left out goes after the composite alarm has forgotten it: CloudWatch refuses to delete it before.
    create_before_destroy = true

    precondition {
      condition     = local.settings[each.value.kind].datapoints_to_alarm <= local.settings[each.value.kind].evaluation_periods
      error_message = "alarms.${each.value.kind}: datapoints_to_alarm (${local.settings[each.value.kind].datapoints_to_alarm}) may not be above evaluation_periods (${local.settings[each.value.kind].evaluation_periods}), the periods that they are counted in."
    }

    precondition {
      condition     = local.settings[each.value.kind].evaluation_periods * local.settings[each.value.kind].period <= 86400
      error_message = "alarms.${each.value.kind}: evaluation_periods times period may be 86400 s (a day) at most, CloudWatch's limit."
    }
  }
}

locals {
  watched = { for key in keys(var.functions) : key => [for alarm, spec in local.alarms : alarm if spec.key == key] }
}

# One state per function: what to page on, while the alarms below it say why.
resource "aws_cloudwatch_composite_alarm" "this" {
  for_each = { for key, alarms in local.watched : key => alarms if var.composite_alarm && length(alarms) > 0 }

  alarm_name        = "${var.alarm_name_prefix}${local.names[each.key]}-any"
  alarm_description = "Something is wrong with the asynchronous events of ${local.names[each.key]}. First: see which of its alarms are in alarm, then follow the dashboard from the top."
  # By the alarms' own attributes: CloudWatch refuses a rule that names an alarm which isn't there.
  alarm_rule    = join(" OR ", [for alarm in each.value : "ALARM(\"${aws_cloudwatch_metric_alarm.this[alarm].alarm_name}\")"])
  alarm_actions = var.topic_arns.composite
  ok_actions    = var.topic_arns.composite
  tags          = var.tags
}
