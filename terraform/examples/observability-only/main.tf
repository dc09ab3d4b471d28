# Alarms and a dashboard for functions that something else deployed: names and limits are all that is needed, and the
# functions need not exist yet.

module "observability" {
  source = "../../modules/async-observability"

  dashboard  = { name = "observability-only" }
  topic_arns = { alarms = [aws_sns_topic.team.arn], composite = [aws_sns_topic.pager.arn] }

  functions = {
    legacy-invoices = { reserved_concurrent_executions = 5 }
    legacy-mails    = { maximum_event_age_in_seconds = 900, failure_queue = { name = "legacy-mails-dead" } }
  }

  alarms = { throttles = { enabled = false } }
}

resource "aws_sns_topic" "pager" {
  #checkov:skip=CKV_AWS_26:Alarms hold no events; to encrypt them takes a key of yours, as in ../complete/key.tf
  name = "observability-only-pager"
}

resource "aws_sns_topic" "team" {
  #checkov:skip=CKV_AWS_26:Alarms hold no events; to encrypt them takes a key of yours, as in ../complete/key.tf
  name = "observability-only-team"
}

output "alarms" {
  description = "Names of all the alarms."
  value       = concat(module.observability.alarm_names, values(module.observability.composite_alarm_names))
}
