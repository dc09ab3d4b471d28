"""Terraform for the tests: its own copy of terraform/, and AWS provider processes that last for many commands."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from async_lab.checkout.package import build_package
from async_lab.checkout.project import Project
from async_lab.endpoint.embedded import Endpoint
from async_lab.terraform import Terraform, installed_provider, kept_provider

REGION = "eu-west-1"
_LIMIT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Directory:
    """One Terraform directory, initialized."""

    path: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )


def said(completed: subprocess.CompletedProcess[str]) -> str:
    return f"{completed.stdout}\n{completed.stderr}"


@pytest.fixture(scope="session")
def project():
    return Project.locate(Path(__file__))


@pytest.fixture(scope="module")
def tree(project, tmp_path_factory):
    """A copy of terraform/ with the package beside it, so that no test leaves anything in the checkout."""
    root = tmp_path_factory.mktemp("terraform")
    shutil.copytree(project.terraform, root / "terraform", ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
    build_package(project.function_src, root / "build" / "function.zip")
    return root / "terraform"


@pytest.fixture(scope="module")
def endpoint():
    """One for each module of tests: two in a process are refused, and those of other directories have their own."""
    with Endpoint(seed=0) as running:
        yield running


@pytest.fixture(scope="module")
def environment(endpoint):
    """The user's, without what would change Terraform's ways, pointed at the endpoint."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return own | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_S3_USE_PATH_STYLE": "true",
        "TF_CLI_CONFIG_FILE": "",
        "TF_INPUT": "false",
    }


@pytest.fixture(scope="module")
def program(project, environment, tmp_path_factory):
    """The AWS provider, found as the lab finds it."""
    work = tmp_path_factory.getbasetemp() / "provider"  # one for all modules
    work.mkdir(exist_ok=True)
    return installed_provider(
        project.terraform / ".terraform.lock.hcl", work / "cache", Terraform(work, environment, work / "log")
    )


@pytest.fixture(scope="module")
def keep(program, environment, tmp_path_factory):
    """Return a context manager: one provider for a directory, which it reads relative paths from."""
    return lambda directory: kept_provider(program, environment, tmp_path_factory.mktemp("kept") / "log", directory)


@pytest.fixture(scope="module")
def attached(keep, tree):
    """The environment in which Terraform attaches to the root module's provider."""
    with keep(tree) as attached:
        yield attached


@pytest.fixture(scope="module")
def initialized(tree, attached):
    """Return a function that gives a directory of the copy, initialized once."""
    done: dict[str, Directory] = {}

    def directory(name: str) -> Directory:
        if name not in done:
            done[name] = Directory(tree / name, attached)
            completed = done[name].run("init")
            assert completed.returncode == 0, said(completed)
        return done[name]

    return directory
