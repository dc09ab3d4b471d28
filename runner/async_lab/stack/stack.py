"""What a run stands on: provisioned with Terraform, noted in the journal, and taken down without a trace."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from async_lab.checkout import program
from async_lab.checkout.package import build_package
from async_lab.checkout.project import Project
from async_lab.errors import EnvironmentFailure, LeftBehind
from async_lab.owned import Owned
from async_lab.process.interrupts import Interrupts
from async_lab.scenario import Scenario
from async_lab.stack import leftovers
from async_lab.stack.journal import Entry, Journal
from async_lab.stack.leftovers import RemainingResource
from async_lab.stack.sweep import remove_copies
from async_lab.target.aws_errors import aws_errors, is_passing
from async_lab.target.base import Target
from async_lab.terraform import (
    Terraform,
    configures_aws_once,
    find_terraform,
    init_from_anywhere,
    installed_provider,
    kept_provider,
)
from async_lab.terraform.progress import Listener

_NOT_OF_THE_LAB = shutil.ignore_patterns(
    ".terraform",
    "*.tfstate*",
    "*.auto.tfvars*",
    "terraform.tfvars*",
    "backend*.tf",
    "*_override.tf",
    "tests",
    "examples",
)
"""What users may have added to ``terraform/`` for their own account, and what a run has no use for."""

_PAUSES_SECONDS = (2.0, 4.0, 8.0, 16.0)
"""Between attempts to delete what AWS was too busy for; each of them has retries of its own."""
_OUTPUTS = {
    "function_name": str,
    "alarm_names": list,
    "composite_alarm_names": list,
    "trigger_address": str,
    "other_function_names": dict,
}
"""What a run needs to know of what Terraform made."""


@dataclass(slots=True)
class Stack:
    """A stack of one name on one target. Nothing of it exists before the first ``apply``."""

    target: Target
    terraform: Terraform
    journal: Journal
    entry: Entry
    is_begun: bool = False

    @property
    def may_stand(self) -> bool:
        """Whether an apply was begun and nothing was taken down since."""
        return self.is_begun or self.journal.knows(self.entry)

    def apply(self, scenario: Scenario) -> dict[str, Any]:
        """Make the stack what the scenario says; return Terraform's outputs."""
        if self.target.is_disposable:  # all that is made goes with it
            self._note(self.entry)
            self.terraform.apply(scenario.path, scenario.changed)
        else:
            self._apply_noted(scenario)
        return _complete(self.terraform.output())

    def _apply_noted(self, scenario: Scenario) -> None:
        """Note the exact names of all that Terraform plans, see that nobody else has them, and apply that very plan."""
        kept = self.terraform.log.absolute().with_name("apply.tfplan")
        try:
            self.terraform.plan(scenario.path, scenario.changed, kept)
            changes = self.terraform.planned(kept)
            noted = self.journal.noted(self.entry)
            self._check_free(noted, leftovers.names(changes, created=True))
            resources = sorted({*noted.resources, *leftovers.names(changes)})
            self._note(replace(self.entry, resources=tuple(resources), var_file=str(scenario.path)))
            self.terraform.apply_plan(kept)
        finally:
            kept.unlink(missing_ok=True)

    def _note(self, entry: Entry) -> None:
        self.journal.write(entry)
        self.is_begun = True  # not before: what isn't noted is nobody's to take down

    def _check_free(self, noted: Entry, made: Sequence[tuple[str, str]]) -> None:
        """Refuse names that somebody else uses: AWS would overwrite their alarms and dashboards without a word."""
        taken = leftovers.taken(self.target, noted, made)
        if taken:
            raise EnvironmentFailure(
                f"{', '.join(map(str, taken))} stands in account {noted.account_id}, {noted.region}, and this "
                f"checkout didn't make it: set another `name` in {noted.var_file}, or remove it yourself."
            )

    def take_down(self) -> None:
        """Destroy it, then ask AWS itself whether anything is left. Raises LeftBehind, which says what."""
        with self.terraform.interrupts.taking_down():
            self._take_down()

    def _take_down(self) -> None:
        failed = None
        try:
            self.terraform.destroy(Path(self.entry.var_file))
        except EnvironmentFailure as error:
            failed = error
        if not self.target.is_disposable:
            remove_leftovers(self.target, self.journal.noted(self.entry), failed)
        self.journal.erase(self.entry)  # also what Terraform left, where it goes with the endpoint
        self.is_begun = False
        is_first = failed is not None and failed.__context__ is None
        if failed and is_first and self.target.is_disposable and not self.terraform.interrupts.happened:
            raise failed


