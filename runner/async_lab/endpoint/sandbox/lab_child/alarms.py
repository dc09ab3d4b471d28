"""``signal.alarm`` and ``setitimer`` in virtual time, with real time behind it.

The alarm goes off when virtual time reaches it, in a sleep or between two of them. A handler that waits for the world
outside lets none pass: then it goes off after as many real seconds.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from .clock import CLOCK

_real_setitimer = signal.setitimer
_real_signal = signal.signal
_SECOND_NS = 1_000_000_000


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


def install() -> None:
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
