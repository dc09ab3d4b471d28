# The lab is a caller of two ordinary modules: a scenario's tfvars says what is special about it.

module "function" {
  source = "./modules/async-function"

  name        = var.name
  description = var.description
  code        = { zip = var.package, handler = "app.handler", runtime = var.runtime }
  memory_size = var.memory_size
  timeout     = var.timeout

  function_tags = { Scenario = var.title }

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
  }

  reserved_concurrent_executions = var.reserved_concurrent_executions
  logging                        = { retention_in_days = var.log_retention_in_days }

  # What the module warns of is what the lab is about.
  accepted_risks = ["events_can_be_lost", "function_is_stopped", "timeout_exceeds_event_age"]
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
