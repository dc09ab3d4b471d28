"""Terraform's commands on one directory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from async_lab.process.interrupts import Interrupts
from async_lab.terraform.executable import for_terraform
from async_lab.terraform.failures import UNWRITTEN_STATE, TerraformFailed, failure
from async_lab.terraform.process import Running, Stop, running
from async_lab.terraform.progress import DeferredErrors, Diagnostic, Listener, Progress, Step, read

_SUCCESS = 0
_CHANGES = 2
"""What ``plan -detailed-exitcode`` ends with when an apply would change something."""

Variables = Mapping[str, object]
_Program = TypeVar("_Program")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an apply would do."""

    is_empty: bool
    """Whether configuration, state, outputs and what stands agree."""
    changes: tuple[Progress, ...]


def _ignore(_progress: Progress) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, slots=True)
class Terraform:
    """The commands on one directory, in one environment.

    All raise TerraformFailed with Terraform's own message. ``init``, ``plan`` and ``output`` change nothing and end at
    the first Ctrl-C; ``apply`` and ``destroy`` finish first.
    """

    directory: Path
    environment: Mapping[str, str]
    log: Path
    """Every command's stream is appended to it, whole."""
    progress: Listener = _ignore
    interrupts: Interrupts = field(default_factory=Interrupts)
    executable: Path = Path("terraform")
    goes_with_the_run: bool = False
    """Whether the directory is a throw-away one: nobody is told of a state that is still in it."""

    def init(self, mirror: Path | None = None) -> None:
        """Install the providers: Terraform's own way, or from the filesystem mirror alone if one is given.

        The lock file is not read-only: it may hold only the packed provider's checksums for this platform, and
        Terraform, which compares the unpacked one at every command, must be able to add its own.
        """
        options = () if mirror is None else (f"-plugin-dir={mirror}",)
        self._only_read("init", options, self.progress, (_SUCCESS,))

    def apply(self, var_file: Path | None, variables: Variables | None = None) -> None:
        """Make what stands what the directory says."""
        self.interrupts.check()
        self._change("apply", _given(var_file, variables), "Finishing the apply so that nothing is orphaned.")

    def destroy(self, var_file: Path | None, variables: Variables | None = None) -> None:
        """Take down all that the state knows, without asking first what of it still stands."""
        given = ("-refresh=false", *_given(var_file, variables))
        self._change("destroy", given, "Everything is being taken down already.")

    def apply_plan(self, kept: Path) -> None:
        """Do what ``plan`` kept, and nothing else."""
        self._change("apply", (str(kept),), "Finishing the apply so that nothing is orphaned.")

    def plan(self, var_file: Path, variables: Variables | None = None, keep: Path | None = None) -> Plan:
        """Compare configuration, state and what stands; ``keep`` is where the plan is kept for ``apply_plan``."""
        changes: list[Progress] = []

        def listen(progress: Progress) -> None:
            if progress.step is Step.PLANNED:
                changes.append(progress)
            self.progress(progress)

        kept = () if keep is None else (f"-out={keep}",)
        options = ("-detailed-exitcode", *kept, *_given(var_file, variables))
        code = self._only_read("plan", options, listen, (_SUCCESS, _CHANGES))
        return Plan(is_empty=code == _SUCCESS, changes=tuple(changes))

    def output(self) -> dict[str, Any]:
        """Return the outputs' values by name."""
        return outputs(self._answer("output"))

    def planned(self, kept: Path) -> list[dict[str, Any]]:
        """Return the resource changes of a plan that was kept, as Terraform's JSON has them."""
        changes: list[dict[str, Any]] = self.shown(kept).get("resource_changes", [])
        return changes

    def shown(self, kept: Path | None = None) -> dict[str, Any]:
        """Return a plan that was kept, or the state without one, as Terraform's JSON has it."""
        shown: dict[str, Any] = json.loads(self._answer("show", *([] if kept is None else [str(kept)])))
        return shown

    def _answer(self, command: str, *arguments: str) -> bytes:
        with self._begun(self._asked(command, arguments)) as terraform:
            answer, errors = terraform.communicate()
        if terraform.returncode != _SUCCESS:
            why = " ".join(errors.decode(errors="replace").split()) or f"exit code {terraform.returncode}"
            raise TerraformFailed(f"terraform {command} failed: {why}")
        return answer

    @contextmanager
    def _asked(self, command: str, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        try:
            terraform = subprocess.Popen(
                [self.executable, command, "-json", *arguments],
                cwd=self.directory,
                env=for_terraform(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise TerraformFailed(f"terraform {command} can't be started: {error.strerror}.") from error
        with terraform:
            try:
                yield terraform
            except BaseException:
                terraform.kill()
                terraform.wait()
                raise

    def _only_read(self, command: str, options: Sequence[str], listener: Listener, accepted: tuple[int, ...]) -> int:
        self.interrupts.check()
        with self._begun(self._running(command, options)) as terraform:
            return self._follow(command, terraform, listener, accepted)

    @contextmanager
    def _begun(self, command: AbstractContextManager[_Program]) -> Iterator[_Program]:
        """Begin a command that changes nothing; an interruption meanwhile would leave a program that nobody ends."""
        with ExitStack() as until_it_has_ended:
            with self.interrupts.deferred("Nothing is being changed."):
                program = until_it_has_ended.enter_context(command)
            yield program

    def _change(self, command: str, options: Sequence[str], meanwhile: str) -> None:
        stop = Stop()
        with (
            self.interrupts.deferred(meanwhile),
            self.interrupts.forward_to(stop),
            self._running(command, ("-auto-approve", *options)) as terraform,
        ):
            stop.listen_for(terraform)
            self._follow(command, terraform, self.progress, (_SUCCESS,))

    def _running(self, command: str, options: Sequence[str]) -> AbstractContextManager[Running]:
        arguments: tuple[str | Path, ...] = (self.executable, command, "-json", "-input=false", *options)
        return running(arguments, self.directory, self.environment, self.log)

    def _follow(self, command: str, terraform: Running, listener: Listener, accepted: tuple[int, ...]) -> int:
        tell = DeferredErrors(listener)
        diagnostics: list[Diagnostic] = []
        for line in terraform.lines():
            said = read(line)
            if isinstance(said, Diagnostic):
                diagnostics.append(said)
                said = Progress(Step.WARNING, str(said)) if said.severity == "warning" else None
            if said is not None:
                tell(said)
        code = terraform.code()
        if code not in accepted:
            state = None if self.goes_with_the_run else self.directory / UNWRITTEN_STATE
            raise failure(command, code, diagnostics, state, self.log)
        tell.raise_failure()
        return code


def outputs(answer: bytes) -> dict[str, Any]:
    """Return the values in what ``terraform output -json`` prints. Raises TerraformFailed when it is something else."""
    try:
        return {name: output["value"] for name, output in json.loads(answer).items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise TerraformFailed(
            "terraform output answers what is no outputs as JSON: look at what is on the PATH."
        ) from error


def _given(var_file: Path | None, variables: Variables | None) -> tuple[str, ...]:
    file = () if var_file is None else (f"-var-file={var_file.resolve()}",)
    return (*file, *(f"-var={name}={_literal(value)}" for name, value in (variables or {}).items()))


def _literal(value: object) -> str:
    """Return a value as ``-var`` takes it: text as it is, all else as JSON, which HCL contains."""
    return value if isinstance(value, str) else json.dumps(value)
