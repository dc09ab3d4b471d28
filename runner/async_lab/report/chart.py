"""Charts one character high."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from async_lab.report.timeline import Kind


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters beyond ASCII that the report draws with, or what stands for them."""

    levels: str
    """From the lowest value, 0, to the highest."""
    nothing: str
    """Where there is no data point."""
    met: str
    not_met: str
    bullet: str
    separator: str
    running: str
    waiting: str
    limit: str
    not_equal: str
    marks: Mapping[Kind, str]
    """What happened to an event at one time."""

    def sparkline(self, values: Sequence[float | None]) -> str:
        """Return one character per value, None for no data point; the highest value has full height."""
        highest = max((value for value in values if value is not None), default=0)
        return "".join(self.nothing if value is None else self._level(value, highest) for value in values)

    def _level(self, value: float, highest: float) -> str:
        if value <= 0:
            return self.levels[0]
        steps = len(self.levels) - 1
        return self.levels[max(1, round(value / highest * steps))]


_UNICODE_MARKS = {
    Kind.DROPPED: "▼",
    Kind.FAILED: "!",
    Kind.TIMED_OUT: "T",
    Kind.SYSTEM_ERROR: "S",
    Kind.THROTTLED: "×",  # noqa: RUF001 - it is the sign that is meant, and one column wide everywhere
    Kind.SUCCEEDED: "✓",
}
_ASCII_MARKS = _UNICODE_MARKS | {Kind.DROPPED: "v", Kind.THROTTLED: "x", Kind.SUCCEEDED: "o"}
UNICODE = Glyphs("▁▂▃▄▅▆▇█", "·", "✓", "✗", "•", " · ", "█", "─", "│", "≠", _UNICODE_MARKS)
ASCII = Glyphs("_.:=+*%#", "-", "ok", "NO", "-", ", ", "#", "-", "|", "!=", _ASCII_MARKS)
