# Where dropped events are kept whole, however large, when failure_bucket is given: S3 has no limit that a record could reach.

resource "aws_s3_bucket" "failures" {
  #checkov:skip=CKV_AWS_18:Who logs access to buckets, and where to, is the account's decision
  #checkov:skip=CKV_AWS_21:Lambda writes every record to an object of its own and overwrites none
  #checkov:skip=CKV_AWS_144:Replication to another region is the account's decision
  #checkov:skip=CKV_AWS_145:S3 encrypts with its own key unless one is given
  #checkov:skip=CKV2_AWS_62:Nothing is to happen when a record arrives
  count = var.failure_bucket == null ? 0 : 1

  # Never a fixed name: the bucket of that name could be somebody's already.
  bucket_prefix = trim("${substr(lower(replace(var.name, "_", "-")), 0, 27)}-failures-", "-")
  force_destroy = var.failure_bucket.force_destroy
  tags          = var.tags

  # Switched off, it goes after Lambda has forgotten it.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "failures" {
  count = length(aws_s3_bucket.failures)

  bucket                  = aws_s3_bucket.failures[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "failures" {
  count = length(aws_s3_bucket.failures)

  bucket = aws_s3_bucket.failures[0].id

  rule {
    bucket_key_enabled = var.failure_bucket.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.failure_bucket.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.failure_bucket.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "failures" {
  count = length(aws_s3_bucket.failures)

  bucket = aws_s3_bucket.failures[0].id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = [for days in [var.failure_bucket.expiration_days] : days if days > 0]
    content {
      id     = "records"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }
}

resource "aws_s3_bucket_policy" "failures" {
  count = length(aws_s3_bucket.failures)

  bucket = aws_s3_bucket.failures[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.failures[0].arn, "${aws_s3_bucket.failures[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 answers two changes of one bucket at the same moment with a conflict.
  depends_on = [aws_s3_bucket_public_access_block.failures]
}
