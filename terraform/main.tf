# The lab is a caller of two ordinary modules: a scenario's tfvars says what is special about it.

locals {
  # What nobody can ask AWS for is asked of the embedded endpoint by a tag.
  late_queue_tags = var.first_attempt_after == null ? {} : {
    "async-lab:first-attempt-after-seconds" = "${var.first_attempt_after.at_least_seconds}-${var.first_attempt_after.at_most_seconds}"
  }
}

module "function" {
  source = "./modules/async-function"

  name        = var.name
  description = "Does with each event what its environment says."
  code        = { zip = var.package, handler = "app.handler", runtime = var.runtime }
  memory_size = var.memory_size
  timeout     = var.timeout

  function_tags = merge({ Scenario = var.title }, local.late_queue_tags)

  environment = {
    variables = {
      LAB_ACTION        = var.behavior.action
      LAB_MESSAGE       = var.behavior.message
      LAB_SLEEP_SECONDS = var.behavior.sleep_seconds
    }
  }

  async = {
    maximum_event_age_in_seconds = var.maximum_event_age_in_seconds
    maximum_retry_attempts       = var.maximum_retry_attempts
    on_failure                   = var.on_failure == null ? null : { arn = local.target_arns["on_failure"] }
    on_success                   = var.on_success == null ? null : { arn = local.target_arns["on_success"] }
  }
  dead_letter_target = var.dead_letter_target == null ? null : { arn = local.target_arns["dead_letter"] }
  allowed_triggers   = local.allowed_triggers

  reserved_concurrent_executions = var.reserved_concurrent_executions
  logging                        = { retention_in_days = var.log_retention_in_days }

  # What the module warns of is what the lab is about.
  accepted_risks = ["events_can_be_lost", "function_is_stopped", "timeout_exceeds_event_age"]
}

# Others that take part of the account's concurrency: what shares a pool is not one function's to see.
module "other_functions" {
  source   = "./modules/async-function"
  for_each = var.other_functions

  name          = "${var.name}-${each.key}"
  description   = "Shares the account's concurrency with ${var.name}."
  code          = { zip = var.package, handler = "app.handler", runtime = var.runtime }
  timeout       = 900
  function_tags = { Scenario = var.title }

  environment = {
    variables = { LAB_ACTION = "sleep", LAB_SLEEP_SECONDS = each.value.sleep_seconds }
  }

  logging        = { retention_in_days = var.log_retention_in_days }
  accepted_risks = ["events_can_be_lost"]
}

# A function that invokes itself must be allowed to. The module's own policy has nothing that only a handler needs.
resource "aws_iam_role_policy" "invoke_itself" {
  count = var.behavior.action == "invoke_itself" ? 1 : 0

  name = "invoke-itself"
  role = module.function.role_name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = module.function.arn }]
  })
}

# Names and not the function's attributes: alarms and dashboard are made while Lambda is still creating the function.
module "observability" {
  source = "./modules/async-observability"

  dashboard = { name = var.name }

  # A run is over in minutes: what counts after a quarter of an hour elsewhere counts at once here.
  alarms = { not_arriving = { period = 60, evaluation_periods = 1, datapoints_to_alarm = 1 } }

  functions = {
    (var.name) = {
      maximum_event_age_in_seconds   = var.maximum_event_age_in_seconds
      reserved_concurrent_executions = var.reserved_concurrent_executions
    }
  }
}
