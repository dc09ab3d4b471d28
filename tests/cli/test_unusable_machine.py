"""The command line on a machine on which something is missing, and what the doctor says of one."""

import shutil
import subprocess

import pytest
from program import PROGRAM, PROJECT, call, environment, sentence
from typer.testing import CliRunner

from async_lab.cli import app
from async_lab.errors import ExitCode
from async_lab.terraform import mirror

pytestmark = pytest.mark.e2e

VERSION = """case "$1" in version) echo '{"terraform_version": "1.9.0"}'; exit 0;; esac"""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", "terraform output answers what is no outputs as JSON: look at what is on the PATH."),
        ("echo '[[[{'", "terraform output answers what is no outputs as JSON: look at what is on the PATH."),
        ("echo '{}'", "Terraform's outputs have no function_name that can be used"),
        ("""echo '{"function_name": {"value": 7}}'""", "Terraform's outputs have no function_name that can be used"),
        (r"printf '\\377\\376\\n' >&2; exit 1", "terraform init failed: exit code 1, without a reason."),
    ],
)
def test_a_terraform_that_answers_oddly_is_told_in_a_sentence(checkout, path_with, script, said):
    assert call(checkout, "doctor").returncode == 0  # the provider is installed
    ran = call(checkout, "run", "baseline", PATH=path_with(f"{VERSION}\n{script}"))
    assert ran.returncode == ExitCode.ENVIRONMENT, ran.stderr
    assert "Traceback" not in ran.stderr
    assert f"Error: {said}" in ran.stderr


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "Terraform is not on the PATH: install version 1.9 or newer"),
        ("""echo '{"terraform_version": "1.8.5"}'""", "terraform is Terraform 1.8.5; the lab needs 1.9 or newer"),
        ("exit 1", "does not answer `terraform version -json`"),
    ],
)
def test_no_usable_terraform_is_told_with_where_to_get_one(checkout, path_with, script, said):
    ran = call(checkout, "run", "baseline", PATH=path_with(script))
    assert ran.returncode == ExitCode.ENVIRONMENT
    *_, last = ran.stderr.splitlines()
    assert last.startswith("Error: ")
    assert said in last
    assert "https://developer.hashicorp.com/terraform/install" in last
    assert list(checkout.stacks.glob("*")) == []


def test_no_provider_and_no_registry_is_told_with_what_was_searched(checkout, tmp_path, monkeypatch):
    (checkout.lab / "providers").unlink()
    configuration = tmp_path / "terraformrc"
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{tmp_path}/none" }}\n}}\n')
    monkeypatch.setattr(mirror, "OPT", tmp_path / "opt")  # in this process: a machine may have mirrors in /opt
    nowhere = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS"), str(tmp_path / "nowhere"))
    for name, value in (nowhere | {"TF_CLI_CONFIG_FILE": str(configuration)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(checkout.root)
    ran = CliRunner().invoke(app, ["run", "baseline"])
    assert ran.exit_code == ExitCode.ENVIRONMENT
    assert ran.stdout == ""
    *_, last = ran.stderr.splitlines()
    assert last.startswith("Error: The AWS provider can't be installed: ")
    assert f"{tmp_path}/nowhere/.terraform.d/plugins" in last
    assert "run `terraform providers mirror DIRECTORY`" in last


def test_results_that_can_not_be_written_are_told_before_anything_is_made(checkout):
    shutil.rmtree(checkout.lab)
    checkout.lab.write_text("a file where the directory should be")
    ran = call(checkout, "run", "baseline")
    assert ran.returncode == ExitCode.ENVIRONMENT
    *_, last = ran.stderr.splitlines()
    assert last.startswith(f"Error: {checkout.runs}/")
    assert last.endswith("can't be made (Not a directory): make its parent writable.")
    assert "Terraform: " not in ran.stderr


def test_a_directory_that_is_no_checkout_is_refused(tmp_path):
    # The program that lies in a checkout finds that one; this one lies nowhere.
    alone = tmp_path / "alone"
    shutil.copytree(PROJECT.root / "runner", alone, ignore=shutil.ignore_patterns("__pycache__", "endpoint"))
    ran = subprocess.run(
        [*PROGRAM, "scenarios"], cwd=alone, env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == ExitCode.USAGE
    assert "is not inside a checkout of async-lab" in sentence(ran)


def test_the_doctor_says_what_is_found(checkout):
    examined = call(checkout, "doctor")
    assert examined.returncode == ExitCode.AS_EXPECTED, examined.stdout
    assert "Traceback" not in examined.stderr
    for subject in ("Python", "moto", "Terraform", "AWS provider", "Results"):
        assert subject in examined.stdout
    assert "All is well." in examined.stdout


def test_the_doctor_says_what_is_missing_and_what_to_do(checkout, path_with):
    examined = call(checkout, "doctor", PATH=path_with(None))
    assert examined.returncode == ExitCode.ENVIRONMENT
    assert "Terraform is not on the PATH: install" in " ".join(examined.stdout.split())
    assert "Something is missing: see above." in examined.stdout


def test_the_doctor_says_that_an_account_can_not_be_used(checkout):
    examined = call(checkout, "doctor", "--target", "aws", AWS_REGION="eu-west-1")
    assert examined.returncode == ExitCode.ENVIRONMENT
    assert "No AWS credentials are set" in " ".join(examined.stdout.split())
