# A bucket's uploads are processed asynchronously; what fails waits in a queue for 14 days. Once the cause is mended, the
# pipe sends it again: `terraform apply -var redrive=true` until the queue is empty, then without. (SQS's own redrive is for
# queues that are the dead-letter queue of another queue.)

variable "redrive" {
  description = "Whether failed events are being sent to the function again."
  type        = bool
  default     = false
}

data "aws_caller_identity" "current" {}

module "uploads" {
  source = "../../modules/async-function"

  name = "s3-uploads"
  code = {
    zip     = "${path.module}/../../../build/function.zip" # made by `make package`
    handler = "app.handler"
    runtime = "python3.13"
  }
  environment   = { variables = { LAB_ACTION = "succeed" } }
  failure_queue = {}

  # What S3 says of an upload is some 1 KB: the queue takes it.
  accepted_risks = ["large_events_can_be_lost"]

  allowed_triggers = {
    uploads = {
      principal      = "s3.amazonaws.com"
      source_arn     = aws_s3_bucket.uploads.arn
      source_account = data.aws_caller_identity.current.account_id
    }
  }
}

module "observability" {
  source = "../../modules/async-observability"

  functions = { uploads = { name = module.uploads.name, failure_queue = module.uploads.failure_queue } }
}

resource "aws_s3_bucket" "uploads" {
  #checkov:skip=CKV_AWS_18:Who logs access to buckets, and where to, is the account's decision
  #checkov:skip=CKV_AWS_144:Replication to another region is the account's decision
  #checkov:skip=CKV_AWS_145:S3 encrypts with its own key; with a key of yours everybody who reads uploads needs that too
  #checkov:skip=CKV2_AWS_61:How long uploads are kept is for those who upload to say
  bucket_prefix = "s3-uploads-"
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket                  = aws_s3_bucket.uploads.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# An event may be processed days after the upload: its versionId still names that very object.
resource "aws_s3_bucket_versioning" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_notification" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  lambda_function {
    lambda_function_arn = module.uploads.invoke_arn
    events              = ["s3:ObjectCreated:*"]
  }

  # S3 asks the function's policy before it accepts the notification.
  depends_on = [module.uploads]
}

# The record of a failed event holds the event itself: the pipe takes it out and invokes the function with it.
resource "aws_pipes_pipe" "redrive" {
  name          = "s3-uploads-redrive"
  role_arn      = aws_iam_role.redrive.arn
  source        = module.uploads.failure_queue.arn
  target        = module.uploads.arn
  desired_state = var.redrive ? "RUNNING" : "STOPPED"

  source_parameters {
    sqs_queue_parameters {
      batch_size = 1
    }
  }

  target_parameters {
    input_template = "<$.body.requestPayload>"

    lambda_function_parameters {
      invocation_type = "FIRE_AND_FORGET"
    }
  }

  depends_on = [aws_iam_role_policy.redrive]
}

resource "aws_iam_role" "redrive" {
  name = "s3-uploads-redrive"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "pipes.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "redrive" {
  name = "redrive"
  role = aws_iam_role.redrive.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = module.uploads.failure_queue.arn
      },
      { Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = module.uploads.arn },
    ]
  })
}

output "bucket" {
  description = "Where to upload."
  value       = aws_s3_bucket.uploads.bucket
}
