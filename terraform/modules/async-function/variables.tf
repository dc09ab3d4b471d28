variable "accepted_risks" {
  description = "Warnings to leave out, because what they warn of is meant: events_can_be_lost, function_is_stopped, large_events_can_be_lost, timeout_exceeds_event_age."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.accepted_risks, ["events_can_be_lost", "function_is_stopped", "large_events_can_be_lost", "timeout_exceeds_event_age"])) == 0
    error_message = "accepted_risks may hold events_can_be_lost, function_is_stopped, large_events_can_be_lost and timeout_exceeds_event_age."
  }
}

variable "alias" {
  description = "Publish versions and have callers use this alias of the newest. Event-invoke config and triggers then belong to it."
  type = object({
    name                    = string
    provisioned_concurrency = optional(object({ executions = number }))
  })
  default = null

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,128}$", try(var.alias.name, "x"))) && !can(regex("^[0-9]+$", try(var.alias.name, "x")))
    error_message = "alias.name must be 1 to 128 letters, digits, hyphens and underscores, and not a number, which would be a version."
  }

  validation {
    condition     = try(var.alias.provisioned_concurrency, null) == null ? true : var.alias.provisioned_concurrency.executions >= 1 && floor(var.alias.provisioned_concurrency.executions) == var.alias.provisioned_concurrency.executions
    error_message = "alias.provisioned_concurrency.executions must be a whole number from 1; leave provisioned_concurrency out for none."
  }
}

