"""A test's own Terraform: applied as it stands, to the lab and nowhere else."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from processes import MARK, processes_of, wait_until
from program import LONGEST_SECONDS, environment

from async_lab.errors import EnvironmentFailure, UsageError

pytestmark = pytest.mark.e2e

MODULE = """
variable "name" { type = string }
resource "aws_cloudwatch_log_group" "made" { name = var.name }
output "name" { value = aws_cloudwatch_log_group.made.name }
"""
ROOT = """
terraform {
  required_version = ">= 1.9"
  required_providers { aws = { source = "hashicorp/aws" } }
  backend "s3" {
    bucket = "somebodys-state"
    key    = "prod"
    region = "eu-west-1"
  }
}
variable "suffix" { default = "a" }
variable "numbers" {
  type    = list(number)
  default = []
}
provider "aws" {
  region  = "us-east-1"
  profile = "prod"
  endpoints { logs = "http://127.0.0.1:9" }
}
module "group" {
  source = "../modules/group"
  name   = "group-${var.suffix}-${length(var.numbers)}"
}
output "name" { value = module.group.name }
output "text" { value = file("${path.module}/../text.txt") }
"""


OTHER = """
provider "aws" {
  alias                    = "other"
  region                   = "eu-west-1"
  shared_credentials_files = ["/nowhere/credentials"]
}
resource "aws_cloudwatch_log_group" "first" { name = "first" }
resource "aws_cloudwatch_log_group" "other" {
  provider = aws.other
  name     = "other"
}
resource "aws_cloudwatch_log_group" "first_later" { # when both providers are configured
  name       = "first-later"
  depends_on = [aws_cloudwatch_log_group.other]
}
resource "aws_cloudwatch_log_group" "other_later" {
  provider   = aws.other
  name       = "other-later"
  depends_on = [aws_cloudwatch_log_group.first]
}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A root module with somebody's backend and profiles, beside a module and a file; one for all, as ``init`` takes
    long."""
    root = tmp_path_factory.mktemp("project")
    for path, text in {"infra/main.tf": ROOT, "modules/group/main.tf": MODULE, "text.txt": "beside"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def groups(lab, region="us-east-1"):
    client = lab.session.client("logs", region_name=region, endpoint_url=lab.url)
    return [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]


def test_directory_is_applied_with_its_neighbors_and_without_its_backend_or_profiles(async_lab, project):
    before = sorted(path for path in project.rglob("*"))
    stack = async_lab.apply(project / "infra", suffix="b", numbers=[1, 2])

    assert dict(stack) == {"name": "group-b-2", "text": "beside"}
    assert groups(async_lab) == ["group-b-2"]
    assert sorted(path for path in project.rglob("*")) == before
    with pytest.raises(UsageError, match="no output 'nmae': it has name, text"):
        stack["nmae"]


def test_what_is_applied_again_is_changed_and_what_is_destroyed_is_gone(async_lab, project):
    stack = async_lab.apply(project / "infra", suffix="c")
    (project / "text.txt").write_text("changed")
    assert async_lab.apply(project / "infra", suffix="d")["text"] == "changed"
    assert groups(async_lab) == ["group-d-0"]
    stack.destroy()
    assert groups(async_lab) == []


def test_stack_of_a_session_is_put_back_with_its_state(async_lab, project):
    for number in range(3):
        stack = async_lab.apply(project / "infra", scope="session", suffix="session")
        assert groups(async_lab) == ["group-session-0"]
        if number == 1:
            async_lab.apply(project / "infra", suffix="other")
            assert groups(async_lab) == ["group-other-0"]
        elif number == 2:
            stack.destroy()
            assert groups(async_lab) == []
        async_lab.reset()
        assert groups(async_lab) == []
        async_lab.reset()


def test_apply_of_a_session_comes_first_in_a_test(async_lab, project):
    async_lab.client("sqs").create_queue(QueueName="mine")
    with pytest.raises(UsageError, match="comes first in a test"):
        async_lab.apply(project / "infra", scope="session")


def test_what_terraform_refuses_is_said_in_its_words(async_lab, project):
    with pytest.raises(EnvironmentFailure, match=r"terraform apply failed: .*undeclared variable") as raised:
        async_lab.apply(project / "infra", nothing=1)
    assert "log" not in str(raised.value)


def test_provider_that_cannot_be_read_is_refused_and_not_passed_over(async_lab, tmp_path):
    (tmp_path / "main.tf").write_text('provider "aws" {\n  profile = \n}\n')
    with pytest.raises(UsageError, match=r"The providers in .*main\.tf can't be read"):
        async_lab.apply(tmp_path)


def test_json_syntax_has_its_profiles_overridden_too(async_lab, tmp_path):
    provider = {"region": "us-east-1", "profile": "prod"}
    group = {"aws_cloudwatch_log_group": {"made": {"name": "from-json"}}}
    (tmp_path / "main.tf.json").write_text(json.dumps({"provider": {"aws": provider}, "resource": group}))
    async_lab.apply(tmp_path)
    assert groups(async_lab) == ["from-json"]


def test_each_configuration_of_the_provider_has_its_own_region(async_lab, project):
    """Also of one that comes later: the process that is kept has one configuration."""
    infra = project / "regions"
    infra.mkdir()
    (infra / "main.tf").write_text(ROOT)
    async_lab.apply(infra)
    (infra / "other.tf").write_text(OTHER)
    async_lab.apply(infra)
    assert groups(async_lab) == ["first", "first-later", "group-a-0"]
    assert groups(async_lab, "eu-west-1") == ["other", "other-later"]


def test_a_provider_by_another_name_is_refused(async_lab, tmp_path):
    (tmp_path / "main.tf").write_text(ROOT.replace("aws = {", "amazon = {"))
    with pytest.raises(UsageError, match=r'main\.tf calls the AWS provider "amazon"'):
        async_lab.apply(tmp_path)


def test_a_module_whose_own_provider_leads_elsewhere_is_refused(async_lab, tmp_path):
    (tmp_path / "module").mkdir()
    (tmp_path / "main.tf").write_text('module "it" {\n  source = "./module"\n}\n')
    (tmp_path / "module" / "main.tf").write_text('provider "aws" {\n  profile = "prod"\n}\n')
    said = f"{tmp_path}/module/main.tf gives the AWS provider profile in a module, where it can't be overridden"
    with pytest.raises(UsageError, match=said):
        async_lab.apply(tmp_path)


AFTER_ITS_END = """
import sys
from async_lab import Lab

