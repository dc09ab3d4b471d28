# One function for each entry of settings.json, which the test writes.

module "function" {
  source   = "../modules/async-function"
  for_each = jsondecode(file("${path.module}/settings.json"))

  name                           = "changing-${each.key}"
  accepted_risks                 = ["events_can_be_lost", "function_is_stopped", "timeout_exceeds_event_age"]
  code                           = merge({ s3 = { bucket = aws_s3_object.package.bucket, key = aws_s3_object.package.key }, handler = "app.handler", runtime = "python3.13" }, try(each.value.code, {}))
  alias                          = try(each.value.alias, null)
  allowed_triggers               = try(each.value.allowed_triggers, {})
  async                          = try(each.value.async, {})
  dead_letter_target             = try(each.value.dead_letter_target, null)
  description                    = try(each.value.description, "")
  environment                    = try(each.value.environment, {})
  ephemeral_storage_size         = try(each.value.ephemeral_storage_size, 512)
  logging                        = try(each.value.logging, {})
  memory_size                    = try(each.value.memory_size, 128)
  reserved_concurrent_executions = try(each.value.reserved_concurrent_executions, null)
  tags                           = try(each.value.tags, {})
  timeout                        = try(each.value.timeout, 30)
  tracing_mode                   = try(each.value.tracing_mode, "PassThrough")
  depends_on                     = [aws_sns_topic.target]
}

resource "aws_sns_topic" "target" {
  for_each = toset(["one", "two"])
  name     = "changing-${each.key}"
}

# From S3, because the provider creates functions from local files one after the other.
resource "aws_s3_bucket" "package" {
  bucket        = "changing-package"
  force_destroy = true
}

resource "aws_s3_object" "package" {
  bucket = aws_s3_bucket.package.bucket
  key    = "function.zip"
  source = "../../build/function.zip"
}
