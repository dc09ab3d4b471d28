# Where finished events go: what on_failure, on_success and dead_letter_target ask for, and what is wrong with it.

data "aws_caller_identity" "current" {
  lifecycle {
    # AWS gives that account to nobody: its documentation and the embedded endpoint use it.
    postcondition {
      condition     = var.first_attempt_after == null || self.account_id == "123456789012"
      error_message = "first_attempt_after is done by the embedded endpoint alone: of AWS nobody can ask for a queue that is late. Leave it out, or point Terraform at async-lab local."
    }
  }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  targets = { for place, target in {
    dead_letter = var.dead_letter_target
    on_failure  = var.on_failure
    on_success  = var.on_success
  } : place => target if target != null }

  # One that works and one that doesn't have different names: no change of a scenario then meets a policy that is going.
  target_names = { for place, target in local.targets :
    place => join("-", compact([var.name, replace(place, "_", "-"), target.problem]))
  }
  actions       = { queue = "sqs:SendMessage", topic = "sns:Publish" }
  here          = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  missing_arns  = { for place, target in local.targets : place => "arn:${data.aws_partition.current.partition}:${split(":", local.actions[target.type])[0]}:${local.here}:${local.target_names[place]}" if target.problem == "missing" }
  present       = { for place, target in local.targets : place => target if target.problem != "missing" }
  denied_places = [for place, target in local.targets : place if target.problem == "forbidden"]

  target_arns = merge(
    local.missing_arns,
    { for place, queue in aws_sqs_queue.target : place => queue.arn },
    { for place, topic in aws_sns_topic.target : place => topic.arn },
  )
}

resource "aws_sqs_queue" "target" {
  for_each = { for place, target in local.present : place => target if target.type == "queue" }

  name                    = local.target_names[each.key]
  sqs_managed_sse_enabled = true

  # It goes after Lambda has forgotten it.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sns_topic" "target" {
  #checkov:skip=CKV_AWS_26:What goes through it are the lab's own events, which hold nothing but numbers
  for_each = { for place, target in local.present : place => target if target.type == "topic" }

  name = local.target_names[each.key]

  # It goes after Lambda has forgotten it.
  lifecycle {
    create_before_destroy = true
  }
}

# After the function: Lambda refuses a target that the role may not write to. What is forbidden is forbidden later, as by
# somebody's policy for the whole account.
resource "aws_iam_role_policy" "denied" {
  count = length(local.denied_places) > 0 ? 1 : 0

  name = "denied"
  role = module.function.role_name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for place in local.denied_places : {
      Effect   = "Deny"
      Action   = [local.actions[local.targets[place].type]]
      Resource = local.target_arns[place]
    }]
  })

  depends_on = [module.function]
}
