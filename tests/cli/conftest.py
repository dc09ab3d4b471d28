"""What the command line's tests run it in: a checkout, and a machine with another Terraform."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from program import copy_of_checkout

from async_lab.checkout.project import Project


@pytest.fixture
def checkout(tmp_path: Path) -> Project:
    return copy_of_checkout(tmp_path)


@pytest.fixture
def path_with(tmp_path: Path) -> Callable[[str | None], str]:
    """Makes a PATH that has no Terraform but the given script."""

    def make(script: str | None) -> str:
        directory = tmp_path / "bin"
        directory.mkdir()
        (directory / "sh").symlink_to(shutil.which("sh"))
        (directory / "cat").symlink_to(shutil.which("cat"))
        if script is not None:
            (directory / "terraform").write_text(f"#!/bin/sh\n{script}\n")
            (directory / "terraform").chmod(0o755)
        return str(directory)

    return make
