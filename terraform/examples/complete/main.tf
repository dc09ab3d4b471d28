# Every kind of setting once: destinations, dead-letter topic, encryption, tracing, structured logs, alarms that tell a
# team, and a dashboard.

locals {
  name                           = "complete-orders"
  maximum_event_age_in_seconds   = 3600
  reserved_concurrent_executions = 20
}

module "orders" {
  source = "../../modules/async-function"

  name        = local.name
  description = "Takes orders in, one event each."
  code = {
    zip          = "${path.module}/../../../build/function.zip" # made by `make package`
    handler      = "app.handler"
    runtime      = "python3.13"
    architecture = "arm64"
  }
  memory_size            = 256
  timeout                = 60
  ephemeral_storage_size = 1024
  tracing_mode           = "Active"

  environment = {
    kms_key_arn = aws_kms_key.orders.arn
    variables   = { LAB_ACTION = "succeed" }
  }

  logging = {
    format            = "JSON"
    application_level = "INFO"
    system_level      = "WARN"
    retention_in_days = 90
  }

  reserved_concurrent_executions = local.reserved_concurrent_executions

  async = {
    maximum_event_age_in_seconds = local.maximum_event_age_in_seconds
    maximum_retry_attempts       = 1
    on_success                   = { arn = aws_cloudwatch_event_bus.orders.arn }
  }
  failure_bucket     = { kms_key_arn = aws_kms_key.orders.arn, expiration_days = 365 }
  dead_letter_target = { arn = aws_sns_topic.dead.arn, kms_key_arn = aws_kms_key.orders.arn }

  allowed_triggers = {
    nightly = { principal = "events.amazonaws.com", source_arn = aws_cloudwatch_event_rule.nightly.arn }
  }

  tags = { Team = "orders" }
}

module "observability" {
  source = "../../modules/async-observability"

  dashboard  = { name = local.name }
  topic_arns = { composite = [aws_sns_topic.team.arn] }
  tags       = { Team = "orders" }

  functions = {
    (local.name) = {
      maximum_event_age_in_seconds   = local.maximum_event_age_in_seconds
      reserved_concurrent_executions = local.reserved_concurrent_executions
    }
  }

  alarms = {
    throttles = { threshold = 100, period = 300 } # bursts are usual here, and wait their turn
    errors    = { threshold = 0.01 }
  }
}

resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "${local.name}-nightly"
  schedule_expression = "cron(0 3 * * ? *)"
}

resource "aws_cloudwatch_event_target" "nightly" {
  rule = aws_cloudwatch_event_rule.nightly.name
  arn  = module.orders.invoke_arn
}

resource "aws_cloudwatch_event_bus" "orders" {
  name = "${local.name}-done"
}

resource "aws_sns_topic" "dead" {
  name              = "${local.name}-dead"
  kms_master_key_id = aws_kms_key.orders.arn
}

resource "aws_sns_topic" "team" {
  name              = "${local.name}-team"
  kms_master_key_id = aws_kms_key.orders.arn
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = module.observability.dashboard_name
}
