"""What ``--json`` prints: always one object, with a list of runs, also when there was none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from async_lab.runs.document import as_json, document
from async_lab.runs.result import RunResult

SCHEMA = "async-lab/runs/1"
"""The number changes when a key goes or changes its meaning; ``docs/runs.schema.json`` describes each key."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a command ended before all of its runs were there."""

    message: str
    """One sentence, as on standard error."""
    exit_code: int


def text(results: Sequence[RunResult], error: Failure | None = None) -> str:
    """Return the runs that were made and what ended the command, if that wasn't their end."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "runs": [document(result) for result in results],
        "error": None if error is None else asdict(error),
    }
    return as_json(content)
