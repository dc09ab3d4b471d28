"""How numbers are said to people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

_IN_SECONDS_BELOW = 120  # 90 s and 110 s are how Lambda's own settings say it


def amount(value: float, unit: str) -> str:
    """Return a metric's value in words; ``unit`` is CloudWatch's."""
    return duration(value / 1000) if unit == "Milliseconds" else count(value)


def count(value: float) -> str:
    """Return a number with at most two decimals and thousands apart: ``1,234``, ``0.5``."""
    return f"{round(value, 2):,.2f}".rstrip("0").rstrip(".")


def duration(seconds: float) -> str:
    """Return a duration with as much precision as one can use: ``34 ms``, ``7.8 s``, ``2 min 10 s``, ``6 h``."""
    if round(seconds, 3) < 1:
        return f"{count(round(seconds * 1000))} ms"
    if round(seconds, 1) < _IN_SECONDS_BELOW:
        return f"{count(round(seconds, 1))} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number)


def plural(number: float, noun: str) -> str:
    """Return ``1 event``, ``2 events``, ``no events``."""
    return f"{count(number) if number else 'no'} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Return the text with each character that would do something to a terminal, but line ends, as its escape."""
    return "".join(
        character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
        for character in text
    )


def shortened(text: str, most: int = 80) -> str:
    """Return the text, or its beginning if it is longer than anybody reads."""
    return text if len(text) <= most else f"{text[:most]}…"


def listed(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last


def since(seconds: float) -> str:
    """Return a time since a run's first event: ``t+1:30``, ``t+0:00``, ``t-0:45``, ``t+1:00:00``."""
    whole = round(abs(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and whole else "+"
    return f"t{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"t{sign}{minutes}:{rest:02}"


def clock_time(at: float) -> str:
    """Return the time of day of epoch seconds, in UTC: ``08:23:45``."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def between(start: float, end: float) -> str:
    """Return two instants in epoch seconds, with their date once: ``2026-11-23 05:34:00 to 08:34:00 UTC``."""
    day, time = moment(end).split(" ", 1)
    same_day = moment(start).startswith(day)
    return f"{moment(start).removesuffix(' UTC')} to {time if same_day else moment(end)}"


def moment(at: float) -> str:
    """Return an instant in epoch seconds with its date: ``2026-11-23 08:23:00 UTC``."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
