"""Loops that wait for a time by looking at the clock, which stands still while they do.

``while time.time() < end`` would never end. Whoever looks again and again from one place of one running function, and
compares what it sees, is taken to wait: from some looks on each lets a little time pass. Neither rests on how fast the
machine is. A loop over many items that takes each one's time, or that logs, compares nothing and moves no clock.
"""

from __future__ import annotations

import dis
import threading
from functools import lru_cache
from types import CodeType, FrameType

from .clock import CLOCK
from .waits import move

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


def forget() -> None:
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