def _complete(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs that a run goes on with. Raises EnvironmentFailure when one is missing or of another type."""
    for name, kind in _OUTPUTS.items():
        if not isinstance(outputs.get(name), kind):
            raise EnvironmentFailure(
                f"Terraform's outputs have no {name} that can be used: is terraform/outputs.tf changed, or `terraform` "
                "on the PATH another program?"
            )
    return outputs


@contextmanager
def open_stack(
    project: Project, target: Target, scenario: Scenario, work: Path, interrupts: Interrupts, progress: Listener
) -> Iterator[Stack]:
    """Prepare everything that an apply needs; ``work`` is the run's own directory for Terraform's log and state."""
    _make(work)
    files = project.laid_out()
    build_package(files.function_src, files.package_zip)
    executable = find_terraform(target.environment)
    with ExitStack() as resources:
        _own(project, work, resources)
        directory = _copy(files, work) if target.is_disposable else files.terraform
        terraform = Terraform(
            directory,
            target.environment,
            work / "terraform.log",
            progress,
            interrupts,
            executable=executable.path,
            goes_with_the_run=target.is_disposable,
        )
        resources.enter_context(_logged_to(work / "endpoint.log"))
        if target.is_disposable:
            terraform = resources.enter_context(_initialized(project, terraform))
        else:
            init_from_anywhere(terraform)
        stack = Stack(target, terraform, Journal(project.stacks), _entry(target, scenario, directory, work))
        _check_unused(stack)
        if target.is_disposable:  # it began with the run: nothing stands yet, and what still will goes with it
            resources.callback(stack.journal.erase, stack.entry)
        yield stack


def _own(project: Project, work: Path, resources: ExitStack) -> None:
    """Own the run's directory until the end, of which the log and the results then stay."""
    directory = Owned(work)

    def leave() -> None:
        remove_copies(project, work)
        directory.release()

    resources.callback(leave)


def _make(work: Path) -> None:
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFailure(f"{work} can't be made ({error.strerror}): make its parent writable.") from error


@contextmanager
def _logged_to(file: Path) -> Iterator[None]:
    """Keep what the embedded endpoint logs off the user's terminal: a file that exists only when there is something.

    So also what ends one of its threads. Where the file can't be written, it is lost.
    """
    logger, handler = logging.getLogger("async_lab.endpoint"), logging.FileHandler(file, encoding="utf-8", delay=True)
    handler.handleError = lambda record: None  # type: ignore[method-assign] # noqa: ARG005 - it prints tracebacks
    logger.addHandler(handler)
    logger.propagate = False
    before = threading.excepthook
    threading.excepthook = lambda ended: logger.error(
        "A thread has ended", exc_info=(ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback)
    )
    try:
        yield
    finally:
        threading.excepthook = before
        logger.removeHandler(handler)
        logger.propagate = True
        handler.close()


def find_remaining(target: Target, entry: Entry, failed: EnvironmentFailure | None = None) -> list[RemainingResource]:
    """Return what AWS still shows of a stack. Raises LeftBehind, because of what ``failed``, when AWS doesn't say."""
    try:
        return leftovers.find(target, entry)
    except aws_errors() as error:
        raise LeftBehind(
            f"AWS doesn't say what still stands of {entry.name} in account {entry.account_id}, {entry.region} "
            f"({error}). Remove it with: {program.command(f'destroy --target {entry.target}')}"
        ) from failed or error


def remove_leftovers(target: Target, entry: Entry, failed: EnvironmentFailure | None = None) -> None:
    """Delete what Terraform left of a stack, and again while AWS is busy. Raises LeftBehind, which says what."""
    for pause in (*_PAUSES_SECONDS, None):
        remaining = find_remaining(target, entry, failed)
        is_passing_only = True
        for leftover in remaining:
            try:
                leftovers.delete(target, leftover)
            except aws_errors() as error:
                failed = EnvironmentFailure(f"{leftover} can't be deleted: {error}")
                is_passing_only = is_passing_only and is_passing(error)
        remaining = find_remaining(target, entry, failed) if remaining else []
        if not remaining:
            return
        if pause is None or not is_passing_only:
            raise LeftBehind(still_standing(remaining, entry)) from failed
        target.wait(pause)


def take_down_noted(target: Target, entry: Entry, destroy: Callable[[], EnvironmentFailure | None]) -> None:
    """Take down what a note says: with Terraform, then by name what that left. Raises LeftBehind, which says what.

    ``destroy`` returns why Terraform could not, if it couldn't. Of what tests applied there may be more than is known
    by name: then Terraform must have succeeded in the end.
    """
    leftovers.empty_buckets(target, entry)
    failed = destroy()
    remove_leftovers(target, entry, failed)
    if failed is not None and entry.tag and (failed := destroy()) is not None:
        raise LeftBehind(
            f"Terraform doesn't take down all of {entry.name} in account {entry.account_id}, {entry.region}; its state "
            f"is kept in {entry.directory}. Try again with: {program.command(f'destroy --target {entry.target}')}"
        ) from failed


def still_standing(remaining: list[RemainingResource], entry: Entry) -> str:
    """Return the sentence that says what stands, where, and which command removes it."""
    what = ", ".join(map(str, remaining))
    where = f"in account {entry.account_id}, {entry.region}"
    return f"Still standing {where}: {what}. Remove it with: {program.command(f'destroy --target {entry.target}')}"


@contextmanager
def _initialized(project: Project, terraform: Terraform) -> Iterator[Terraform]:
    """Keep one provider process for all of a local run's commands: starting it is what takes longest.

    It has one configuration of AWS. Where there are several, Terraform starts a process for each, as it always does.
    """
    from async_lab.terraform.schemas import relayed  # its library takes a tenth of a second

    program, directory = installed_provider(project.lock_file, project.providers, terraform), terraform.directory
    with (
        kept_provider(program, terraform.environment, terraform.log, directory) as attached,
        relayed(attached, directory) as environment,
    ):
        fastest = replace(terraform, environment=environment)
        fastest.init()
        if configures_aws_once(directory):
            yield fastest
        else:
            init_from_anywhere(terraform)
            yield terraform


def _copy(project: Project, work: Path) -> Path:
    """Lay out what Terraform reads in a throw-away directory: the user's own state and backend stay out of it."""
    directory = work / project.terraform.name
    package = work / project.package_zip.relative_to(project.root)
    try:
        shutil.copytree(project.terraform, directory, ignore=_NOT_OF_THE_LAB)
        package.parent.mkdir()
        shutil.copy(project.package_zip, package)
    except OSError as error:
        why = error.strerror or os.strerror(errno.ENOSPC if "No space" in str(error) else errno.EIO)
        raise EnvironmentFailure(f"{directory} can't be written ({why}): free space, or make it writable.") from error
    return directory


def _entry(target: Target, scenario: Scenario, directory: Path, work: Path) -> Entry:
    return Entry(
        target=target.name,
        account_id=target.account_id,
        region=target.region,
        name=scenario.stack_name,
        directory=str(directory),
        var_file=str(scenario.path),
        run=str(work),
    )


def _check_unused(stack: Stack) -> None:
    """Refuse a stack that another run of this checkout is working on: each would take down the other's."""
    for other in stack.journal.entries(stack.entry.target):
        if other.file_name == stack.entry.file_name and other.is_in_use:
            raise EnvironmentFailure(
                f"Another run of this checkout goes on with {other.name} in account {other.account_id}, "
                f"{other.region}: wait for its end."
            )
