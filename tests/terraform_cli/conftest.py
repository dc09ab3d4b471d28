import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from places import LOCK_FILE, MODULE, ROOT

from async_lab.terraform import Terraform, installed_provider


@pytest.fixture
def environment() -> Mapping[str, str]:
    """The user's, without anything of AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}


@pytest.fixture
def make_terraform(tmp_path: Path, environment: Mapping[str, str]) -> Callable[..., Terraform]:
    """Makes a Terraform for a configuration that needs no provider to be installed."""

    def make(configuration: str, variables: str = "", **settings: object) -> Terraform:
        (tmp_path / "main.tf").write_text(configuration)
        (tmp_path / "test.tfvars").write_text(variables)
        return Terraform(tmp_path, environment, tmp_path / "terraform.log", **settings)

    return make


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The AWS provider's program, in the same cache as the lab's own runs."""
    log = tmp_path_factory.mktemp("provider") / "terraform.log"
    return installed_provider(LOCK_FILE, ROOT / ".lab" / "providers", Terraform(log.parent, os.environ, log))


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Path]:
    """A copy of the module with a log group and a role."""
    directory = tmp_path / "module"
    shutil.copytree(MODULE, directory)
    shutil.copy(LOCK_FILE, directory)
    (directory / "test.tfvars").write_text('name = "lab-test"\n')
    return directory
