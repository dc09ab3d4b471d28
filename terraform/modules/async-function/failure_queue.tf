# Where dropped events wait for somebody to look at them, when failure_queue is given.

resource "aws_sqs_queue" "failures" {
  count = var.failure_queue == null ? 0 : 1

  name                              = coalesce(var.failure_queue.name, "${var.name}-failures")
  message_retention_seconds         = var.failure_queue.message_retention_seconds
  visibility_timeout_seconds        = var.failure_queue.visibility_timeout_seconds
  kms_master_key_id                 = var.failure_queue.kms_key_arn
  kms_data_key_reuse_period_seconds = var.failure_queue.kms_key_arn == null ? null : 300
  sqs_managed_sse_enabled           = var.failure_queue.kms_key_arn == null ? true : null
  tags                              = var.tags

  # Whoever works the failures off may use this queue as the dead-letter queue of its own queue, and redrive from here.
  redrive_allow_policy = jsonencode({ redrivePermission = "allowAll" })
}

resource "aws_sqs_queue_policy" "failures" {
  count = var.failure_queue == null ? 0 : 1

  queue_url = aws_sqs_queue.failures[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.failures[0].arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