with Lab() as lab:
    lab.apply(sys.argv[1])
print("ended")
sys.stdin.read()
"""
WITHOUT_AN_END = """
import sys
from async_lab import Lab

lab = Lab()
lab.open()
lab.apply(sys.argv[1])
"""


@pytest.fixture
def script(tmp_path):
    """Start a program that applies one log group, with a short place for temporary files, which has its mark."""
    with TemporaryDirectory(prefix="tests-") as place:
        (tmp_path / "main.tf").write_text('resource "aws_cloudwatch_log_group" "this" { name = "this" }\n')

        def start(text):
            return subprocess.Popen(
                [sys.executable, "-c", text, tmp_path],
                env=environment(TMPDIR=place, **{MARK: place}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ), Path(place)

        yield start


def test_nothing_is_left_at_a_labs_end(script):
    program, place = script(AFTER_ITS_END)
    with program:
        assert program.stdout.readline() == "ended\n"
        left = list(place.glob("async-lab-*"))
        wait_until(lambda: [process.pid for process in processes_of(place)] == [program.pid])
    assert left == []


def test_a_program_that_does_not_close_its_lab_ends(script):
    program, _ = script(WITHOUT_AN_END)
    with program:
        program.communicate(timeout=LONGEST_SECONDS)
    assert program.returncode == 0
