"""JSON that callers and handlers wrote, who may have written anything."""

from __future__ import annotations

import json
from typing import Any


def read(text: str | bytes) -> Any:
    """Return what a text says in JSON.

    Raises ValueError when it is none. Python reads some 900 levels of nesting; what is nested deeper counts as none,
    as with readers that AWS's services are built on, which stop at 1,000 (assumed: the default of Jackson 2.15).
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def is_json(text: Any) -> bool:
    """Whether something is a text in JSON."""
    try:
        read(text)
    except (TypeError, ValueError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")  # though Python reads it
