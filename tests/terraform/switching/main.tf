# Functions, their failure queues and their alarms in one plan. The names come from another resource, as random ones do:
# nothing of them is known before the apply.

variable "alarm_name_prefix" {
  type    = string
  default = "async-"
}

variable "alarms" {
  type    = map(object({ enabled = bool }))
  default = {}
}

variable "failure_queue" {
  type    = bool
  default = true
}

variable "reserved_concurrent_executions" {
  type    = number
  default = 5
}

resource "terraform_data" "name" {
  input = "switching"
}

resource "terraform_data" "executions" {
  input = 2
}

module "function" {
  source = "../modules/async-function"

  name                           = "${terraform_data.name.output}-orders"
  accepted_risks                 = ["events_can_be_lost", "large_events_can_be_lost"]
  alias                          = { name = "live", provisioned_concurrency = { executions = terraform_data.executions.output } }
  code                           = { zip = "../../build/function.zip", handler = "app.handler", runtime = "python3.13" }
  failure_queue                  = var.failure_queue ? { name = "${terraform_data.name.output}-failed" } : null
  reserved_concurrent_executions = var.reserved_concurrent_executions
}

module "observability" {
  source = "../modules/async-observability"

  alarm_name_prefix = var.alarm_name_prefix
  alarms            = var.alarms
  dashboard         = { name = terraform_data.name.output }

  functions = {
    orders = {
      name                           = module.function.name
      failure_queue                  = module.function.failure_queue
      reserved_concurrent_executions = var.reserved_concurrent_executions
    }
  }
}
