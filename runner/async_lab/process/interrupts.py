"""Ctrl-C without orphans.

A Terraform that is interrupted cancels its request in flight: the resource may exist and the state doesn't know it. So
how often the user asked decides what happens:

==========  ====================================  ======================================================
how often   while Terraform changes something     otherwise
==========  ====================================  ======================================================
once        only noted; KeyboardInterrupt when    KeyboardInterrupt at once
            Terraform has finished
twice       one SIGINT for Terraform, and wait    only noted: what is being cleaned up goes on
three       KeyboardInterrupt; what stands stays  KeyboardInterrupt; what stands stays
more        as if nobody listened: Python's own   as if nobody listened
==========  ====================================  ======================================================

SIGTERM and SIGQUIT count like Ctrl-C. SIGHUP counts only if it is the first: a closing terminal sends it twice, through
the shell and by itself, and nobody is impatient. A signal that was ignored when the program started stays ignored.

Inside, an interruption travels as KeyboardInterrupt, because libraries (botocore's HTTP session) wrap and retry every
Exception. ``with Interrupts()`` turns it into Interrupted or Abandoned, also when it got lost on the way, as in a
finalizer; ``check`` raises it again in between, so that nothing new is begun.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType, TracebackType
from typing import Self

from async_lab.errors import EnvironmentFailure, Interrupted, LeftBehind
from async_lab.process import signals

_ONCE = 1
_TWICE = 2


def nothing_left_behind() -> Interrupted:
    """Return what a user is told who interrupted, when all was taken down."""
    return Interrupted("Interrupted; nothing is left behind.")


class Abandoned(LeftBehind):
    """The user left before the clean-up was done. The caller knows what may stand and says so."""


INTERRUPTIONS = (Abandoned, Interrupted, KeyboardInterrupt)
"""What ends a command that the user ended, before and after ``Interrupts`` has decided what it means."""


def _to_standard_error(message: str) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - the default way to tell the user


class Interrupts:
    """Decides what an interruption means at its moment. One for a whole command, entered in the main thread.

    One that was not entered listens to nothing: its blocks can be used all the same.
    """

    def __init__(self, say: Callable[[str], None] = _to_standard_error) -> None:
        self._say = say
        self._count = 0
        self._deferring: list[str] = []
        self._pending_interrupt = False
        self._stop: Callable[[], None] | None = None
        self._previous: signals.Previous = {}
        self._untold: list[str] = []
        self._is_telling = False

    def __enter__(self) -> Self:
        self._previous = signals.listen(self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_listening()
        got_lost = self.happened and (error is None or signals.is_consequence(error))
        if not got_lost and not isinstance(error, KeyboardInterrupt):
            return
        if self.user_has_left:
            raise Abandoned("You left before everything was taken down: something may still stand.") from error
        raise nothing_left_behind() from error

    @property
    def happened(self) -> bool:
        """Whether the user asked to stop."""
        return self._count > 0

    @property
    def user_has_left(self) -> bool:
        """Whether the user won't even wait for the clean-up."""
        return self._count > _TWICE

    @contextmanager
    def deferred(self, meanwhile: str) -> Iterator[None]:
        """Let the block finish before a first interruption takes effect.

        ``meanwhile`` tells the user what is being finished. The interruption is raised at the end of the outermost
        such block; it takes the place of an EnvironmentFailure, which then is only its consequence.
        """
        self._deferring.append(meanwhile)
        try:
            try:
                yield
            finally:
                self._deferring.pop()  # before looking whether one came: the next one is no longer held
        except EnvironmentFailure as failure:
            self._raise_pending(failure)
            raise
        self._raise_pending(None)

    def taking_down(self) -> AbstractContextManager[None]:
        """Let the block, which takes everything down, finish before a first interruption takes effect."""
        return self.deferred("Everything is being taken down already.")

    @contextmanager
    def forward_to(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` when the user asks a second time while the block runs."""
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    def check(self) -> None:
        """Raise an interruption again that got lost, before something new is begun; not in a held block."""
        if self.happened and not self._deferring:
            raise KeyboardInterrupt

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """End the block at an interruption, which the user was asked for: it doesn't count."""
        try:
            yield
        except KeyboardInterrupt:
            self._count = 0

    def _raise_pending(self, cause: EnvironmentFailure | None) -> None:
        if self._pending_interrupt and not self._deferring:
            self._pending_interrupt = False
            raise KeyboardInterrupt from cause

    def _received(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self._count:
            return
        self._count += 1
        if self._count == _ONCE:
            self._first()
        elif self._count == _TWICE:
            self._second()
        else:
            self._stop_listening()
            raise KeyboardInterrupt

    def _first(self) -> None:
        if not self._deferring:
            raise KeyboardInterrupt
        self._pending_interrupt = True
        self._tell(f"{self._deferring[0]} Press Ctrl-C again to stop Terraform.")

    def _second(self) -> None:
        if self._stop is None:
            self._tell("Cleaning up. Press Ctrl-C again to leave things as they are.")
            return
        self._tell("Stopping Terraform. Press Ctrl-C again to leave things as they are.")
        self._stop()

    def _tell(self, message: str) -> None:
        """Tell it, or leave it to the one of before, which this interruption may find in the middle of writing."""
        self._untold.append(message)
        while self._untold and not self._is_telling:
            self._is_telling = True
            try:
                # The terminal may be what went away; and a file that is just written to can't be written to meanwhile.
                with suppress(OSError, RuntimeError):
                    self._say(self._untold.pop(0))
            finally:
                self._is_telling = False

    def _stop_listening(self) -> None:
        signals.listen_as_before(self._previous)
        self._previous = {}
