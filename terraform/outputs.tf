output "alarm_names" {
  description = "Names of the alarms over the function's asynchronous metrics."
  value       = module.observability.alarm_names
}

output "composite_alarm_names" {
  description = "Names of the alarms over all of a function's."
  value       = values(module.observability.composite_alarm_names)
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard, whose rows follow the diagnosis."
  value       = module.observability.dashboard_name
}

output "function_arn" {
  description = "ARN of the function, unqualified."
  value       = module.function.arn
}

output "function_name" {
  description = "Name of the function to invoke."
  value       = module.function.name
}

output "log_group_name" {
  description = "Log group that the function writes to."
  value       = module.function.log_group_name
}

output "other_function_names" {
  description = "Names of the functions that share the account's concurrency, by what was added to this one's."
  value       = { for key, function in module.other_functions : key => function.name }
}

output "qualifier" {
  description = "Qualifier to invoke, whose event-invoke config is the scenario's."
  value       = module.function.qualifier
}

output "role_name" {
  description = "Name of the function's role."
  value       = module.function.role_name
}

output "trigger_address" {
  description = "What the runner sends events to, by the name that the trigger's API takes: the function, an event source, a topic's ARN or a bucket."
  value       = local.trigger_address

  # Whoever sends waits until what is sent arrives.
  depends_on = [aws_cloudwatch_event_target.trigger, aws_s3_bucket_notification.trigger, aws_sns_topic_subscription.trigger]
}
