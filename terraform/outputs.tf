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

output "qualifier" {
  description = "Qualifier to invoke, whose event-invoke config is the scenario's."
  value       = module.function.qualifier
}

output "role_name" {
  description = "Name of the function's role."
  value       = module.function.role_name
}
