"""The invocation's clock, in place of the process's own.

Time stands still while code computes and moves when it sleeps. ``time.time``, ``datetime`` and what else reads the
real-time clock are changed at C level by time-machine, so that modules which took them at import agree; ``sleep``,
``monotonic`` and ``perf_counter`` are replaced in the ``time`` module, which must happen before others import from it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from time_machine import Traveller

real_sleep = time.sleep
real_monotonic = time.monotonic

_SECOND_NS = 1_000_000_000
NEVER_NS = 1 << 63


class Clock:
    """Virtual nanoseconds since the epoch. One instance, ``CLOCK``, is the whole process's."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.is_frozen = False
        self._started_ns = 0
        self._deadline_ns = NEVER_NS
        self._moving = threading.Lock()
        self._traveller: Traveller | None = None
        self.looked: Callable[[FrameType], None] = lambda _frame: None
        """What to call with whoever looks at the clock."""
        self._moved: Callable[[int], None] = lambda _now_ns: None
        self._expire: Callable[[], None] = lambda: None

    def start(self, now_ns: int, moved: Callable[[int], None], expire: Callable[[], None]) -> None:
        """Begin at ``now_ns``; call ``moved`` after each move and ``expire``, once, when the deadline is reached."""
        import time_machine

        self.now_ns = self._started_ns = now_ns
        self._traveller = time_machine.travel(0, tick=False).start()
        self._traveller.shift(now_ns / _SECOND_NS)
        self._traveller.time_ns = self._look  # type: ignore[method-assign]  # which time-machine asks for every time
        self._moved, self._expire = moved, expire

    def begin(self, now_ns: int, deadline_ns: int) -> None:
        """Set it for an invocation."""
        with self._moving:
            self._deadline_ns = deadline_ns
            self._set(now_ns)
            self.is_frozen = False

    def move_to(self, at_ns: int) -> None:
        """Let time pass until then, unless it has or is frozen; it doesn't return from the deadline."""
        with self._moving:
            if self.is_frozen:
                return
            self._set(max(self.now_ns, min(at_ns, self._deadline_ns)))
            if at_ns >= self._deadline_ns:
                self._end()  # with the lock: no other thread has the last word

    def freeze(self) -> None:
        """Stop until the next invocation: what runs on in other threads gets no time, as on Lambda."""
        with self._moving:
            self.is_frozen = True

    def monotonic_ns(self) -> int:
        """Return what ``time.monotonic_ns`` says: since the environment's start."""
        return self.now_ns - self._started_ns

    def _look(self) -> int:
        self.looked(sys._getframe(1))  # noqa: SLF001 -- documented
        return self.now_ns

    def _set(self, at_ns: int) -> None:
        if at_ns != self.now_ns and self._traveller is not None:
            self._traveller.shift((at_ns - self.now_ns) / _SECOND_NS)
            self.now_ns = at_ns
            self._moved(at_ns)

    def _end(self) -> NoReturn:
        self._expire()
        while True:  # Lambda stops the process here: whoever owns it will
            real_sleep(1)


CLOCK = Clock()
