"""How far a run is: one moving line on a terminal, a line per step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from async_lab.checkout import program
from async_lab.observation.metrics import Metrics
from async_lab.report.moving_line import MovingLine
from async_lab.stack.stack import Stack
from async_lab.terraform import Progress, Step
from async_lab.wording import count, duration, plural, printable

_VERBS = {"create": "created", "update": "changed", "delete": "destroyed", "replace": "replaced", "read": "read"}
_SLEEP_SECONDS = 0.5  # no pause(): it misses a signal that comes just before it
_PLAIN_SECONDS = 60.0
"""How often a wait is told of where there is no line to move."""


class Detail(StrEnum):
    """How much of a run's progress is told."""

    QUIET = "quiet"
    """Nothing but what needs the user."""
    NORMAL = "normal"
    VERBOSE = "verbose"
    """Terraform's resources one by one."""


class ProgressView:
    """Tells on standard error, so that standard output holds results only."""

    def __init__(
        self, console: Console, *, steps: int = 0, detail: Detail = Detail.NORMAL, is_virtual: bool = False
    ) -> None:
        """Begin with no step of ``steps``, 0 where they aren't counted; ``is_virtual``: waiting takes no time."""
        self._console = console
        self._line = MovingLine(console, is_wanted=detail is not Detail.QUIET)
        self._steps, self._detail, self._is_virtual = steps, detail, is_virtual
        self._step = 0
        self._phase = ""
        self._terraform = _TerraformCount()

    def __enter__(self) -> Self:
        self._line.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._line.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to others while the block runs."""
        self._line.stop()
        yield
        self._line.start()

    def say(self, message: str) -> None:
        """Print a line that stays."""
        self._console.print(Text(printable(message)), highlight=False, soft_wrap=True)

    def interject(self, message: str) -> None:
        """Print a line that stays, from a signal's handler: it may have come in the middle of another print."""
        apart = Console(file=self._console.file, highlight=False)  # what the other has begun, it would print again
        if self._console.is_terminal:
            apart.file.write("\r\x1b[2K")
        apart.print(Text(printable(message)), soft_wrap=True)

    def step(self, text: str) -> None:
        """Begin the next of the run's steps."""
        self._sum_up_terraform()
        self._step += 1
        self.phase(f"[{self._step}/{self._steps}] {text}" if self._steps else text)

    def phase(self, text: str) -> None:
        """Tell what happens now."""
        if text == self._phase:
            return
        self._phase = text
        if self._line:
            self._line.move(text)
        elif self._detail is not Detail.QUIET:
            self.say(text)

    def terraform(self, progress: Progress) -> None:
        """Tell what Terraform does: how far it is and, where that is wanted, each resource."""
        resource = progress.address.replace("module.", "")
        self._terraform.add(progress)
        if progress.step is Step.DONE and progress.action != "delete" and self._detail is Detail.VERBOSE:
            self.say(f"  {resource} {_VERBS.get(progress.action, progress.action)} ({progress.elapsed_seconds:.0f} s)")
        elif progress.step in {Step.STARTED, Step.GOING_ON}:
            self._line.move(f"{self._phase} {self._terraform.words} · {_kind_of(progress.address)}")
        elif progress.step is Step.WARNING or (progress.step is Step.NOTE and self._is_worth_saying(progress.message)):
            self.say(f"  {progress.message}")

    def _is_worth_saying(self, note: str) -> bool:
        return "taken from" in note and self._detail is not Detail.QUIET

    def _sum_up_terraform(self) -> None:
        """Print in one line what Terraform made since it was last asked."""
        made, self._terraform = self._terraform, _TerraformCount()
        if made.done and self._detail is not Detail.QUIET:
            self.say(f"  {plural(made.done, 'resource')} in {duration(max(1, round(made.seconds)))}")

    def taken_down(self) -> None:
        """Tell that AWS shows nothing any more."""
        gone, self._terraform = self._terraform, _TerraformCount()
        if self._detail is not Detail.QUIET:
            self.say(f"  {plural(gone.done, 'resource')} destroyed; nothing is left")

    def kept(self, stack: Stack) -> None:
        """Say how to look at what stands, and how to remove it; wait for Ctrl-C where it goes with the run."""
        self._line.stop()
        if not stack.target.is_disposable:
            self.say(f"Kept. Remove it with: {program.command(f'destroy --target {stack.target.name}')}")
            return
        with stack.terraform.interrupts.awaited():
            self.say("Kept. In another terminal, to look at it with your own tools:")
            for name, value in stack.target.variables.items():
                self.say(f"  {program.export(name, value)}")
            self.say("Ctrl-C takes it down.")
            while True:
                time.sleep(_SLEEP_SECONDS)

    def waiting(self, metrics: Metrics, seconds_left: float) -> None:
        """Tell what CloudWatch shows so far."""
        received, dropped = (count(metrics[f"AsyncEvents{what}"].total) for what in ("Received", "Dropped"))
        age = duration(metrics["AsyncEventAge"].maximum / 1000)
        left = f"{duration(seconds_left)} of virtual time" if self._is_virtual else f"{duration(seconds_left)} more"
        text = f"{self._phase}, watching {left}: {received} received, {dropped} dropped, oldest {age}"
        if self._line:
            self._line.move(text)
        elif self._detail is not Detail.QUIET and self._line.is_due(_PLAIN_SECONDS):
            self.say(text)


@dataclass(slots=True)
class _TerraformCount:
    """How far one of Terraform's commands is."""

    planned: int = 0
    done: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, progress: Progress) -> None:
        """Count what Terraform tells."""
        if progress.step is Step.PLANNED and progress.action != "noop":
            self.planned += 1
        elif progress.step is Step.DONE and progress.action != "read":
            self.done += 1

    @property
    def seconds(self) -> float:
        """How long it takes so far, on the wall's clock."""
        return time.monotonic() - self.began

    @property
    def words(self) -> str:
        """``9/16 · 6 s``."""
        of = f"/{self.planned}" if self.planned >= self.done else ""
        return f"{self.done}{of} · {self.seconds:.0f} s"


def _kind_of(address: str) -> str:
    """Return a resource's type, which is what takes its time: ``aws_lambda_function``."""
    return next((part for part in address.split(".") if part.startswith("aws_")), address)