variable "allowed_triggers" {
  description = "Who may invoke the function besides its own account: by a name of your choice, the service, the resource's ARN, and the resource's account where the ARN doesn't hold it (S3)."
  type = map(object({
    principal      = string
    source_arn     = string
    source_account = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.allowed_triggers) : can(regex("^[a-zA-Z0-9-_]{1,100}$", name))])
    error_message = "allowed_triggers: a name must be 1 to 100 letters, digits, hyphens and underscores; it becomes the statement's id."
  }

  validation {
    condition     = alltrue([for trigger in values(var.allowed_triggers) : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", trigger.principal))])
    error_message = "allowed_triggers[*].principal must be an AWS service such as s3.amazonaws.com."
  }

  validation {
    condition     = alltrue([for trigger in values(var.allowed_triggers) : can(regex("^arn:[a-z-]+:[a-z0-9-]+:", trigger.source_arn))])
    error_message = "allowed_triggers[*].source_arn must be the ARN of the bucket, topic or rule that may invoke the function."
  }

  validation {
    condition = alltrue([for trigger in values(var.allowed_triggers) :
      trigger.principal != "s3.amazonaws.com" || can(regex("^[0-9]{12}$", trigger.source_account))
    ])
    error_message = "allowed_triggers[*].source_account must be the bucket's account (12 digits) for s3.amazonaws.com: a bucket's ARN has none, and a deleted bucket's name is free for others."
  }
}

variable "async" {
  description = "How Lambda treats events that are invoked asynchronously. A destination is an SQS queue, SNS topic, Lambda function or event bus, or for failures an S3 bucket; kms_key_arn is the key that encrypts it, if it is your own."
  type = object({
    maximum_event_age_in_seconds = optional(number, 21600)
    maximum_retry_attempts       = optional(number, 2)
    on_failure                   = optional(object({ arn = string, kms_key_arn = optional(string) }))
    on_success                   = optional(object({ arn = string, kms_key_arn = optional(string) }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.async.maximum_event_age_in_seconds >= 60 && var.async.maximum_event_age_in_seconds <= 21600
    error_message = "async.maximum_event_age_in_seconds must be 60 to 21600 (1 minute to 6 hours)."
  }

  validation {
    condition     = contains([0, 1, 2], var.async.maximum_retry_attempts)
    error_message = "async.maximum_retry_attempts must be 0, 1 or 2."
  }

  validation {
    condition     = alltrue([for target in var.async.on_success[*] : can(regex("^arn:[a-z-]+:(sqs|sns|lambda|events):", target.arn)) && !endswith(target.arn, ".fifo")])
    error_message = "async.on_success.arn must be the ARN of an SQS standard queue, SNS standard topic, Lambda function or event bus."
  }

  validation {
    condition     = alltrue([for target in var.async.on_failure[*] : can(regex("^arn:[a-z-]+:(sqs|sns|lambda|events|s3):", target.arn)) && !endswith(target.arn, ".fifo")])
    error_message = "async.on_failure.arn must be the ARN of an SQS standard queue, SNS standard topic, Lambda function, event bus or S3 bucket."
  }
}

variable "code" {
  description = "The function's code: a local zip, a zip in S3 (with its hash, base64 of SHA-256, so that changes are seen), or an image. A zip needs handler and runtime; an image has its own."
  type = object({
    architecture = optional(string, "x86_64")
    handler      = optional(string)
    hash         = optional(string)
    layers       = optional(list(string), [])
    runtime      = optional(string)
    zip          = optional(string)
    s3           = optional(object({ bucket = string, key = string, version = optional(string) }))
    image = optional(object({
      uri               = string
      command           = optional(list(string))
      entry_point       = optional(list(string))
      working_directory = optional(string)
    }))
  })
  nullable = false

  validation {
    condition     = length([for source in [var.code.zip, var.code.s3, var.code.image] : true if source != null]) == 1
    error_message = "code must have exactly one of zip, s3 and image."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.code.architecture)
    error_message = "code.architecture must be arm64 or x86_64."
  }

  validation {
    condition     = var.code.image == null || (var.code.handler == null && var.code.runtime == null && length(var.code.layers) == 0)
    error_message = "code.image excludes handler, runtime and layers: an image brings its own; image.command is its handler."
  }

  validation {
    condition     = var.code.image != null || (var.code.handler != null && var.code.runtime != null)
    error_message = "code.handler and code.runtime must be set for a zip, such as app.handler and python3.13."
  }

  validation {
    condition     = length(var.code.layers) <= 5
    error_message = "code.layers may hold 5 layers at most, Lambda's limit."
  }
}

variable "dead_letter_target" {
  description = "Where Lambda sends the bare payload of a dropped event: an SQS queue or SNS topic. async.on_failure is the newer way, and says why too."
  type        = object({ arn = string, kms_key_arn = optional(string) })
  default     = null

  validation {
    condition     = alltrue([for target in var.dead_letter_target[*] : can(regex("^arn:[a-z-]+:(sqs|sns):", target.arn)) && !endswith(target.arn, ".fifo")])
    error_message = "dead_letter_target.arn must be the ARN of an SQS standard queue or SNS standard topic."
  }
}

variable "description" {
  description = "What the function is for."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.description) <= 256
    error_message = "description must be at most 256 characters."
  }
}

variable "environment" {
  description = "The handler's environment variables, and the key that encrypts them instead of Lambda's own. Secrets belong in Secrets Manager."
  type = object({
    kms_key_arn = optional(string)
    variables   = optional(map(string), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.environment.variables) : can(regex("^[a-zA-Z][a-zA-Z0-9_]+$", name)) && !startswith(name, "AWS_LAMBDA_")])
    error_message = "environment.variables: a name must begin with a letter, have two or more letters, digits and underscores, and not begin with AWS_LAMBDA_, which is Lambda's own."
  }
}

variable "ephemeral_storage_size" {
  description = "Size of /tmp, in MB."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.ephemeral_storage_size >= 512 && var.ephemeral_storage_size <= 10240 && floor(var.ephemeral_storage_size) == var.ephemeral_storage_size
    error_message = "ephemeral_storage_size must be a whole number from 512 to 10240 (MB)."
  }
}

variable "failure_bucket" {
  description = "Make an S3 bucket for the records of the events that Lambda drops, and use it as async.on_failure: {} is enough, and no event is too large. Encrypted with S3's own key or yours, private, TLS only. expiration_days = 0 keeps the records for ever; force_destroy deletes them with the bucket."
  type = object({
    expiration_days = optional(number, 90)
    force_destroy   = optional(bool, false)
    kms_key_arn     = optional(string)
  })
  default = null

  validation {
    condition     = try(var.failure_bucket.expiration_days, 1) >= 0 && floor(try(var.failure_bucket.expiration_days, 1)) == try(var.failure_bucket.expiration_days, 1)
    error_message = "failure_bucket.expiration_days must be 0 (for ever) or a whole number of days."
  }
}

