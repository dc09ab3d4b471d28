# One row per question of the diagnosis: what it asks on the left, what answers it on the right.

data "aws_region" "current" {}

locals {
  ages       = toset([for function in var.functions : function.maximum_event_age_in_seconds])
  reserved   = toset([for function in var.functions : function.reserved_concurrent_executions if coalesce(function.reserved_concurrent_executions, -1) >= 0])
  queues     = [for function in var.functions : function.failure_queue.name if function.failure_queue != null]
  row_height = 6
  text_width = 6
  grid_width = 24

  rows = [
    {
      text = "## Is it arriving?\nAs many as were sent? **Fewer**: they never reached Lambda; look at the trigger, its permission, the caller. **More**: a source that sends twice."
      graphs = [
        { title = "Events accepted", metrics = ["AsyncEventsReceived"], stat = "Sum", limits = [] },
      ]
    },
    {
      text = "## Is it lost?\nAny data point above 0 is an event that Lambda gave up. With none, the event is late: go on below."
      graphs = [
        { title = "Events dropped", metrics = ["AsyncEventsDropped"], stat = "Sum", limits = [] },
      ]
    },
    {
      text = "## Is it waiting?\nThe age of the oldest event at each attempt. **Rising**: it waits, the next row says why; near **half of the limit** it may be dropped. **No data points** though events arrive: nothing is tried, reserved concurrency is 0."
      graphs = [
        { title = "Event age (ms)", metrics = ["AsyncEventAge"], stat = "Maximum", limits = [for age in local.ages : { label = "maximum event age ${age} s", value = age * 1000 }] },
      ]
    },
    {
      text = "## Why?\n**Errors**: retries after 1 and 2 minutes; read the log. **Throttles**: no free concurrency; compare with the reservation, else with the account's limit. **Neither**: look at Duration, and at the region's other functions."
      graphs = [
        { title = "Executions and errors", metrics = ["Invocations", "Errors"], stat = "Sum", limits = [] },
        { title = "Throttles", metrics = ["Throttles"], stat = "Sum", limits = [] },
        { title = "Executions at once", metrics = ["ConcurrentExecutions"], stat = "Maximum", limits = [for number in local.reserved : { label = "reserved ${number}", value = number }] },
        { title = "Duration (ms)", metrics = ["Duration"], stat = "Maximum", limits = [] },
      ]
    },
    {
      text = "## Where are the failed ones?\nA failed delivery means that a dropped event is gone. What waits in a failure queue can still be sent again."
      graphs = [
        { title = "Failed deliveries", metrics = ["DestinationDeliveryFailures", "DeadLetterErrors"], stat = "Sum", limits = [] },
      ]
    },
  ]

  texts = [for index, row in local.rows : {
    type       = "text"
    x          = 0
    y          = index * local.row_height
    width      = local.text_width
    height     = local.row_height
    properties = { markdown = row.text }
  }]

  graphs = concat([for index, row in local.rows : [for column, graph in row.graphs : {
    type   = "metric"
    x      = local.text_width + column * floor((local.grid_width - local.text_width) / length(row.graphs))
    y      = index * local.row_height
    width  = floor((local.grid_width - local.text_width) / length(row.graphs))
    height = local.row_height
    properties = {
      title       = graph.title
      region      = data.aws_region.current.id
      view        = "timeSeries"
      stat        = graph.stat
      period      = 60
      metrics     = concat([for name in values(local.names) : [for metric in graph.metrics : ["AWS/Lambda", metric, "FunctionName", name]]]...)
      annotations = { horizontal = graph.limits }
    }
  }]]...)

  queue_graphs = [for queues in [local.queues] : {
    type   = "metric"
    x      = 0
    y      = length(local.rows) * local.row_height
    width  = local.grid_width
    height = local.row_height
    properties = {
      title   = "Events in the failure queues"
      region  = data.aws_region.current.id
      view    = "timeSeries"
      stat    = "Maximum"
      period  = 60
      metrics = [for queue in queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]]
    }
  } if length(queues) > 0]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard == null ? 0 : 1

  dashboard_name = var.dashboard.name
  dashboard_body = jsonencode({ widgets = concat(local.texts, local.graphs, local.queue_graphs) })
}
