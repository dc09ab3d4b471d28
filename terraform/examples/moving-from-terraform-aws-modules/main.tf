# The same function, first as terraform-aws-modules/lambda has it, then as we do. Function, role, log group and
# event-invoke config stay the ones that they are: `terraform plan` moves them, and replaces the policies.
#
#   module "orders" {                                              | what became of it
#     source                 = "terraform-aws-modules/lambda/aws"  |
#     function_name          = "moved-orders"                      | name
#     handler                = "app.handler"                       | code.handler
#     runtime                = "python3.13"                        | code.runtime
#     timeout                = 20                                  | timeout
#     create_package         = false                               | gone: we don't build packages
#     local_existing_package = "function.zip"                      | code.zip
#     environment_variables  = { LAB_ACTION = "succeed" }          | environment.variables
#     cloudwatch_logs_retention_in_days = 14                       | logging.retention_in_days
#     attach_cloudwatch_logs_policy     = true                     | gone: always, and without logs:CreateLogGroup
#
#     create_async_event_config                  = true            | gone: there is always one, with what async says
#     create_current_version_async_event_config  = false           | gone: it belongs to what callers use
#     maximum_event_age_in_seconds = 900                           | async.maximum_event_age_in_seconds
#     maximum_retry_attempts       = 1                             | async.maximum_retry_attempts
#     destination_on_failure       = aws_sns_topic.failed.arn      | async.on_failure.arn
#     attach_async_event_policy    = true                          | gone: follows from async.on_failure
#
#     reserved_concurrent_executions = -1                          | null, or left out
#     create_unqualified_alias_allowed_triggers = true             | gone: triggers belong to what callers use
#     allowed_triggers = {                                         |
#       topic = { service = "sns", source_arn = aws_sns_topic.orders.arn }  | principal = "sns.amazonaws.com"
#     }
#   }

module "orders" {
  source = "../../modules/async-function"

  name = "moved-orders"
  code = {
    zip     = "${path.module}/../../../build/function.zip" # made by `make package`
    handler = "app.handler"
    runtime = "python3.13"
  }
  timeout     = 20
  environment = { variables = { LAB_ACTION = "succeed" } }
  logging     = { retention_in_days = 14 }

  async = {
    maximum_event_age_in_seconds = 900
    maximum_retry_attempts       = 1
    on_failure                   = { arn = aws_sns_topic.failed.arn }
  }

  allowed_triggers = {
    topic = { principal = "sns.amazonaws.com", source_arn = aws_sns_topic.orders.arn }
  }
}

moved {
  from = module.orders.aws_cloudwatch_log_group.lambda[0]
  to   = module.orders.aws_cloudwatch_log_group.this
}

moved {
  from = module.orders.aws_iam_role.lambda[0]
  to   = module.orders.aws_iam_role.this[0]
}

moved {
  from = module.orders.aws_lambda_function.this[0]
  to   = module.orders.aws_lambda_function.this
}

moved {
  from = module.orders.aws_lambda_function_event_invoke_config.this["unqualified_alias"]
  to   = module.orders.aws_lambda_function_event_invoke_config.this
}

moved {
  from = module.orders.aws_lambda_permission.unqualified_alias_triggers["topic"]
  to   = module.orders.aws_lambda_permission.trigger["topic"]
}

resource "aws_sns_topic" "failed" {
  name              = "moved-orders-failed"
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_sns_topic" "orders" {
  name              = "moved-orders"
  kms_master_key_id = "alias/aws/sns"
}
