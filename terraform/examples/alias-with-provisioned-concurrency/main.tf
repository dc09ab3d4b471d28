# Callers use an alias: its environments are kept warm, and retries and destinations are its own. Publishing a new version
# moves the alias and changes nothing about them.

variable "provisioned_concurrent_executions" {
  description = "Environments that are kept warm for the alias; null keeps none."
  type        = number
  default     = 2
}

module "orders" {
  source = "../../modules/async-function"

  name = "alias-orders"
  code = {
    zip     = "${path.module}/../../../build/function.zip" # made by `make package`
    handler = "app.handler"
    runtime = "python3.13"
  }
  environment = { variables = { LAB_ACTION = "succeed" } }

  alias = {
    name                    = "live"
    provisioned_concurrency = var.provisioned_concurrent_executions == null ? null : { executions = var.provisioned_concurrent_executions }
  }

  async = {
    maximum_retry_attempts = 0
    on_failure             = { arn = aws_sns_topic.failed.arn }
  }
}

resource "aws_sns_topic" "failed" {
  name              = "alias-orders-failed"
  kms_master_key_id = "alias/aws/sns"
}

output "alias" {
  description = "What callers invoke."
  value       = module.orders.invoke_arn
}
