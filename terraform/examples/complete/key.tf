# One key for the environment variables and the topics. Alarms can publish only to a topic whose key lets CloudWatch use it:
# the policy of alias/aws/sns, the AWS managed key, doesn't, and cannot be changed.

data "aws_caller_identity" "current" {}

resource "aws_kms_key" "orders" {
  description         = "Environment variables and topics of ${local.name}"
  enable_key_rotation = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "IamPoliciesDecideWithinTheAccount"
        Effect    = "Allow"
        Principal = { AWS = data.aws_caller_identity.current.account_id }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}
