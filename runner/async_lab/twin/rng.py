"""Randomness by counter: a number follows from what it is for, not from when it is drawn.

The order in which events are evaluated changes nothing, and an array of keys gives the same numbers as a loop.
"""

from __future__ import annotations

from enum import IntEnum

_MASK = (1 << 64) - 1
_GOLDEN_GAMMA = (
    0x9E3779B97F4A7C15  # SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014
)


class Draw(IntEnum):
    """What a number is drawn for: each purpose has a sequence of its own."""

    DISPATCH = 0
    WAIT = 1
    SYSTEM_ERROR = 2
    DUPLICATE = 3
    REQUEST_ID = 4
    WORKLOAD = 5
    ROUTE = 6


class Numbers:
    """The random numbers of one purpose under one seed, by event and attempt."""

    __slots__ = ("_state",)

    def __init__(self, seed: int, draw: Draw) -> None:
        self._state = _mix((seed & _MASK) + _GOLDEN_GAMMA * (draw + 1))

    def of_event(self, event: int) -> int:
        """Return where the numbers of all attempts at an event come from: half the work of each, for ``symmetric``."""
        return _mix(self._state + _GOLDEN_GAMMA * (event + 1))

    def bits(self, event: int, attempt: int) -> int:
        """Return 64 random bits for one attempt at one event."""
        return _bits(self.of_event(event), attempt)

    def long_bits(self, event: int) -> int:
        """Return 128 random bits for an event."""
        of_event = self.of_event(event)
        return _bits(of_event, 0) << 64 | _bits(of_event, 1)

    def uniform(self, event: int, attempt: int = 0) -> float:
        """Return a number in [0, 1)."""
        return (self.bits(event, attempt) >> 11) * 2.0**-53


def symmetric(of_event: int, attempt: int) -> float:
    """Return a number in [-1, 1) for one attempt at the event that ``Numbers.of_event`` was asked for."""
    return (_mix(of_event + _GOLDEN_GAMMA * (attempt + 1)) >> 11) * 2.0**-52 - 1.0


def seed_of_run(seed: int, ordinal: int) -> int:
    """Return the seed of the run with this number (0, 1, 2, …) on one twin; the first run's is the seed itself."""
    return _mix((seed & _MASK) + _GOLDEN_GAMMA * ordinal) if ordinal else seed


def _bits(of_event: int, attempt: int) -> int:
    return _mix(of_event + _GOLDEN_GAMMA * (attempt + 1))


def _mix(state: int) -> int:  # with numbers and not their names, which would cost a third
    state &= 0xFFFFFFFFFFFFFFFF
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return state ^ (state >> 31)
