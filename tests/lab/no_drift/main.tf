# Two modules, so that one apply, one plan and one provider serve both.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "stage" {
  type = string # first, changed or bare
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  s3_use_path_style           = true

  default_tags {
    tags = { Project = "no-drift" }
  }
}

module "function" {
  source = "./function"
  stage  = var.stage
}

module "destinations" {
  source = "./destinations"
  stage  = var.stage
}
