"""A run as data. The document has a version, holds no secret, and is for programs: keys stay, new ones may come."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from async_lab.diagnosis import Evidence, Figure, Finding
from async_lab.errors import EnvironmentFailure
from async_lab.invoke import SentEvent
from async_lab.observation.events import Attempt, Event
from async_lab.observation.metrics import Metrics, MetricSeries
from async_lab.runs.result import RunResult
from async_lab.scenario import Scenario
from async_lab.scenario.expectations import Comparison
from async_lab.timestamps import iso

SCHEMA = "async-lab/run/2"
"""The number changes when a key goes or changes its meaning; ``docs/result.schema.json`` describes each key."""
FILE_NAME = "result.json"
_SEEN = tuple(field.name for field in fields(Event) if field.name not in ("request_id", "payload"))


def document(result: RunResult) -> dict[str, Any]:
    """Return a run as plain values. Times are ISO 8601 in UTC, durations seconds, metrics in CloudWatch's units."""
    return {
        "schema": SCHEMA,
        "run_id": result.run_id,
        "scenario": result.scenario.name,
        "configuration": _configuration(result.scenario),
        "target": {
            "name": result.place.target,
            "account_id": result.place.account_id,
            "region": result.place.region,
            "function_name": result.function_name,
        },
        "seed": result.seed,
        "started_at": moment(result.started_at),
        "ended_at": moment(result.ended_at),
        "is_as_expected": result.is_as_expected,
        "findings": [finding_document(finding) for finding in result.findings],
        "expectations": [_comparison(comparison) for comparison in result.comparisons],
        "metrics": metrics_document(result.metrics),
        "events": events(result.sent, result.events),
        "alarms": [asdict(alarm) | {"at": moment(alarm.at)} for alarm in result.alarms],
        "gaps": list(result.gaps),
        "wall_seconds": dict(result.wall_seconds),
    }


def prepare(directory: Path) -> None:
    """Make the directory that results go into. Raises EnvironmentFailure when none can be written there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=directory).close()
    except OSError as error:
        raise _unwritable(directory, error) from error


def write(result: RunResult, directory: Path) -> Path:
    """Write a run's document into a directory, made if need be, and return the file.

    Raises EnvironmentFailure when that can't be done; what was there before then stays.
    """
    file = directory / FILE_NAME
    beside = directory / f".{FILE_NAME}.{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        beside.write_text(text(result), encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise _unwritable(file, error) from error
    return file


def _unwritable(path: Path, error: OSError) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"{path} can't be written ({error.strerror}): make the directory writable, or name another with --out."
    )


def text(result: RunResult) -> str:
    """Return a run's document as it is written."""
    return as_json(document(result))


def as_json(value: Any) -> str:
    """Return plain values as JSON, in characters that every encoding of a terminal or a file has."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"  # NaN and Infinity are no JSON


def moment(at: float) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return iso(at)


def _moment(at: float | None) -> str | None:
    return None if at is None else moment(at)


def _configuration(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario's variables under their own names, without its file's path, which tells of the machine."""
    values = asdict(scenario)
    del values["path"]
    behavior = values["behavior"] | {"mix": list(values["behavior"]["mix"])}
    trigger = values["trigger"] | {"endings": list(values["trigger"]["endings"])}
    return values | {
        "name": values.pop("stack_name"),
        "behavior": behavior,
        "trigger": trigger,
        "expectations": list(values["expectations"]),
    }


def events(sent: Sequence[SentEvent], seen: Sequence[Event]) -> list[dict[str, Any]]:
    """Return each event once: what its sender saw, and what became of it, as far as that is known.

    Those that nobody of ours sent come last.
    """
    by_id = {event.request_id: event for event in seen}
    both = [(one, by_id.pop(one.request_id or "", None)) for one in sent]
    return [_event(one, event) for one, event in (*both, *((None, event) for event in by_id.values()))]


def _event(sent: SentEvent | None, event: Event | None) -> dict[str, Any]:
    request_id = event.request_id if event else sent.request_id if sent else None
    return {"request_id": request_id, "state": state(event)} | _as_sent(sent) | _as_seen(event)


def _as_sent(sent: SentEvent | None) -> dict[str, Any]:
    if sent is None:
        return dict.fromkeys(("event_id", "sent_at", "answer"))
    return {"event_id": sent.event_id, "sent_at": moment(sent.at), "answer": sent.outcome}


def _as_seen(event: Event | None) -> dict[str, Any]:
    """Return what became of an event; None and nothing where that isn't known. Its payload stays out."""
    if event is None:
        return dict.fromkeys(_SEEN) | {"attempts": [], "deliveries": []}
    return {
        "function": event.function,
        "qualifier": event.qualifier,
        "accepted_at": moment(event.accepted_at),
        "attempts": [_attempt(attempt) for attempt in event.attempts],
        "condition": event.condition,
        "ended_at": _moment(event.ended_at),
        "next_attempt_at": _moment(event.next_attempt_at),
        "maximum_event_age_seconds": event.maximum_event_age_seconds,
        "deliveries": [asdict(delivery) for delivery in event.deliveries],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt; its log lines stay where they are, only where that is is told."""
    values = asdict(replace(attempt, look_up=None)) | {"at": moment(attempt.at)}
    del values["look_up"]
    return values


def state(event: Event | None) -> str:
    """Return what has become of an event: ``succeeded``, ``dropped``, ``pending``, or ``unknown``."""
    if event is None:
        return "unknown"
    if event.is_pending:
        return "pending"
    return "dropped" if event.is_dropped else "succeeded"


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain values."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "title": finding.title,
        "explanation": finding.explanation,
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "alternatives": list(finding.alternatives),
        "advice": list(finding.advice),
        "source": finding.source,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    if isinstance(evidence, Figure):
        minutes = [moment(minute) for minute in evidence.minutes]
        return {"kind": "metric"} | asdict(evidence) | {"minutes": minutes, "words": evidence.words}
    return {"kind": "fact"} | asdict(evidence) | {"words": evidence.words}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    expectation = comparison.expectation
    return asdict(expectation) | {
        "unit": expectation.unit,
        "expected": expectation.words,
        "seen": comparison.seen,
        "value": comparison.value,
        "is_met": comparison.is_met,
    }


def metrics_document(metrics: Metrics) -> dict[str, Any]:
    """Return metrics by minute as plain values; one that is absent has no data points."""
    return {name: {"unit": series.unit, "data_points": _data_points(series)} for name, series in metrics.items()}


def _data_points(series: MetricSeries) -> list[dict[str, Any]]:
    return [
        {
            "minute": moment(point.minute),
            "sample_count": point.sample_count,
            "sum": point.sum,
            "minimum": point.minimum,
            "maximum": point.maximum,
            "average": point.average,
        }
        for point in series.points
    ]
