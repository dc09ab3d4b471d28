"""Waiting in virtual time, with any number of threads.

A thread that waits for a time gives the clock a reason to move; it moves once nothing computes any more, that is when
every thread of the process waits, and then to the earliest of those times. A thread alone need not ask.
Whether a thread waits shows in its innermost Python frame. That a thread which was just woken still looks like a
waiting one is why the clock moves only after it has looked so a few times in a row.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType

from .clock import CLOCK, real_sleep

_NAP_SECONDS = 0.002
_QUIET_NAPS = 3
_WAITING = {
    ("threading.py", "wait"),
    ("threading.py", "join"),
    ("threading.py", "_wait_for_tstate_lock"),
    ("thread.py", "_worker"),  # concurrent.futures: a pool's idle thread
    ("selectors.py", "select"),  # asyncio: a loop without anything to do
}

_wakes_at_ns: dict[int, int] = {}
"""By thread, the time that it waits for."""


def wait_until(at_ns: int, happens: Callable[[float], bool]) -> bool:
    """Wait for a time or for something that happens first; return whether it did.

    ``happens`` waits for it a given number of real seconds.
    """
    if happens(0):
        return True
    me = threading.get_ident()
    _wakes_at_ns[me] = at_ns
    try:
        return _wait(at_ns, happens)
    finally:
        _wakes_at_ns.pop(me, None)  # a signal's handler may have waited within


def _wait(at_ns: int, happens: Callable[[float], bool]) -> bool:
    quiet_naps = 0
    while CLOCK.now_ns < at_ns:
        if quiet_naps >= _QUIET_NAPS or _is_alone():
            CLOCK.move_to(at_ns)
        elif happens(_NAP_SECONDS):
            return True
        else:
            quiet_naps = quiet_naps + 1 if _is_next(at_ns) else 0
    return False


def sleep(seconds: float) -> None:
    """Replace ``time.sleep``."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    wait_until(CLOCK.now_ns + round(seconds * 1e9), _nothing_happens)


def _nothing_happens(real_seconds: float) -> bool:
    real_sleep(real_seconds)
    return False


def _is_alone() -> bool:
    return len(sys._current_frames()) == 1  # noqa: SLF001 -- documented, whatever its name


def _is_next(at_ns: int) -> bool:
    """Whether every thread waits, and none for an earlier time."""
    frames = sys._current_frames().items()  # noqa: SLF001
    return at_ns <= min(_wakes_at_ns.values()) and all(
        thread in _wakes_at_ns or _is_waiting(frame) for thread, frame in frames
    )


def _is_waiting(frame: FrameType) -> bool:
    code = frame.f_code
    return (code.co_filename.rpartition("/")[2], code.co_name) in _WAITING
