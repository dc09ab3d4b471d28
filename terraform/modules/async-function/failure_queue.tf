# Where dropped events wait for somebody to look at them, when failure_queue is given. Lambda feeds it, so to SQS it is no
# dead-letter queue, and StartMessageMoveTask ("redrive") refuses it: whoever sends an event again reads it from here.

resource "aws_sqs_queue" "failures" {
  count = var.failure_queue == null ? 0 : 1

  name                              = coalesce(var.failure_queue.name, "${var.name}-failures")
  max_message_size                  = var.failure_queue.max_message_size
  message_retention_seconds         = var.failure_queue.message_retention_seconds
  visibility_timeout_seconds        = var.failure_queue.visibility_timeout_seconds
  kms_master_key_id                 = var.failure_queue.kms_key_arn
  kms_data_key_reuse_period_seconds = var.failure_queue.kms_key_arn == null ? null : 300
  sqs_managed_sse_enabled           = var.failure_queue.kms_key_arn == null ? true : null
  tags                              = var.tags

  # No redrive_allow_policy (denyAll): it only keeps the account's own queues away, and moto, used to test this, loses it.

  # In the queue's own policy "*" is the queue. A resource of its own would leave the queue open for 25 s.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # Switched off, it goes after Lambda has forgotten it.
  lifecycle {
    create_before_destroy = true
  }
}