variable "failure_queue" {
  description = "Make an SQS queue for the events that Lambda drops, and use it as async.on_failure: {} is enough where their records, a few hundred bytes more than the events, stay below 256 KB: what is larger is lost. Encrypted with SQS's own key or yours, TLS only. max_message_size (bytes) may be 1048576 with AWS provider 6; 5 allows no more than the default."
  type = object({
    kms_key_arn                = optional(string)
    max_message_size           = optional(number, 262144)
    message_retention_seconds  = optional(number, 1209600)
    name                       = optional(string)
    visibility_timeout_seconds = optional(number, 30)
  })
  default = null

  validation {
    condition     = try(var.failure_queue.max_message_size, 1024) >= 1024 && try(var.failure_queue.max_message_size, 1024) <= 1048576
    error_message = "failure_queue.max_message_size must be 1024 to 1048576 (bytes)."
  }

  validation {
    condition     = try(var.failure_queue.message_retention_seconds, 60) >= 60 && try(var.failure_queue.message_retention_seconds, 60) <= 1209600
    error_message = "failure_queue.message_retention_seconds must be 60 to 1209600 (14 days)."
  }

  validation {
    condition     = try(var.failure_queue.visibility_timeout_seconds, 0) >= 0 && try(var.failure_queue.visibility_timeout_seconds, 0) <= 43200
    error_message = "failure_queue.visibility_timeout_seconds must be 0 to 43200 (12 hours)."
  }
}

variable "function_tags" {
  description = "Tags for the function alone: what changes with each deployment then updates nothing else."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "logging" {
  description = "The function's log group. format is Text or JSON; the levels are for JSON only. retention_in_days = 0 keeps the lines for ever."
  type = object({
    application_level = optional(string)
    format            = optional(string, "Text")
    kms_key_arn       = optional(string)
    retention_in_days = optional(number, 30)
    system_level      = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["JSON", "Text"], var.logging.format)
    error_message = "logging.format must be Text or JSON."
  }

  validation {
    condition     = var.logging.format == "JSON" || (var.logging.application_level == null && var.logging.system_level == null)
    error_message = "logging.application_level and system_level need format = \"JSON\": Lambda filters only structured lines."
  }

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], coalesce(var.logging.application_level, "INFO"))
    error_message = "logging.application_level must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  }

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN"], coalesce(var.logging.system_level, "INFO"))
    error_message = "logging.system_level must be DEBUG, INFO or WARN."
  }

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.logging.retention_in_days
    )
    error_message = "logging.retention_in_days must be 0 (for ever) or a number of days that CloudWatch offers, such as 7, 14, 30, 90 or 365."
  }
}

variable "memory_size" {
  description = "Memory, in MB; CPU comes in proportion."
  type        = number
  default     = 128
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size must be a whole number from 128 to 10240 (MB)."
  }
}

variable "name" {
  description = "Name of the function, of its role, and of its log group after /aws/lambda/."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-_]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "reserved_concurrent_executions" {
  description = "Concurrency for this function alone, and its limit. null or -1 shares the account's pool; 0 stops the function, and Lambda drops its events. 100 of the account's limit must stay unreserved: with the limit of 10 of a new account only null, -1 and 0 are accepted."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.reserved_concurrent_executions, 0) >= -1 && floor(coalesce(var.reserved_concurrent_executions, 0)) == coalesce(var.reserved_concurrent_executions, 0)
    error_message = "reserved_concurrent_executions must be null or -1 (the account's pool), 0 (stops the function) or a whole number above."
  }
}

variable "role" {
  description = "Run as this role instead of one of the module's own. Give it what the output policy_json says before you apply."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", try(var.role.arn, "arn:aws:iam::000000000000:role/x")))
    error_message = "role.arn must be the ARN of an IAM role."
  }
}

variable "tags" {
  description = "Tags for all that the module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout" {
  description = "How long one execution may take, in seconds. Running out of it is a function error, and is retried."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "timeout must be a whole number from 1 to 900 (seconds)."
  }
}

variable "tracing_mode" {
  description = "X-Ray: Active traces every event, its time in the queue too; PassThrough only what a caller traces."
  type        = string
  default     = "PassThrough"
  nullable    = false

  validation {
    condition     = contains(["Active", "PassThrough"], var.tracing_mode)
    error_message = "tracing_mode must be Active or PassThrough."
  }
}

variable "vpc" {
  description = "Run inside these subnets."
  type        = object({ security_group_ids = set(string), subnet_ids = set(string) })
  default     = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0
    error_message = "vpc must have at least one subnet and one security group."
  }
}
