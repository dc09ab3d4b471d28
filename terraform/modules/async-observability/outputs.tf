output "alarm_names" {
  description = "Names of all the alarms over metrics."
  value       = keys(aws_cloudwatch_metric_alarm.this)
}

output "composite_alarm_names" {
  description = "Names of the composite alarms, by function."
  value       = { for name, alarm in aws_cloudwatch_composite_alarm.this : name => alarm.alarm_name }
}

output "dashboard_name" {
  description = "Name of the dashboard; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}
