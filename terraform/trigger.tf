# What invokes the function, where that isn't the runner itself: it publishes to a topic, puts events on the bus, or puts
# objects into a bucket.

locals {
  trigger_name = "${var.name}-trigger"
  event_source = "async-lab.${var.name}"

  triggers = {
    eventbridge = one([for rule in aws_cloudwatch_event_rule.trigger : { principal = "events.amazonaws.com", source_arn = rule.arn }])
    s3          = one([for bucket in aws_s3_bucket.trigger : { principal = "s3.amazonaws.com", source_arn = bucket.arn, source_account = data.aws_caller_identity.current.account_id }])
    sns         = one([for topic in aws_sns_topic.trigger : { principal = "sns.amazonaws.com", source_arn = topic.arn }])
  }
  allowed_triggers = { for service, trigger in local.triggers : service => trigger if service == var.trigger.service && var.trigger.permitted }

  # What the runner writes to, by the name that the service's API takes.
  trigger_address = {
    direct      = module.function.name
    eventbridge = local.event_source
    s3          = one(aws_s3_bucket.trigger[*].bucket)
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

# The name is known before it is made, and nobody else's: buckets' names are one space for all accounts and regions.
resource "aws_s3_bucket" "trigger" {
  #checkov:skip=CKV_AWS_18:It stands for minutes, and holds the lab's own events
  #checkov:skip=CKV_AWS_21:Nobody needs an earlier version of the lab's own events
  #checkov:skip=CKV_AWS_144:It stands for minutes, and holds the lab's own events
  #checkov:skip=CKV_AWS_145:What is in it are the lab's own events, which hold nothing but numbers
  #checkov:skip=CKV2_AWS_6:S3 blocks public access to new buckets by itself
  #checkov:skip=CKV2_AWS_61:It is deleted with all that is in it at the run's end
  count = var.trigger.service == "s3" ? 1 : 0

  bucket        = "${local.trigger_name}-${data.aws_caller_identity.current.account_id}-${data.aws_region.current.id}"
  force_destroy = true

  lifecycle {
    precondition {
      condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?$", var.name))
      error_message = "With trigger.service = s3, name must be 1 to 27 small letters, digits and hyphens: it is part of a bucket's name."
    }
  }
}

resource "aws_s3_bucket_notification" "trigger" {
  count = length(aws_s3_bucket.trigger)

  bucket = aws_s3_bucket.trigger[0].bucket

  lambda_function {
    lambda_function_arn = module.function.arn
    events              = ["s3:ObjectCreated:*"]
    filter_suffix       = var.trigger.suffix
  }

  # S3 asks the function's policy before it accepts the notification.
  depends_on = [module.function]
}
