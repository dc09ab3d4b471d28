"""Remove what commands left that were killed: what no living process owns."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from async_lab import owned
from async_lab.checkout.project import Project
from async_lab.terraform.provider import end_abandoned

TEMPORARY = "async-lab-"
"""What the names of all our directories in the temporary one begin with."""


def sweep(project: Project) -> None:
    """Remove copies, sockets and handlers' files of dead runs, and the processes that outlived them."""
    for directory in owned.abandoned(Path(tempfile.gettempdir()), f"{TEMPORARY}*"):
        end_abandoned(directory)
        shutil.rmtree(directory, ignore_errors=True)
    for work in owned.abandoned(project.runs):
        remove_copies(project, work)
        (work / owned.LOCK).unlink(missing_ok=True)
    for unfinished in project.package_zip.parent.glob(f"{project.package_zip.name}.*"):
        writer = unfinished.suffix.removeprefix(".")  # see ``build_package``
        if writer.isdecimal() and not psutil.pid_exists(int(writer)):
            unfinished.unlink(missing_ok=True)


def remove_copies(project: Project, work: Path) -> None:
    """Remove what a run has copied for Terraform. Its log and its results stay."""
    for name in (project.terraform.name, project.package_zip.parent.name):
        with suppress(FileNotFoundError):
            shutil.rmtree(work / name)
