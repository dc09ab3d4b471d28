# What invokes the function, where that isn't the runner itself: it publishes to a topic, or puts events on the bus.

locals {
  trigger_name = "${var.name}-trigger"
  event_source = "async-lab.${var.name}"

  triggers = {
    eventbridge = one([for rule in aws_cloudwatch_event_rule.trigger : { principal = "events.amazonaws.com", source_arn = rule.arn }])
    sns         = one([for topic in aws_sns_topic.trigger : { principal = "sns.amazonaws.com", source_arn = topic.arn }])
  }
  allowed_triggers = { for service, trigger in local.triggers : service => trigger if service == var.trigger.service && var.trigger.permitted }

  # What the runner writes to, by the name that the service's API takes.
  trigger_address = {
    direct      = module.function.name
    eventbridge = local.event_source
    sns         = one(aws_sns_topic.trigger[*].arn)
  }[var.trigger.service]
}

resource "aws_cloudwatch_event_rule" "trigger" {
  count = var.trigger.service == "eventbridge" ? 1 : 0

  name          = local.trigger_name
  description   = "Hands the lab's events to ${var.name}."
  event_pattern = jsonencode({ source = [local.event_source] })
}

resource "aws_cloudwatch_event_target" "trigger" {
  count = length(aws_cloudwatch_event_rule.trigger)

  rule = aws_cloudwatch_event_rule.trigger[0].name
  arn  = module.function.arn
}

resource "aws_sns_topic" "trigger" {
  #checkov:skip=CKV_AWS_26:What goes through it are the lab's own events, which hold nothing but numbers
  count = var.trigger.service == "sns" ? 1 : 0

  name = local.trigger_name
}

resource "aws_sns_topic_subscription" "trigger" {
  count = length(aws_sns_topic.trigger)

  topic_arn = aws_sns_topic.trigger[0].arn
  protocol  = "lambda"
  endpoint  = module.function.arn
}
