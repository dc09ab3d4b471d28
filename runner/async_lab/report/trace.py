"""Events as a trace in Chrome's JSON format, which Perfetto opens: a thread for each event, a slice for each wait.

Source of the format: "Trace Event Format", which Perfetto's documentation names as what it imports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from async_lab.report.inferred import timeline_of
from async_lab.report.timeline import Row, Timeline
from async_lab.runs.result import RunResult

_MICROSECONDS = 1_000_000


def trace(results: Sequence[RunResult]) -> str:
    """Return the runs as one trace: a process for each run, time zero at its first event."""
    events = [event for number, result in enumerate(results, 1) for event in _process(result, number)]
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}, separators=(",", ":")) + "\n"


def _process(result: RunResult, number: int) -> Iterator[dict[str, Any]]:
    shown = timeline_of(result, most_rows=max(1, len(result.events), len(result.sent)))
    yield _name("process_name", f"{result.scenario.name}: {result.scenario.title}", number, 0)
    for thread, row in enumerate(shown.rows, 1):
        yield _name("thread_name", row.label, number, thread)
        yield from _thread(row, shown, number, thread)


def _name(kind: str, name: str, process: int, thread: int) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": process, "tid": thread, "args": {"name": name}}


def _thread(row: Row, shown: Timeline, process: int, thread: int) -> Iterator[dict[str, Any]]:
    common = {"pid": process, "tid": thread, "cat": "inferred" if shown.is_inferred else "event"}
    for track in row.tracks:
        for span in track.spans:
            name = "run" if span.is_running else "wait"
            yield common | {"ph": "X", "name": name, "ts": _micro(span.start), "dur": _micro(span.seconds)}
        for mark in track.marks:
            yield common | {
                "ph": "i",
                "s": "t",
                "name": str(mark.kind),
                "ts": _micro(mark.at),
                "args": {"what": mark.words},
            }


def _micro(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)
