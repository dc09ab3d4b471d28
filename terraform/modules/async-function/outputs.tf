output "alias_arn" {
  description = "ARN of the alias; null without one."
  value       = one(aws_lambda_alias.this[*].arn)
}

output "arn" {
  description = "ARN of the function, unqualified."
  value       = aws_lambda_function.this.arn
}

output "failure_bucket" {
  description = "The failure bucket's arn and name; null without one."
  value       = one([for bucket in aws_s3_bucket.failures : { arn = bucket.arn, name = bucket.bucket }])
}

output "failure_queue" {
  description = "The failure queue's arn, name and url; null without one."
  value       = one([for queue in aws_sqs_queue.failures : { arn = queue.arn, name = queue.name, url = queue.url }])
}

output "invoke_arn" {
  description = "ARN that callers use: the alias's, or the function's."
  value       = try(aws_lambda_alias.this[0].arn, aws_lambda_function.this.arn)
}

output "log_group_name" {
  description = "Name of the log group that the function writes to."
  value       = aws_cloudwatch_log_group.this.name
}

output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "policy_json" {
  description = "The permissions that the function needs, as a policy document: for the owner of a role that is passed in."
  value       = local.policy
}

output "qualifier" {
  description = "What the event-invoke config belongs to, and callers name: the alias, or $LATEST."
  value       = coalesce(local.qualifier, "$LATEST")

  # A caller that waits for this may send events: they meet the configuration that was asked for.
  depends_on = [aws_lambda_function_event_invoke_config.this]
}

output "role_name" {
  description = "Name of the module's own role, to attach what the handler needs; null when a role was passed in."
  value       = one(aws_iam_role.this[*].name)
}

output "version" {
  description = "The published version; $LATEST without an alias."
  value       = aws_lambda_function.this.version
}
