"""What is made to go wrong on request, besides what the twin's rules can: throttles of chosen functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

NO_ROOM = -1
"""A reserved concurrency of fewer than none: every attempt is throttled and, unlike at 0, its event is kept."""


@dataclass(slots=True)
class Throttling:
    """Throttles a function's attempts, as if others had used up all concurrency."""

    function: str
    attempts: int | None
    """How many are still throttled; None: all of them."""
    until: float | None
    """Epoch seconds on the endpoint's clock; None: until it is ended."""

    def holds(self, at: float) -> bool:
        """Whether an attempt at that time is throttled."""
        return self.attempts != 0 and (self.until is None or at < self.until)


class Faults:
    """All that is asked for, in every region of an endpoint; from any thread."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changing = threading.Lock()
        self._throttlings: list[Throttling] = []

    def throttle(self, function: str, attempts: int | None = None, until: float | None = None) -> Throttling:
        """Throttle a function's attempts from now on."""
        throttling = Throttling(function, attempts, until)
        with self._changing:
            self._throttlings.append(throttling)
        return throttling

    def end(self, throttling: Throttling) -> None:
        """Throttle no more; again is no harm."""
        with self._changing:
            self._throttlings = [each for each in self._throttlings if each is not throttling]

    def clear(self) -> None:
        """End all."""
        with self._changing:
            self._throttlings.clear()

    def is_throttled(self, function: str) -> bool:
        """Whether an attempt of the function's would be throttled now."""
        return bool(self._holding(function))

    def happened(self, function: str) -> None:
        """Count an attempt that was throttled."""
        for throttling in self._holding(function)[:1]:
            if throttling.attempts is not None:
                throttling.attempts -= 1

    def _holding(self, function: str) -> list[Throttling]:
        now = self._now()
        with self._changing:
            return [each for each in self._throttlings if each.function == function and each.holds(now)]
