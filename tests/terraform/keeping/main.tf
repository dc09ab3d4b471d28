# Two functions that fail every event at once: one keeps the records in a bucket, one in a queue.

variable "force_destroy" {
  type    = bool
  default = false
}

module "bucket" {
  source = "../modules/async-function"

  name           = "Keeping_in-a-bucket"
  async          = { maximum_retry_attempts = 0 }
  code           = { zip = "../../build/function.zip", handler = "app.handler", runtime = "python3.13" }
  environment    = { variables = { LAB_ACTION = "fail", LAB_MESSAGE = "no stock" } }
  failure_bucket = { force_destroy = var.force_destroy }
}

module "queue" {
  source = "../modules/async-function"

  name          = "keeping-in-a-queue"
  async         = { maximum_retry_attempts = 0 }
  code          = { zip = "../../build/function.zip", handler = "app.handler", runtime = "python3.13" }
  environment   = { variables = { LAB_ACTION = "fail", LAB_MESSAGE = "no stock" } }
  failure_queue = {}
}

output "bucket" {
  value = module.bucket.failure_bucket.name
}

output "queue" {
  value = module.queue.failure_queue.url
}
