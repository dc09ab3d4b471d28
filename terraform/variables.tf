# A scenario is one file in scenarios/: it sets what differs from these defaults. Lambda's settings have the provider's
# own names. What only the runner reads (alias, events, expectations,
# look_at, observe_seconds) is declared here too, so that
# `terraform apply -var-file=scenarios/NAME.tfvars` by hand does the same, without a warning.

variable "account_concurrency" {
  description = "The account's limit of concurrent executions that the scenario is about; null for any. The embedded endpoint takes it on; on AWS the run is refused where the account has another."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.account_concurrency, 10) >= 1 && coalesce(var.account_concurrency, 10) <= 1000 && floor(coalesce(var.account_concurrency, 10)) == coalesce(var.account_concurrency, 10)
    error_message = "account_concurrency must be a whole number from 1 to 1000; leave it out for any."
  }
}

variable "alias" {
  description = "Another name of the scenario, by which it is run too: function-errors."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$", var.alias))
    error_message = "alias must be 1 to 100 letters, digits and . _ -, beginning with a letter or digit."
  }
}

variable "behavior" {
  description = "What the handler does with an event. It sleeps first, whatever the action; the message is printed, or is the exception's. Each event sleeps growth_seconds longer than the one before. From recovers_after_seconds after it was sent an event succeeds. mix gives shares of the events an action and a sleep of their own."
  type = object({
    action                 = string
    growth_seconds         = optional(number, 0)
    message                = optional(string, "The event is processed")
    recovers_after_seconds = optional(number)
    sleep_seconds          = optional(number, 0)
    mix = optional(list(object({
      action        = optional(string, "succeed")
      share         = number
      sleep_seconds = optional(number, 0)
    })), [])
  })
  nullable = false

  validation {
    condition     = contains(["succeed", "fail", "sleep", "exhaust_memory", "exit", "invoke_itself"], var.behavior.action)
    error_message = "behavior.action must be succeed, fail, sleep, exhaust_memory, exit or invoke_itself."
  }

  validation {
    condition     = var.behavior.sleep_seconds >= 0 && var.behavior.sleep_seconds <= 900
    error_message = "behavior.sleep_seconds must be 0 to 900, Lambda's longest timeout."
  }

  validation {
    condition     = var.behavior.growth_seconds >= 0 && var.behavior.growth_seconds <= 900
    error_message = "behavior.growth_seconds must be 0 to 900, Lambda's longest timeout."
  }

  validation {
    condition     = coalesce(var.behavior.recovers_after_seconds, 0) >= 0 && coalesce(var.behavior.recovers_after_seconds, 0) <= 86400
    error_message = "behavior.recovers_after_seconds must be 0 to 86400 (a day); leave it out where nothing recovers."
  }

  validation {
    condition     = alltrue([for part in var.behavior.mix : contains(["succeed", "fail", "sleep", "exhaust_memory", "exit"], part.action)])
    error_message = "behavior.mix[*].action must be succeed, fail, sleep, exhaust_memory or exit."
  }

  validation {
    condition     = alltrue([for part in var.behavior.mix : part.sleep_seconds >= 0 && part.sleep_seconds <= 900])
    error_message = "behavior.mix[*].sleep_seconds must be 0 to 900, Lambda's longest timeout."
  }

  validation {
    condition     = alltrue([for part in var.behavior.mix : part.share >= 0 && part.share <= 1]) && sum(concat([0], var.behavior.mix[*].share)) <= 1
    error_message = "behavior.mix[*].share must be 0 to 1, and no more than 1 in all."
  }
}

variable "dead_letter_target" {
  description = "Where Lambda sends the bare payload of a dropped event: a queue (which takes 25 s to make) or a topic. problem is missing, for one that isn't there, or forbidden, for one that the role may not write to."
  type        = object({ type = string, problem = optional(string, "") })
  default     = null

  validation {
    condition     = contains(["queue", "topic"], try(var.dead_letter_target.type, "topic"))
    error_message = "dead_letter_target.type must be queue or topic."
  }

  validation {
    condition     = contains(["", "forbidden", "missing"], try(var.dead_letter_target.problem, ""))
    error_message = "dead_letter_target.problem must be forbidden or missing; leave it out for a target that works."
  }
}

variable "description" {
  description = "What the scenario shows, in a sentence or two."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.description) <= 256
    error_message = "description must be at most 256 characters, a sentence or two."
  }
}

