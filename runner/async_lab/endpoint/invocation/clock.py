"""The endpoint's time, in epoch seconds."""

from __future__ import annotations

import time


class VirtualClock:
    """Stands still while requests come in and moves when someone waits; never backwards."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Return the present virtual time."""
        return self._now

    def move_to(self, at: float) -> None:
        """Make it ``at``, unless that is past already."""
        self._now = max(self._now, at)

    def restart(self, at: float) -> None:
        """Begin anew, for whom nothing has happened yet: the one way back."""
        self._now = at


class PacedClock(VirtualClock):
    """Runs by itself, ``speed`` times as fast as the wall's, and can be moved ahead as well."""

    def __init__(self, start: float, speed: float) -> None:
        super().__init__(start)
        self._speed = speed
        self._wall_start = time.monotonic()

    def now(self) -> float:
        """Return the present virtual time, to the instant."""
        return self._now + (time.monotonic() - self._wall_start) * self._speed

    def move_to(self, at: float) -> None:
        """Make it ``at``, unless that is past already."""
        self._now += max(0.0, at - self.now())

    def restart(self, at: float) -> None:
        """Begin anew, for whom nothing has happened yet: the one way back."""
        self._now, self._wall_start = at, time.monotonic()
