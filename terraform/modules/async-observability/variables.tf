variable "alarm_topic_arns" {
  description = "SNS topics that hear of every alarm, and of its end."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:", arn))])
    error_message = "alarm_topic_arns must hold ARNs of SNS topics."
  }
}

variable "dashboard_name" {
  description = "Name of the dashboard over all the functions. null makes none."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-zA-Z0-9-_]{1,255}$", coalesce(var.dashboard_name, "x")))
    error_message = "dashboard_name must be 1 to 255 letters, digits, hyphens and underscores."
  }
}

variable "functions" {
  description = "The functions to watch, by name, with the settings that their limits come from: as configured, wherever they were deployed."
  type = map(object({
    failure_queue_name             = optional(string)
    maximum_event_age_in_seconds   = optional(number, 21600)
    reserved_concurrent_executions = optional(number)
  }))
  nullable = false

  validation {
    condition     = length(var.functions) > 0 && alltrue([for name in keys(var.functions) : can(regex("^[a-zA-Z0-9-_]{1,64}$", name))])
    error_message = "functions must hold at least one, by its name: 1 to 64 letters, digits, hyphens and underscores."
  }

  validation {
    condition     = alltrue([for function in values(var.functions) : function.maximum_event_age_in_seconds >= 60 && function.maximum_event_age_in_seconds <= 21600])
    error_message = "functions[*].maximum_event_age_in_seconds must be 60 to 21600 (1 minute to 6 hours)."
  }

  validation {
    condition     = alltrue([for function in values(var.functions) : coalesce(function.reserved_concurrent_executions, 0) >= 0])
    error_message = "functions[*].reserved_concurrent_executions must be null (the account's pool) or 0 and more."
  }
}

variable "tags" {
  description = "Tags for the alarms."
  type        = map(string)
  default     = {}
  nullable    = false
}
