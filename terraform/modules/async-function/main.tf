locals {
  is_image = var.code.image != null
  role_arn = var.role == null ? aws_iam_role.this[0].arn : var.role.arn

  # Callers use the alias when there is one: configuration by qualifier belongs to what they call.
  qualifier = var.alias == null ? null : aws_lambda_alias.this[0].name
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:How long lines are useful, and may be kept, is for the caller to say: logging.retention_in_days
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.logging.retention_in_days
  kms_key_id        = var.logging.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_272:Signed code needs builds that sign it, which few accounts have: the module has no argument for it
  function_name = var.name
  description   = var.description
  role          = local.role_arn
  memory_size   = var.memory_size
  timeout       = var.timeout
  publish       = var.alias != null
  tags          = merge(var.tags, var.function_tags)

  package_type      = local.is_image ? "Image" : "Zip"
  architectures     = [var.code.architecture]
  filename          = var.code.zip
  source_code_hash  = var.code.zip == null ? var.code.hash : filebase64sha256(var.code.zip)
  s3_bucket         = one(var.code.s3[*].bucket)
  s3_key            = one(var.code.s3[*].key)
  s3_object_version = one(var.code.s3[*].version)
  image_uri         = one(var.code.image[*].uri)
  handler           = var.code.handler
  runtime           = var.code.runtime
  layers            = var.code.layers

  reserved_concurrent_executions = var.reserved_concurrent_executions
  kms_key_arn                    = var.environment.kms_key_arn

  ephemeral_storage {
    size = var.ephemeral_storage_size
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.this.name
    log_format            = var.logging.format
    application_log_level = var.logging.application_level
    system_log_level      = var.logging.system_level
  }

  tracing_config {
    mode = var.tracing_mode
  }

  dynamic "dead_letter_config" {
    for_each = var.dead_letter_target[*]
    content {
      target_arn = dead_letter_config.value.arn
    }
  }

  dynamic "environment" {
    for_each = length(var.environment.variables) > 0 ? [var.environment.variables] : []
    content {
      variables = environment.value
    }
  }

  dynamic "image_config" {
    for_each = [for image in var.code.image[*] : image if image.command != null || image.entry_point != null || image.working_directory != null]
    content {
      command           = image_config.value.command
      entry_point       = image_config.value.entry_point
      working_directory = image_config.value.working_directory
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # Lambda checks the role's permissions for the dead-letter target and the VPC when the function is made.
  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    precondition {
      condition     = var.code.zip == null || fileexists(coalesce(var.code.zip, "-"))
      error_message = "code.zip is ${coalesce(var.code.zip, "-")}, and there is no such file: build the package before you apply."
    }

    precondition {
      condition     = length(local.on_failures) <= 1
      error_message = "failure_bucket and failure_queue are an async.on_failure of their own: give one of the three."
    }

  }
}

resource "aws_lambda_alias" "this" {
  count = var.alias == null ? 0 : 1

  name             = var.alias.name
  description      = "The version that callers of ${var.name} get."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

# The one event-invoke config of this function: Lambda refuses two that are written at the same moment.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = local.qualifier
  maximum_event_age_in_seconds = var.async.maximum_event_age_in_seconds
  maximum_retry_attempts       = var.async.maximum_retry_attempts

  dynamic "destination_config" {
    for_each = local.on_success == null && length(local.on_failures) == 0 ? [] : [true]
    content {
      dynamic "on_failure" {
        for_each = local.on_failure
        content {
          destination = on_failure.value.arn
        }
      }
      dynamic "on_success" {
        for_each = local.on_success[*]
        content {
          destination = on_success.value.arn
        }
      }
    }
  }

  # Lambda refuses destinations that the role may not write to, as it may not before its policy is there.
  depends_on = [aws_iam_role_policy.this]
}

# After the event-invoke config: Lambda answers two changes of one function at the same moment with a conflict.
resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = length([for alias in var.alias[*] : alias if alias.provisioned_concurrency != null])

  function_name                     = aws_lambda_function.this.function_name
  qualifier                         = local.qualifier
  provisioned_concurrent_executions = var.alias.provisioned_concurrency.executions

  depends_on = [aws_lambda_function_event_invoke_config.this]

  lifecycle {
    precondition {
      condition     = coalesce(var.reserved_concurrent_executions, -1) == -1 ? true : var.alias.provisioned_concurrency.executions <= var.reserved_concurrent_executions
      error_message = "alias.provisioned_concurrency.executions is above reserved_concurrent_executions (${coalesce(var.reserved_concurrent_executions, -1)}), which Lambda takes them from: raise that, or ask for less."
    }
  }
}

resource "aws_lambda_permission" "trigger" {
  for_each = var.allowed_triggers

  statement_id   = each.key
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  qualifier      = local.qualifier
  principal      = each.value.principal
  source_arn     = each.value.source_arn
  source_account = each.value.source_account
}
