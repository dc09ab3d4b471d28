output "alarm_names" {
  description = "Names of all the alarms."
  value       = keys(aws_cloudwatch_metric_alarm.this)
}

output "dashboard_name" {
  description = "Name of the dashboard; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}
