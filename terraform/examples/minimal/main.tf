# A function whose dropped events are kept, and nothing else said.

module "orders" {
  source = "../../modules/async-function"

  name = "minimal-orders"
  code = {
    zip     = "${path.module}/../../../build/function.zip" # made by `make package`
    handler = "app.handler"
    runtime = "python3.13"
  }
  environment    = { variables = { LAB_ACTION = "succeed" } }
  failure_bucket = {}
}

output "function" {
  description = "What callers invoke."
  value       = module.orders.invoke_arn
}
