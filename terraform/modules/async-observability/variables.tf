variable "alarm_name_prefix" {
  description = "What the alarms' names begin with. An alarm of the same name that exists already is taken over, and deleted with the rest: choose a prefix that nobody else uses."
  type        = string
  default     = "async-"
  nullable    = false

  validation {
    condition     = can(regex("^[^\\s\"\\\\]{0,100}$", var.alarm_name_prefix))
    error_message = "alarm_name_prefix must be 0 to 100 characters without blanks, quotes and backslashes, which a composite alarm's rule doesn't take."
  }
}

variable "alarms" {
  description = "Tunes alarms by kind, or leaves them out with enabled = false: dropped, event_age (p99), event_age_maximum, not_arriving, throttles, errors, concurrency, dead_letter_failures, destination_failures, failure_queue. What isn't said is as in catalog.tf. The threshold of an age is a share of the maximum event age, of errors a share of the executions, of concurrency a share of the reservation."
  type = map(object({
    datapoints_to_alarm = optional(number)
    enabled             = optional(bool, true)
    evaluation_periods  = optional(number)
    period              = optional(number)
    threshold           = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for kind in keys(var.alarms) : contains([
      "concurrency", "dead_letter_failures", "destination_failures", "dropped", "errors", "event_age", "event_age_maximum",
      "failure_queue", "not_arriving", "throttles",
    ], kind)])
    error_message = "alarms: a key must be dropped, event_age, event_age_maximum, not_arriving, throttles, errors, concurrency, dead_letter_failures, destination_failures or failure_queue."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : coalesce(alarm.period, 60) > 0 && coalesce(alarm.period, 60) % 60 == 0])
    error_message = "alarms[*].period must be a multiple of 60 (seconds): Lambda's metrics come by the minute."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : coalesce(alarm.evaluation_periods, 1) >= 1 && coalesce(alarm.datapoints_to_alarm, 1) >= 1])
    error_message = "alarms[*].evaluation_periods and datapoints_to_alarm must be 1 or more."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : coalesce(alarm.threshold, 0) >= 0])
    error_message = "alarms[*].threshold must be 0 or more; an alarm begins above it."
  }

  validation {
    condition = alltrue([for kind in ["event_age", "event_age_maximum", "errors", "concurrency"] :
      coalesce(try(var.alarms[kind].threshold, null), 0) < 1
    ])
    error_message = "alarms.event_age, event_age_maximum, errors and concurrency have a share as threshold: it must be below 1, or the alarm never begins."
  }
}

variable "composite_alarm" {
  description = "Whether each function gets an alarm async-FUNCTION-any over all its others."
  type        = bool
  default     = true
  nullable    = false
}

variable "dashboard" {
  description = "The dashboard over all the functions; null makes none. A dashboard of the same name that exists already is taken over, and deleted with the rest."
  type        = object({ name = string })
  default     = null

  validation {
    condition     = can(regex("^[a-zA-Z0-9-_]{1,255}$", try(var.dashboard.name, "x")))
    error_message = "dashboard.name must be 1 to 255 letters, digits, hyphens and underscores."
  }
}

variable "functions" {
  description = "The functions to watch, with the settings that their limits come from: as configured, wherever they were deployed. A key is the function's name, unless name says it: keys and reservations must be known before the apply, names need not. failure_queue is the SQS queue that keeps their dropped events."
  type = map(object({
    failure_queue                  = optional(object({ name = string }))
    maximum_event_age_in_seconds   = optional(number, 21600)
    name                           = optional(string)
    reserved_concurrent_executions = optional(number)
  }))
  nullable = false

  validation {
    condition     = length(var.functions) > 0 && alltrue([for key, function in var.functions : can(regex("^[a-zA-Z0-9-_]{1,64}$", coalesce(function.name, key)))])
    error_message = "functions must hold at least one, by its name: 1 to 64 letters, digits, hyphens and underscores."
  }

  validation {
    condition     = length(distinct([for key, function in var.functions : coalesce(function.name, key)])) == length(var.functions)
    error_message = "functions: two of them have the same name, and would write each other's alarms."
  }

  validation {
    condition     = alltrue([for function in values(var.functions) : function.maximum_event_age_in_seconds >= 60 && function.maximum_event_age_in_seconds <= 21600])
    error_message = "functions[*].maximum_event_age_in_seconds must be 60 to 21600 (1 minute to 6 hours)."
  }

  validation {
    condition     = alltrue([for function in values(var.functions) : coalesce(function.reserved_concurrent_executions, 0) >= -1])
    error_message = "functions[*].reserved_concurrent_executions must be null or -1 (the account's pool) or 0 and more."
  }
}

variable "tags" {
  description = "Tags for the alarms."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topic_arns" {
  description = "SNS topics notified when an alarm, or a composite alarm, starts and clears."
  type = object({
    alarms    = optional(set(string), [])
    composite = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in setunion(var.topic_arns.alarms, var.topic_arns.composite) : can(regex("^arn:[a-z-]+:sns:", arn)) && !endswith(arn, ".fifo")])
    error_message = "topic_arns must hold ARNs of SNS standard topics."
  }
}