variable "events" {
  description = "The events that the runner sends: how many, how many of them at once, and how long it waits after each such burst."
  type = object({
    burst            = optional(number, 1)
    count            = optional(number, 1)
    interval_seconds = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.events.count >= 1 && var.events.count <= 10000 && floor(var.events.count) == var.events.count
    error_message = "events.count must be a whole number from 1 to 10000."
  }

  validation {
    condition     = var.events.burst >= 1 && var.events.burst <= 10000 && floor(var.events.burst) == var.events.burst
    error_message = "events.burst must be a whole number from 1 to 10000."
  }

  validation {
    condition     = var.events.interval_seconds >= 0 && var.events.interval_seconds <= 86400
    error_message = "events.interval_seconds must be 0 to 86400 (a day)."
  }
}

variable "expectations" {
  description = "What the metrics of a run must show; leave it out to look only. A statistic is of the whole run (a percentile is its highest minute's), or with data_point = n of the n-th minute that has a data point."
  type = list(object({
    metric     = string
    statistic  = optional(string, "Sum")
    data_point = optional(number)
    equals     = optional(number)
    at_least   = optional(number)
    at_most    = optional(number)
    absent     = optional(bool, false)
  }))
  default  = []
  nullable = false

  validation {
    condition = alltrue([for expected in var.expectations : contains([
      "AsyncEventAge", "AsyncEventsDropped", "AsyncEventsReceived", "ConcurrentExecutions", "DeadLetterErrors",
      "DestinationDeliveryFailures", "Duration", "Errors", "Invocations", "Throttles",
    ], expected.metric)])
    error_message = "expectations[*].metric must be AsyncEventAge, AsyncEventsDropped, AsyncEventsReceived, ConcurrentExecutions, DeadLetterErrors, DestinationDeliveryFailures, Duration, Errors, Invocations or Throttles."
  }

  validation {
    condition = alltrue([for expected in var.expectations :
      contains(["Average", "Maximum", "Minimum", "SampleCount", "Sum"], expected.statistic) ||
      contains(["AsyncEventAge", "Duration"], expected.metric) && can(regex("^p(100(\\.0{1,10})?|[0-9]{1,2}(\\.[0-9]{1,10})?)$", expected.statistic))
    ])
    error_message = "expectations[*].statistic must be Average, Maximum, Minimum, SampleCount or Sum, or of AsyncEventAge and Duration a percentile such as p99."
  }

  validation {
    condition = alltrue([for expected in var.expectations :
      coalesce(expected.data_point, 1) >= 1 && floor(coalesce(expected.data_point, 1)) == coalesce(expected.data_point, 1)
    ])
    error_message = "expectations[*].data_point must be a whole number from 1, the first minute that has a data point."
  }

  validation {
    condition = alltrue([for expected in var.expectations : expected.absent
      ? expected.data_point == null && expected.equals == null && expected.at_least == null && expected.at_most == null
      : (expected.equals == null) != (expected.at_least == null && expected.at_most == null)
    ])
    error_message = "expectations[*] must say either equals, or at_least and at_most or one of them, or absent = true alone."
  }
}

variable "first_attempt_after" {
  description = "How long after accepting an event Lambda makes its first attempt, evenly from at_least_seconds to at_most_seconds: a queue that is late. null for AWS's own, some 35 ms. Of AWS nobody can ask for it: the embedded endpoint alone does, by a tag of the function, and anywhere else the plan is refused."
  type        = object({ at_least_seconds = number, at_most_seconds = number })
  default     = null

  validation {
    condition     = try(var.first_attempt_after.at_least_seconds, 0) >= 0 && try(var.first_attempt_after.at_least_seconds, 0) <= try(var.first_attempt_after.at_most_seconds, 0) && try(var.first_attempt_after.at_most_seconds, 0) <= 21600
    error_message = "first_attempt_after must be 0 to 21600 s (6 hours, the oldest that an event gets), and at_least_seconds no more than at_most_seconds."
  }
}

variable "log_retention_in_days" {
  description = "How long CloudWatch keeps the function's log lines. 0 keeps them for ever."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_in_days
    )
    error_message = "log_retention_in_days must be a retention that CloudWatch offers: 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "look_at" {
  description = "What to look for in the metrics of a run."
  type        = string
  default     = ""
  nullable    = false
}

variable "maximum_event_age_in_seconds" {
  description = "How long Lambda keeps an event in its queue before it drops it."
  type        = number
  default     = 21600
  nullable    = false

  validation {
    condition     = var.maximum_event_age_in_seconds >= 60 && var.maximum_event_age_in_seconds <= 21600
    error_message = "maximum_event_age_in_seconds must be 60 to 21600 (1 minute to 6 hours)."
  }
}

variable "maximum_retry_attempts" {
  description = "How often Lambda tries again after a function error. Throttled attempts don't count."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([0, 1, 2], var.maximum_retry_attempts)
    error_message = "maximum_retry_attempts must be 0, 1 or 2."
  }
}

variable "memory_size" {
  description = "Memory of the function, in MB."
  type        = number
  default     = 128
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size must be a whole number from 128 to 10240 (MB)."
  }
}

variable "name" {
  description = "Name of the function, and part of the name of all else."
  type        = string
  default     = "async-lab"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-_]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "observe_seconds" {
  description = "How long the runner watches after the last event."
  type        = number
  default     = 360
  nullable    = false

  validation {
    condition     = var.observe_seconds >= 0 && var.observe_seconds <= 86400
    error_message = "observe_seconds must be 0 to 86400 (a day)."
  }
}

