"""Waiting in virtual time: asleep, blocked, or in a loop that looks at the clock; with any number of threads.

A thread that waits for a time gives the clock a reason to move. It moves when nothing computes, that is when every
thread waits in one of the ways that we know, and then to the earliest of those times; so threads that sleep side by
side take as long as the longest, and one in the background drives nobody's clock. A thread alone need not ask.

A thread blocked in a way that we don't know, such as by a lock, can't be told from one that computes or talks to the
world, except that it uses no processor time: after a while without any it counts as waiting too. The while is counted
in naps that we took, as in each of them it got the processor if it wanted it: a machine that has stopped us, or that
has others to run, makes naps longer and not more. Daemon threads have no such patience: they flush and poll in the
background, often while the handler waits for an answer.

``while time.time() < end`` would never end, because the clock stands still while it looks. Whoever looks again and
again from one place of one running function, and compares what it sees, is taken to wait: from some looks on each lets
a little time pass. None of it rests on how fast the machine is. A loop over many items that takes each one's time, or
that logs, compares nothing and moves no clock.
"""

from __future__ import annotations

import dis
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType

from .clock import ALARM, CLOCK, NEVER_NS, real_sleep

_NAP_SECONDS = 0.002
_FROZEN_NAP_SECONDS = 0.05
_PATIENCE_NAPS = 400
"""A second, or more on a busy machine."""
_IDLE_PROCESSOR_SECONDS = 0.1
"""Of processor time in as long as our patience lasts; the naps take some."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a thread waits for. ``is_blocked`` is false as soon as it happened, though the thread may not run yet."""

    at_ns: int
    is_blocked: Callable[[], bool]


_waits: dict[int, Wait] = {}
"""By thread."""
_starting: set[int] = set()
"""Threads that start another one, which is nowhere to be seen until it runs."""


@contextmanager
def waiting(is_blocked: Callable[[], bool], at_ns: int = NEVER_NS) -> Iterator[None]:
    """Let the others know that this thread waits."""
    me = threading.get_ident()
    outer = _waits.get(me)  # of a thread whose signal handler waits
    _waits[me] = Wait(at_ns, is_blocked)
    try:
        yield
    finally:
        _waits.pop(me)
        if outer is not None:
            _waits[me] = outer


@contextmanager
def starting() -> Iterator[None]:
    """Let the clock stand while this thread starts another one."""
    me = threading.get_ident()
    _starting.add(me)
    try:
        yield
    finally:
        _starting.discard(me)


def move(at_ns: int) -> None:
    """Let time pass until then; an alarm that is due before goes off at its own time, and may raise."""
    while ALARM.at_ns is not None and ALARM.at_ns <= at_ns and not CLOCK.is_frozen:
        CLOCK.move_to(ALARM.at_ns)
        ALARM.ring()
        if threading.current_thread() is not threading.main_thread():
            break  # the main thread handles it, when it runs
    CLOCK.move_to(at_ns)


def wait_until(at_ns: int, happens: Callable[[float], bool], is_blocked: Callable[[], bool] = lambda: True) -> bool:
    """Wait for a time or for something that happens first; return whether it did.

    ``happens`` waits for it a given number of real seconds.
    """
    if happens(0):
        return True
    with waiting(is_blocked, at_ns):
        patience = None if threading.current_thread().daemon else _Patience()
        while CLOCK.now_ns < at_ns:
            if _is_next(at_ns) and (_all_wait() or (patience and patience.is_over())):
                move(at_ns)
            elif happens(_FROZEN_NAP_SECONDS if CLOCK.is_frozen else _NAP_SECONDS):
                return True
    return False


def sleep(seconds: float) -> None:
    """Replace ``time.sleep``."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    wait_until(CLOCK.now_ns + round(seconds * 1e9), _nothing_happens)


class _Patience:
    """Is over when the process has hardly used its processor for a while, and begins again."""

    def __init__(self) -> None:
        self._begin()

    def is_over(self) -> bool:
        """Return whether it is, and be asked once before each nap."""
        self._naps += 1
        if self._naps <= _PATIENCE_NAPS:
            return False
        was_idle = time.process_time() - self._processor_since < _IDLE_PROCESSOR_SECONDS
        self._begin()
        return was_idle

    def _begin(self) -> None:
        self._naps, self._processor_since = 0, time.process_time()


def _nothing_happens(real_seconds: float) -> bool:
    real_sleep(real_seconds)
    return False


def _is_next(at_ns: int) -> bool:
    return not CLOCK.is_frozen and at_ns <= min(wait.at_ns for wait in list(_waits.values()))


def _all_wait() -> bool:
    frames = sys._current_frames()  # noqa: SLF001 -- documented, whatever its name
    return not _starting and all(_is_waiting(thread, frame) for thread, frame in frames.items())


def _is_waiting(thread: int, frame: FrameType) -> bool:
    wait = _waits.get(thread)
    return wait.is_blocked() if wait else _is_idle_worker(frame)


def _is_idle_worker(frame: FrameType) -> bool:
    """Whether it is a thread of concurrent.futures's pool without work; its queue waits where we can't see it."""
    code = frame.f_code
    if code.co_name != "_worker" or not code.co_filename.endswith("concurrent/futures/thread.py"):
        return False
    return bool(frame.f_locals["work_queue"].empty())


_LOOKS = 100
"""From one place, before they count as waiting."""
_STEP_NS = 10_000_000
_INSTRUCTIONS = 12
"""After a look within which it must be compared."""
_PLACES = 64

_seen: dict[tuple[int, CodeType, int], tuple[FrameType, int, int]] = {}
"""By thread and place: the function that looked, how often, and at which time."""


def looked(frame: FrameType) -> None:
    """Note that ``frame`` looks at the clock, or what it is called by does so through it."""
    for each in (frame, frame.f_back):
        if each is not None and _compares(each.f_code, each.f_lasti):
            _count(each)


def forget_looks() -> None:
    """Hold on to no function that looked."""
    _seen.clear()


def _count(frame: FrameType) -> None:
    place = threading.get_ident(), frame.f_code, frame.f_lasti
    seen, count, at_ns = _seen.get(place, (None, 0, 0))
    is_again = seen is frame and at_ns == CLOCK.now_ns
    count = count + 1 if is_again else 0
    if count > _LOOKS:
        move(CLOCK.now_ns + _STEP_NS)
    if len(_seen) >= _PLACES and place not in _seen:
        _seen.clear()
    _seen[place] = frame, count, CLOCK.now_ns


@lru_cache(maxsize=1_024)
def _compares(code: CodeType, offset: int) -> bool:
    """Whether what is called at an instruction is compared soon after."""
    left = 0
    for instruction in dis.get_instructions(code):
        if instruction.offset > offset:
            left += 1
            if instruction.opname == "COMPARE_OP":
                return True
            if left > _INSTRUCTIONS or instruction.opname.startswith("JUMP_BACKWARD"):
                return False
    return False
