terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

# Credentials, region and endpoint come from the environment: the same files serve AWS and the embedded endpoint.
# What takes a stack down deletes only what has these two tags. The scenario isn't one: it would change everything.
provider "aws" {
  default_tags {
    tags = merge(var.tags, { Project = "async-lab", Stack = var.name })
  }
}