variable "on_failure" {
  description = "Where Lambda sends the record of a dropped event: a queue (which takes 25 s to make) or a topic. problem is missing, for one that isn't there, or forbidden, for one that the role may not write to."
  type        = object({ type = string, problem = optional(string, "") })
  default     = null

  validation {
    condition     = contains(["queue", "topic"], try(var.on_failure.type, "topic"))
    error_message = "on_failure.type must be queue or topic."
  }

  validation {
    condition     = contains(["", "forbidden", "missing"], try(var.on_failure.problem, ""))
    error_message = "on_failure.problem must be forbidden or missing; leave it out for a target that works."
  }
}

variable "on_success" {
  description = "Where Lambda sends the record of an event that succeeded: a queue (which takes 25 s to make) or a topic. problem is missing, for one that isn't there, or forbidden, for one that the role may not write to."
  type        = object({ type = string, problem = optional(string, "") })
  default     = null

  validation {
    condition     = contains(["queue", "topic"], try(var.on_success.type, "topic"))
    error_message = "on_success.type must be queue or topic."
  }

  validation {
    condition     = contains(["", "forbidden", "missing"], try(var.on_success.problem, ""))
    error_message = "on_success.problem must be forbidden or missing; leave it out for a target that works."
  }
}

variable "other_functions" {
  description = "Functions that share the account's concurrency with this one, by what is added to its name; each gets its events before this one does."
  type = map(object({
    events        = optional(number, 0)
    sleep_seconds = optional(number, 0)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.other_functions) : can(regex("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", name))])
    error_message = "other_functions: a name must be 1 to 32 small letters, digits and hyphens, beginning and ending with a letter or digit."
  }

  validation {
    condition     = alltrue([for other in values(var.other_functions) : other.events >= 0 && other.events <= 10000 && floor(other.events) == other.events])
    error_message = "other_functions[*].events must be a whole number from 0 to 10000."
  }

  validation {
    condition     = alltrue([for other in values(var.other_functions) : other.sleep_seconds >= 0 && other.sleep_seconds <= 900])
    error_message = "other_functions[*].sleep_seconds must be 0 to 900, Lambda's longest timeout."
  }
}

variable "package" {
  description = "The function's deployment package, relative to terraform/."
  type        = string
  default     = "../build/function.zip"
  nullable    = false

  validation {
    condition     = fileexists(var.package)
    error_message = "There is no package at ${var.package}. Build it first, in the repository's root: make package"
  }
}

variable "reserved_concurrent_executions" {
  description = "Concurrency that only this function may use, and no more than that. -1 leaves it in the account's shared pool; 0 stops it, and Lambda drops its events."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrent_executions >= -1 && floor(var.reserved_concurrent_executions) == var.reserved_concurrent_executions
    error_message = "reserved_concurrent_executions must be -1 (unreserved), 0 (stops the function) or a whole number above."
  }
}

variable "runtime" {
  description = "Lambda runtime of the function. The embedded endpoint runs Python only."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("^python3\\.[0-9]+$", var.runtime))
    error_message = "runtime must be a Python runtime such as python3.13: the lab's handler is written in Python."
  }
}

variable "tags" {
  description = "Tags for all that the lab makes, besides Project, Stack and the function's Scenario."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout" {
  description = "How long one execution may take, in seconds."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "timeout must be a whole number from 1 to 900 (seconds)."
  }
}

variable "title" {
  description = "What the scenario is called in reports, and in the tag Scenario."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[\\p{L}\\p{N} _.:/=+@-]{1,128}$", var.title))
    error_message = "title must be 1 to 128 letters, digits, spaces and _ . : / = + @ - (it becomes a tag's value)."
  }
}

variable "trigger" {
  description = "What invokes the function with an event: direct is the runner itself, sns a topic it publishes to, eventbridge a rule on the default bus it puts an event on, s3 a bucket it puts objects into. permitted = false leaves out the permission that lets the trigger invoke the function. Of s3 alone: suffix is what the keys must end in for the bucket to tell the function, endings what the runner's keys end in, by turns."
  type = object({
    endings   = optional(list(string), [".json"])
    permitted = optional(bool, true)
    service   = optional(string, "direct")
    suffix    = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["direct", "eventbridge", "s3", "sns"], var.trigger.service)
    error_message = "trigger.service must be direct, eventbridge, s3 or sns."
  }

  validation {
    condition     = var.trigger.permitted || contains(["eventbridge", "sns"], var.trigger.service)
    error_message = "trigger.permitted can be false for eventbridge and sns only: a direct caller needs no such permission, and s3 makes no notification without it."
  }

  validation {
    condition     = alltrue([for ending in concat(var.trigger.endings, [var.trigger.suffix]) : can(regex("^[A-Za-z0-9._/-]{0,100}$", ending))]) && length(var.trigger.endings) >= 1 && length(var.trigger.endings) <= 20
    error_message = "trigger.suffix and trigger.endings[*] must be up to 100 letters, digits and . _ - /, and endings 1 to 20 of them."
  }

  validation {
    condition     = var.trigger.service == "s3" || var.trigger.suffix == "" && var.trigger.endings == tolist([".json"])
    error_message = "trigger.suffix and trigger.endings are of s3 alone."
  }
}
