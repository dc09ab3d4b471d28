"""Take down what runs left standing: what the journal noted, and what AWS itself shows under its names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from async_lab.checkout import program
from async_lab.checkout.package import build_package
from async_lab.checkout.project import Project
from async_lab.errors import EnvironmentFailure, LabError, LeftBehind, UsageError
from async_lab.process.interrupts import Interrupts, nothing_left_behind
from async_lab.stack.journal import Entry, Journal
from async_lab.stack.leftovers import RemainingResource
from async_lab.stack.stack import find_remaining, take_down_noted
from async_lab.target.base import Target
from async_lab.terraform import Listener, Terraform, find_terraform, init_from_anywhere
from async_lab.wording import plural


@dataclass(frozen=True, slots=True)
class RemainingStack:
    """One noted stack and what is left of it."""

    entry: Entry
    resources: tuple[RemainingResource, ...]

    def __str__(self) -> str:
        what = ", ".join(map(str, self.resources)) or "nothing that AWS still shows"
        return f"{self.entry.name}: {what}"


def forget_local(project: Project) -> str:
    """Forget local stacks: each was gone with its endpoint. Return what to say of it."""
    journal = Journal(project.stacks)
    entries = journal.entries("local")
    in_use = [entry for entry in entries if entry.is_in_use]
    for entry in entries:
        if entry not in in_use:
            journal.erase(entry)
    forgotten = len(entries) - len(in_use)
    gone = f"{plural(forgotten, 'local stack')} went with {'its endpoint' if forgotten == 1 else 'their endpoints'}."
    if in_use:
        left = "1 local stack belongs to a run that goes on, which takes it down itself."
        if len(in_use) > 1:
            left = f"{len(in_use)} local stacks belong to runs that go on, which take them down themselves."
    else:
        left = "Nothing is left."
    return f"{gone} {left}" if forgotten else left


def after_interruption(project: Project, target: str) -> LabError:
    """Return what to tell a user who interrupted a command: a local stack went with its endpoint in any case."""
    try:
        entries = [] if target == "local" else Journal(project.stacks).entries(target)
    except EnvironmentFailure as error:
        return LeftBehind(f"Interrupted. {error}")
    if not entries:
        return nothing_left_behind()
    names = ", ".join(f"{entry.name} in account {entry.account_id}, {entry.region}" for entry in entries)
    return LeftBehind(
        f"Interrupted. These may stand, function, role, log group, alarms and dashboard of each: {names}. "
        f"Remove them with: {program.command(f'destroy --target {target}')}"
    )


def standing(project: Project, target: Target) -> list[RemainingStack]:
    """Return what this checkout noted as made in the target's account and region. Raises UsageError for one in use."""
    entries = Journal(project.stacks).entries(target.name)
    here = [entry for entry in entries if (entry.account_id, entry.region) == (target.account_id, target.region)]
    in_use = [entry.name for entry in here if entry.is_in_use]
    if in_use:
        raise UsageError(f"A run that goes on uses {', '.join(in_use)}: wait for its end, or end it with Ctrl-C.")
    return [RemainingStack(entry, tuple(find_remaining(target, entry))) for entry in here]


def remove(
    project: Project,
    target: Target,
    stacks: Sequence[RemainingStack],
    say: Callable[[str], object],
    listener: Listener,
    interrupts: Interrupts,
) -> str:
    """Destroy each with Terraform, delete what its state doesn't know, and check. Raises LeftBehind."""
    for stack in stacks:
        say(f"Taking down {stack.entry.name}")
        _remove(project, target, stack.entry, listener, interrupts)
    return f"Nothing is left in account {target.account_id}, {target.region}."


def _remove(project: Project, target: Target, entry: Entry, listener: Listener, interrupts: Interrupts) -> None:
    with interrupts.taking_down():
        take_down_noted(target, entry, lambda: _destroy(project, target, entry, listener, interrupts))
        Journal(project.stacks).erase(entry)


def _destroy(
    project: Project, target: Target, entry: Entry, listener: Listener, interrupts: Interrupts
) -> EnvironmentFailure | None:
    """Return why Terraform could not, if it couldn't: what it would have removed is then deleted by its name."""
    if not entry.directory:
        return None
    log = project.lab / "destroy.log"
    try:
        executable = find_terraform(target.environment)
        terraform = Terraform(
            Path(entry.directory), target.environment, log, listener, interrupts, executable=executable.path
        )
        files = project.laid_out()
        build_package(files.function_src, files.package_zip)  # without it Terraform refuses even to destroy
        init_from_anywhere(terraform)
        terraform.destroy(Path(entry.var_file))
    except EnvironmentFailure as failure:
        return failure
    except UsageError as failure:  # the function's sources are gone
        return EnvironmentFailure(str(failure))
    return None
