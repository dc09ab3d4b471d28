"""Numbers that a request may name, between a lowest and a highest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Range = tuple[int, int]


def problem(request: Mapping[str, Any], ranges: Mapping[str, Range]) -> str | None:
    """Return the sentence with which Lambda refuses the first number out of its range; None when it doesn't."""
    for name, (lowest, highest) in ranges.items():
        value = request.get(name)
        if value is not None and not lowest <= value <= highest:
            bound, limit = ("greater", lowest) if value < lowest else ("less", highest)
            field = name[0].lower() + name[1:]
            return (
                f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: "
                f"Member must have value {bound} than or equal to {limit}"
            )
    return None
