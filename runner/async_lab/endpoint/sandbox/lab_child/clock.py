"""The invocation's clock, in place of the process's own, and the alarm that goes off by it.

Time stands still while code computes and moves when it sleeps. ``time.time``, ``datetime`` and what else reads the
real-time clock are changed at C level by time-machine, so that modules which took them at import agree; ``sleep``,
``monotonic`` and ``perf_counter`` are replaced in the ``time`` module, which must happen before others import from it.

``signal.alarm`` and ``setitimer`` go off when virtual time reaches them, in a sleep or between two of them. A handler
that waits for the world outside lets none pass: then they go off after as many real seconds.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

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


_real_setitimer = signal.setitimer
_real_signal = signal.signal


class Alarm:
    """The process's one real-time interval timer. ``ALARM`` is it."""

    def __init__(self) -> None:
        self.at_ns: int | None = None
        self._interval_ns = 0

    def set(self, seconds: float, interval: float = 0.0) -> tuple[float, float]:
        """Set it, or with 0 take it back; return what was left of the one before, and its interval."""
        before = self.left()
        self._interval_ns = round(interval * _SECOND_NS)
        self.at_ns = CLOCK.now_ns + round(seconds * _SECOND_NS) if seconds > 0 else None
        _real_setitimer(signal.ITIMER_REAL, seconds, interval)
        return before

    def left(self) -> tuple[float, float]:
        """Return how many seconds are left, 0 without an alarm, and the interval."""
        left_ns = 0 if self.at_ns is None else max(self.at_ns - CLOCK.now_ns, 1)
        return left_ns / _SECOND_NS, self._interval_ns / _SECOND_NS

    def ring(self) -> None:
        """Go off because virtual time has come."""
        signal.raise_signal(signal.SIGALRM)

    def rang(self) -> None:
        """Note that it went off, whichever time came first."""
        if self.at_ns is None:
            return
        due_ns, self.at_ns = self.at_ns, None
        CLOCK.move_to(due_ns)
        if self._interval_ns:
            self.set(self._interval_ns / _SECOND_NS, self._interval_ns / _SECOND_NS)
        else:
            _real_setitimer(signal.ITIMER_REAL, 0)


ALARM = Alarm()


def install_alarm() -> None:
    """Replace what sets and handles the alarm; other timers and signals stay as they are."""
    signal.alarm = _alarm
    signal.setitimer = _setitimer
    signal.getitimer = _getitimer
    signal.signal = _signal  # type: ignore[assignment]


_real_getitimer = signal.getitimer


def _alarm(seconds: int) -> int:
    return round(ALARM.set(seconds)[0])


def _setitimer(which: Any, seconds: float, interval: float = 0.0) -> tuple[float, float]:
    if which != signal.ITIMER_REAL:
        return _real_setitimer(which, seconds, interval)
    return ALARM.set(seconds, interval)


def _getitimer(which: Any) -> tuple[float, float]:
    return ALARM.left() if which == signal.ITIMER_REAL else _real_getitimer(which)


def _signal(number: Any, handler: Any) -> Any:
    """Let a handler of the alarm begin at the alarm's own time."""
    wrapped = _at_its_time(handler) if number == signal.SIGALRM and callable(handler) else handler
    before = _real_signal(number, wrapped)
    return getattr(before, "handles_alarm", before)


def _at_its_time(handler: Callable[..., Any]) -> Callable[..., Any]:
    def handle(number: int, frame: Any) -> Any:
        ALARM.rang()
        return handler(number, frame)

    handle.handles_alarm = handler  # type: ignore[attr-defined]
    return handle
