"""The one line on a terminal that is written over while something takes its time."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from async_lab.wording import printable

_SPINNER_COLUMNS = 3


class MovingLine:
    """What a view tells with: it moves on a terminal, and elsewhere says when the next line of its own is due.

    ``is_wanted`` False shows none on a terminal either.
    """

    def __init__(self, console: Console, *, is_wanted: bool = True) -> None:
        self._console = console
        self._status: Status | None = console.status("") if console.is_terminal and is_wanted else None
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __bool__(self) -> bool:
        """Whether there is one."""
        return self._status is not None

    @property
    def text(self) -> str:
        """What it shows; empty where there is none."""
        return "" if self._status is None else str(self._status.status)

    def start(self) -> None:
        """Show it."""
        if self._status:
            self._status.start()

    def stop(self) -> None:
        """Leave the terminal to others."""
        if self._status:
            self._status.stop()

    def move(self, text: str) -> None:
        """Show a line in place of the one before, cut where the terminal ends: a line that wraps leaves traces."""
        if self._status:
            line = Text(printable(text.replace("\n", " ")), no_wrap=True, overflow="ellipsis")
            line.truncate(max(10, self._console.width - _SPINNER_COLUMNS), overflow="ellipsis")
            self._status.update(line)

    def is_due(self, every_seconds: float) -> bool:
        """Whether so long has passed, on the wall's clock, since this was last so: time for a line that stays."""
        is_due = time.monotonic() - self._told_at >= every_seconds
        if is_due:
            self._told_at = time.monotonic()
        return is_due
