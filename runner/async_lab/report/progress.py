"""How far a run is: one moving line on a terminal, a line per step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from async_lab.checkout import program
from async_lab.observation.metrics import Metrics
from async_lab.stack.stack import Stack
from async_lab.terraform import Progress, Step
from async_lab.wording import count, duration, plural, printable

_VERBS = {"create": "created", "update": "changed", "delete": "destroyed", "replace": "replaced", "read": "read"}
_SLEEP_SECONDS = 0.5  # no pause(): it misses a signal that comes just before it
_PLAIN_SECONDS = 60.0
"""How often a wait is told of where there is no line to move."""


class ProgressView:
    """Tells on standard error, so that standard output holds results only."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = console.status("") if console.is_terminal else None
        self._phase = ""
        self._told_at = time.monotonic()
        self._destroyed = 0

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to others while the block runs."""
        if self._status:
            self._status.stop()
        yield
        if self._status:
            self._status.start()

    def say(self, message: str) -> None:
        """Print a line that stays."""
        self._console.print(Text(printable(message)), highlight=False, soft_wrap=True)

    def interject(self, message: str) -> None:
        """Print a line that stays, from a signal's handler: it may have come in the middle of another print."""
        apart = Console(file=self._console.file, highlight=False)  # what the other has begun, it would print again
        if self._console.is_terminal:
            apart.file.write("\r\x1b[2K")
        apart.print(Text(printable(message)), soft_wrap=True)

    def phase(self, text: str) -> None:
        """Tell what happens now."""
        if text == self._phase:
            return
        self._phase = text
        if self._status:
            self._status.update(Text(printable(text)))
        else:
            self.say(text)

    def terraform(self, progress: Progress) -> None:
        """Tell what Terraform does, resource by resource."""
        resource = progress.address.replace("module.", "")
        if progress.step is Step.DONE and progress.action == "delete":
            self._destroyed += 1
        elif progress.step is Step.DONE:
            self.say(f"  {resource} {_VERBS.get(progress.action, progress.action)} ({progress.elapsed_seconds:.0f} s)")
        elif progress.step in {Step.STARTED, Step.GOING_ON} and self._status:
            elapsed = f" {progress.elapsed_seconds:.0f} s" if progress.elapsed_seconds else ""
            self._status.update(Text(printable(f"{self._phase}: {resource}{elapsed}")))
        elif progress.step is Step.WARNING or (progress.step is Step.NOTE and "taken from" in progress.message):
            self.say(f"  {progress.message}")

    def taken_down(self) -> None:
        """Tell that AWS shows nothing any more."""
        self.say(f"  {plural(self._destroyed, 'resource')} destroyed; nothing is left")

    def kept(self, stack: Stack) -> None:
        """Say how to look at what stands, and how to remove it; wait for Ctrl-C where it goes with the run."""
        if self._status:
            self._status.stop()
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
        self._watched(
            f"Watching for {duration(seconds_left)} more: {received} received, {dropped} dropped, greatest age {age}"
        )

    def _watched(self, text: str) -> None:
        if self._status:
            self._status.update(Text(text))
        elif time.monotonic() - self._told_at >= _PLAIN_SECONDS:
            self._told_at = time.monotonic()
            self.say(text)
