output "alarm_names" {
  description = "Names of all the alarms over metrics."
  value       = values(aws_cloudwatch_metric_alarm.this)[*].alarm_name
}

output "composite_alarm_names" {
  description = "Names of the composite alarms, by the functions' keys."
  value       = { for key, alarm in aws_cloudwatch_composite_alarm.this : key => alarm.alarm_name }
}

output "dashboard_name" {
  description = "Name of the dashboard; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}
