"""The endpoint's time: it stands still while requests come in and moves when someone waits."""

from __future__ import annotations


class VirtualClock:
    """Seconds since the epoch, moved by whoever owns it and never backwards."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Return the present virtual time, in epoch seconds."""
        return self._now

    def move_to(self, at: float) -> None:
        """Make it ``at``, unless that is past already."""
        self._now = max(self._now, at)
