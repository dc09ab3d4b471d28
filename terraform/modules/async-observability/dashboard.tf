# The rows follow the diagnosis: is it arriving, is it lost, is it waiting, and why.

data "aws_region" "current" {}

locals {
  rows = [
    { title = "Arriving: events that Lambda accepted", metrics = ["AsyncEventsReceived"], stat = "Sum" },
    { title = "Lost: events that Lambda dropped", metrics = ["AsyncEventsDropped"], stat = "Sum" },
    { title = "Waiting: the oldest event at each attempt (ms)", metrics = ["AsyncEventAge"], stat = "Maximum" },
    { title = "Why: executions, errors, throttles", metrics = ["Invocations", "Errors", "Throttles"], stat = "Sum" },
    { title = "Why: executions at once", metrics = ["ConcurrentExecutions"], stat = "Maximum" },
    { title = "Failed events that did not reach their destination", metrics = ["DestinationDeliveryFailures", "DeadLetterErrors"], stat = "Sum" },
  ]

  row_widgets = [for index, row in local.rows : {
    type   = "metric"
    x      = 0
    y      = 6 * index
    width  = 24
    height = 6
    properties = {
      title   = row.title
      region  = data.aws_region.current.id
      view    = "timeSeries"
      stat    = row.stat
      period  = 60
      metrics = concat([for name in keys(var.functions) : [for metric in row.metrics : ["AWS/Lambda", metric, "FunctionName", name]]]...)
    }
  }]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard_name == null ? 0 : 1

  dashboard_name = var.dashboard_name
  dashboard_body = jsonencode({ widgets = local.row_widgets })
}
