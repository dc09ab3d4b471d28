"""What the text of a directory's configuration shows: its types, and how often it configures the AWS provider."""

import json
from pathlib import Path

import pytest

from async_lab.terraform.configuration import configures_aws_once, mentioned_types

REGION = 'provider "aws" {\n  region = "eu-west-1"\n}\n'
OTHER = 'provider "aws" {\n  alias  = "other"\n  region = "us-east-1"\n}\n'
RENAMED = 'terraform {\n  required_providers {\n    amazon = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n'


def test_what_terraform_reads_is_looked_through(tmp_path: Path) -> None:
    root, outside, unused = tmp_path / "root", tmp_path / "outside", tmp_path / "root" / "unused"
    installed = root / ".terraform" / "modules"
    for directory in (installed, outside, unused):
        directory.mkdir(parents=True)
    (root / "main.tf").write_text('resource "aws_sqs_queue" "this" {}\ndata aws_region now {}\n')
    (root / "more.tf.json").write_text('{"resource": {"aws_s3_bucket": {"this": {}}}}')
    (root / "terraform.tfstate").write_text('{"resources": [{"type": "aws_iam_role"}]}')
    (root / "README.md").write_text("aws_lambda_function")
    (root / "folder.tf").mkdir()
    (unused / "main.tf").write_text('resource "aws_kinesis_stream" "this" {}')
    (outside / "main.tf").write_text('resource "aws_sns_topic" "this" {}')
    of_root = {b"aws_sqs_queue", b"aws_region", b"aws_s3_bucket", b"aws_iam_role"}
    assert mentioned_types(root) == of_root
    modules = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "topic", "Source": "../outside", "Dir": "../outside"}]
    (installed / "modules.json").write_text(json.dumps({"Modules": modules}))
    assert mentioned_types(root) == of_root | {b"aws_sns_topic"}


def call_module(root: Path, text: str) -> None:
    """Make it call a module."""
    (root / "module").mkdir()
    (root / "module" / "main.tf").write_text(text)
    modules = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "it", "Source": "./module", "Dir": "module"}]
    (root / ".terraform" / "modules").mkdir(parents=True)
    (root / ".terraform" / "modules" / "modules.json").write_text(json.dumps({"Modules": modules}))


@pytest.mark.parametrize(
    ("files", "module", "once"),
    [
        ({"main.tf": ""}, "", True),
        ({"main.tf": REGION}, "", True),
        ({"main.tf": REGION, "zz_override.tf": REGION, "override.tf.json": '{"provider": {"aws": {}}}'}, "", True),
        ({"main.tf": REGION + "# " + REGION.replace("\n", " ")}, "", True),
        ({"main.tf": REGION, "README.md": OTHER}, "", True),
        ({"main.tf": REGION + "# " + RENAMED.replace("\n", "\n  # ")}, "", True),
        ({"main.tf": REGION + 'provider "random" {}\nprovider "awscc" {}\n'}, "", True),
        ({"main.tf": REGION + 'resource "aws_route53_record" "this" {\n  alias {}\n}\n'}, "", True),
        ({"main.tf": RENAMED.replace("amazon", "aws")}, RENAMED.replace("amazon", "aws"), True),
        ({"main.tf.json": '{"provider": {"aws": {"region": "eu-west-1"}}}'}, "", True),
        ({"main.tf": REGION + OTHER}, "", False),
        ({"main.tf": REGION, "more.tf": OTHER}, "", False),
        ({"main.tf": OTHER}, "", False),
        ({"main.tf": 'provider aws { alias = "other" }'}, "", False),
        ({"main.tf": '  provider /* AWS */ "aws" { alias = "other" }'}, "", False),
        ({"main.tf": REGION + REGION}, "", False),
        ({"main.tf": ""}, REGION, False),
        ({"main.tf": REGION}, REGION, False),
        ({"main.tf": RENAMED}, "", False),
        ({"main.tf": REGION}, RENAMED, False),
        ({"main.tf.json": '{"provider": {"aws": [{}, {"alias": "other"}]}}'}, "", False),
        ({"main.tf.json": '{"provider": [{"aws": {}}, {"aws": [{"alias": "other"}]}]}'}, "", False),
        ({"main.tf.json": '{"provider": {"aws": {"alias": "other"}}}'}, "", False),
        ({"main.tf": REGION, "more.tf.json": '{"provider": {"aws": {}}}'}, "", False),
        (
            {"main.tf.json": '{"terraform": {"required_providers": {"amazon": {"source": "hashicorp/aws"}}}}'},
            "",
            False,
        ),
    ],
)
def test_one_configuration_of_aws_is_told_from_several(
    tmp_path: Path, files: dict[str, str], module: str, once: bool
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    call_module(tmp_path, module)
    assert configures_aws_once(tmp_path) is once
