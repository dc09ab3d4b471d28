"""A user's own resources beside the lab's, in another region: they are made there."""

import pytest
from program import call, copy_of_checkout

from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e

MORE = """
provider "aws" {
  alias  = "other"
  region = "eu-west-1"
}
resource "aws_sns_topic" "first" { name = "first" }
resource "aws_sns_topic" "other" {
  provider = aws.other
  name     = "other"
}
resource "aws_sns_topic" "first_later" { # when both providers are configured
  name       = "first-later"
  depends_on = [aws_sns_topic.other]
  lifecycle {
    postcondition {
      condition     = split(":", self.arn)[3] == "us-east-1"
      error_message = "It is ${self.arn}."
    }
  }
}
resource "aws_sns_topic" "other_later" {
  provider   = aws.other
  name       = "other-later"
  depends_on = [aws_sns_topic.first]
  lifecycle {
    postcondition {
      condition     = split(":", self.arn)[3] == "eu-west-1"
      error_message = "It is ${self.arn}."
    }
  }
}
"""


def test_a_second_region_is_that_region(tmp_path):
    checkout = copy_of_checkout(tmp_path)
    (checkout.terraform / "more.tf").write_text(MORE)
    ran = call(checkout, "run", "baseline", "--quiet")
    assert ran.returncode == ExitCode.AS_EXPECTED, ran.stderr
