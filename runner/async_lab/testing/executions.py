"""Executions of a function, read from what Lambda wrote to its log: in its text format, or as JSON."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from async_lab.observation.events import Outcome

_START = re.compile(r"START RequestId: (?P<id>\S+)(?: Version: (?P<version>\S+))?")
_REPORT = re.compile(r"REPORT RequestId: (?P<id>\S+)\s+Duration: (?P<duration>[\d.]+) ms")
_INIT = re.compile(r"\tInit Duration: (?P<init>[\d.]+) ms")
_STATUS = re.compile(r"\tStatus: (?P<status>\w+)")
_ERROR_TYPE = re.compile(r"\tError Type: (?P<type>\S+)")
_RAISED = re.compile(r"\[ERROR\] (?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>[^\r\n]*))?[\r\n]+Traceback ")
"""What Lambda's Python writes of an exception that nobody caught; a handler's own logger writes a tab in its place."""
_TIMED_OUT = " Task timed out after "
_OUTCOMES = {
    "success": Outcome.SUCCESS,
    "error": Outcome.ERROR,
    "failure": Outcome.ERROR,
    "timeout": Outcome.TIMEOUT,
}
"""By the status of a ``platform.report`` (doc, Telemetry API)."""
_TIMEOUT_ERROR = "Sandbox.Timedout"
_STAMPS_PER_SECOND = 1_000


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of the function's code, as its log shows it."""

    request_id: str
    began_at: float
    """When the handler began, after a cold start's initialization; epoch seconds."""
    log_group: str
    log_stream: str
    version: str | None = None
    duration_seconds: float | None = None
    """None while it runs."""
    init_seconds: float | None = None
    outcome: Outcome | None = None
    """None while it runs, and where the log doesn't say: in the text format nothing is written of a success."""
    error_type: str | None = None
    error_message: str | None = None

    @property
    def at(self) -> float:
        """When the attempt began, with its initialization; epoch seconds."""
        return self.began_at - (self.init_seconds or 0.0)


def executions(group: str, log_events: Iterable[Mapping[str, Any]]) -> list[Execution]:
    """Return the executions that a log group's events tell of, in the order in which they began."""
    by_stream: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in log_events:
        by_stream[event["logStreamName"]].append(event)
    found = [run for stream, events in by_stream.items() for run in _in_stream(group, stream, events)]
    return sorted(found, key=lambda run: run.at)


def _in_stream(group: str, stream: str, events: Iterable[Mapping[str, Any]]) -> Iterator[Execution]:
    """Yield what ran in one execution environment, which runs one event at a time."""
    running: Execution | None = None
    for event in events:
        text, at = event["message"], event["timestamp"] / _STAMPS_PER_SECOND
        said = _json(text)
        if begun := _begun(text, said):
            if running is not None:
                yield running
            running = Execution(begun[0], at, group, stream, begun[1])
        elif running is not None:
            running = _told(running, text, said)
    if running is not None:
        yield running


def _begun(text: str, said: Mapping[str, Any]) -> tuple[str, str | None] | None:
    if match := _START.match(text):
        return match["id"], match["version"]
    if said.get("type") == "platform.start":
        return said["record"]["requestId"], said["record"].get("version")
    return None


def _told(running: Execution, text: str, said: Mapping[str, Any]) -> Execution:
    """Return an execution with what one more line of its environment says of it."""
    if said.get("type") == "platform.report" and said["record"].get("requestId") == running.request_id:
        return _reported(running, said["record"])
    if "errorType" in said and "stackTrace" in said:
        return replace(running, error_type=said["errorType"], error_message=said.get("errorMessage"))
    if (report := _REPORT.match(text)) and report["id"] == running.request_id:
        return _reported_as_text(running, float(report["duration"]), text)
    if raised := _RAISED.match(text):
        message = raised["message"] or None
        return replace(running, outcome=Outcome.ERROR, error_type=raised["type"], error_message=message)
    return _timed_out(running) if _TIMED_OUT in text and running.request_id in text else running


def _reported_as_text(running: Execution, duration_ms: float, text: str) -> Execution:
    init, status, kind = _INIT.search(text), _STATUS.search(text), _ERROR_TYPE.search(text)
    init_seconds = float(init["init"]) / 1_000 if init else None
    ended = replace(running, duration_seconds=duration_ms / 1_000, init_seconds=init_seconds)
    if status is None:
        return ended
    if status["status"] == "timeout":
        return _timed_out(ended)
    named = kind["type"] if kind else ended.error_type
    return replace(ended, outcome=_OUTCOMES.get(status["status"], ended.outcome), error_type=named)


def _reported(running: Execution, record: Mapping[str, Any]) -> Execution:
    metrics = record.get("metrics", {})
    init = metrics.get("initDurationMs")
    ended = replace(
        running,
        duration_seconds=metrics.get("durationMs", 0.0) / 1_000,
        init_seconds=None if init is None else init / 1_000,
        outcome=_OUTCOMES.get(record.get("status", ""), running.outcome),
        error_type=running.error_type or record.get("errorType"),
    )
    return _timed_out(ended) if ended.outcome is Outcome.TIMEOUT else ended


def _timed_out(run: Execution) -> Execution:
    return replace(run, outcome=Outcome.TIMEOUT, error_type=_TIMEOUT_ERROR)


def _json(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    is_whole = isinstance(said, dict) and (not str(said.get("type")).startswith("platform.") or _has_record(said))
    return said if is_whole else {}


def _has_record(said: Mapping[str, Any]) -> bool:
    return isinstance(said.get("record"), dict) and "requestId" in said["record"]
