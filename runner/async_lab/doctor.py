"""What is installed, found and missing on this machine and account, and what to do about it."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from async_lab import scenario
from async_lab.account.concurrency import concurrency_for
from async_lab.checkout import program
from async_lab.checkout.project import Project
from async_lab.errors import EnvironmentFailure, LabError, UsageError
from async_lab.scenario import Scenario
from async_lab.stack.journal import Journal
from async_lab.target.aws_errors import aws_errors
from async_lab.target.base import Target
from async_lab.terraform import Terraform, find_terraform, installed_provider
from async_lab.twin.rules import MINIMUM_UNRESERVED_CONCURRENCY
from async_lab.wording import listed

_LEVELS_OF_A_MIRROR = 5
"""Host, namespace, type, version and platform lie above a provider's program (Terraform, "Provider Installation")."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    subject: str
    found: str
    """What was found, or what is missing and what to do about it."""
    is_well: bool = True


def examine(project: Project, open_target: Callable[[], Target] | None) -> Iterator[Check]:
    """Yield each thing as it is looked at; ``open_target`` opens the AWS account, None when it isn't asked about."""
    yield Check("Python", f"{platform.python_version()} at {sys.executable}")
    yield Check("moto", version("moto"))
    yield _checked("Terraform", _terraform)
    yield _checked("AWS provider", lambda: _provider(project))
    yield _checked("Results", lambda: _writable(project))
    if open_target is not None:
        yield from _account(project, open_target)


def _checked(subject: str, find: Callable[[], str]) -> Check:
    try:
        return Check(subject, find())
    except LabError as error:
        return Check(subject, str(error), is_well=False)


def _terraform() -> str:
    executable = find_terraform()
    return f"{executable.version} at {executable.path}"


def _provider(project: Project) -> str:
    with tempfile.TemporaryDirectory() as elsewhere:
        executable = find_terraform()
        log = Path(elsewhere) / "terraform.log"
        terraform = Terraform(Path(elsewhere), os.environ, log, executable=executable.path)
        installed = installed_provider(project.lock_file, project.providers, terraform)
    mirror = installed.resolve().parents[_LEVELS_OF_A_MIRROR]
    return f"{installed.parents[1].name}, from {mirror}"


def _writable(project: Project) -> str:
    try:
        project.lab.mkdir(exist_ok=True)
        tempfile.TemporaryFile(dir=project.lab).close()
    except OSError as error:
        raise EnvironmentFailure(f"{project.lab} can't be written ({error.strerror}): make it writable.") from error
    return f"go to {project.shown(project.lab)}/runs"


def _account(project: Project, open_target: Callable[[], Target]) -> Iterator[Check]:
    try:
        target = open_target()
    except EnvironmentFailure as error:
        yield Check("AWS account", str(error), is_well=False)
        return
    yield Check("AWS account", f"{target.account_id}, {target.region}")
    yield _concurrency(project, target)
    yield _checked("Left standing", lambda: _noted(project))


def _concurrency(project: Project, target: Target) -> Check:
    greedy = [one for one in _scenarios(project) if one.reserved_concurrent_executions > 0]
    names = sorted({one.stack_name for one in greedy}) or ["async-lab"]
    try:
        accounts = {name: concurrency_for(target, name) for name in names}
    except aws_errors() as error:
        return Check("Concurrency", f"AWS doesn't tell: {error}", is_well=False)
    account = accounts[names[0]]
    has = f"{account.unreserved} of {account.limit} concurrent executions are free"
    refused = [one for one in greedy if one.reserved_concurrent_executions > accounts[one.stack_name].reservable]
    if not refused:
        return Check("Concurrency", f"{has}: enough for every scenario")
    needed = MINIMUM_UNRESERVED_CONCURRENCY + max(one.reserved_concurrent_executions for one in refused)
    return Check(
        "Concurrency",
        f"{has}, and Lambda lets nobody reserve of the last {MINIMUM_UNRESERVED_CONCURRENCY}: "
        f"{listed([one.name for one in refused])} {'needs' if len(refused) == 1 else 'need'} {needed}. "
        "Ask for more: Service Quotas, AWS Lambda, Concurrent executions.",
        is_well=False,
    )


def _scenarios(project: Project) -> Iterator[Scenario]:
    for name in scenario.names(project):
        with suppress(UsageError):  # whoever runs it is told what is wrong with it
            yield scenario.find(project, name)


def _noted(project: Project) -> str:
    entries = Journal(project.stacks).entries("aws")
    if not entries:
        return "nothing"
    where = ", ".join(f"{entry.name} in {entry.account_id}, {entry.region}" for entry in entries)
    return f"{where}. Remove it with: {program.command('destroy --target aws')}"
