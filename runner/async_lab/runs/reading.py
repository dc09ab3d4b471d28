"""A run's document read back. What is written and read again is the same, to the millisecond."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from async_lab.diagnosis import Confidence, Evidence, Fact, Figure, Finding, Severity
from async_lab.errors import UsageError
from async_lab.invoke import SentEvent
from async_lab.observation.alarms import AlarmChange
from async_lab.observation.events import Attempt, Delivery, Event, Outcome
from async_lab.observation.metrics import METRIC_NAMES, DataPoint, Metrics, MetricSeries
from async_lab.runs.document import SCHEMA
from async_lab.runs.result import Location, RunResult
from async_lab.scenario import Scenario, scenario_of
from async_lab.scenario.expectations import Comparison, Expectation
from async_lab.wording import shortened

T = TypeVar("T")


def read(file: Path) -> RunResult:
    """Read the document of one run. Raises UsageError when the file can't be read, or holds something else."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} can't be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:  # no JSON, or no UTF-8, or nested without end
        raise UsageError(f"{file} is no run's document: it isn't JSON ({error}).") from error
    try:
        return parse(found)
    except UsageError as error:
        raise UsageError(f"{file} {error}") from error


def parse(found: Any) -> RunResult:
    """Return the run that a document tells of. Raises UsageError, which says what is wrong with the document."""
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        raise UsageError(
            f'is no run\'s document: its "schema" is {shortened(json.dumps(schema))}, it must be "{SCHEMA}".'
        )
    try:
        return _run(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"is no whole document of a run ({type(error).__name__}: {error}).") from error


def _run(run: Mapping[str, Any]) -> RunResult:
    target = run["target"]
    return RunResult(
        run_id=run["run_id"],
        scenario=_scenario(run["scenario"], run["configuration"]),
        place=Location(target["name"], target["account_id"], target["region"]),
        function_name=target["function_name"],
        seed=run["seed"],
        started_at=_at(run["started_at"]),
        ended_at=_at(run["ended_at"]),
        sent=tuple(_sent(event) for event in run["events"] if event["sent_at"] is not None),
        metrics=_metrics(run["metrics"]),
        comparisons=tuple(_comparison(found) for found in run["expectations"]),
        findings=tuple(_finding(found) for found in run["findings"]),
        wall_seconds=dict(run["wall_seconds"]),
        alarms=tuple(AlarmChange(**alarm | {"at": _at(alarm["at"])}) for alarm in run["alarms"]),
        events=tuple(sorted((_event(event) for event in run["events"] if event["accepted_at"]), key=_accepted_at)),
        gaps=_texts(run["gaps"]),
    )


def _accepted_at(event: Event) -> float:
    return event.accepted_at


def _scenario(name: str, values: Mapping[str, Any]) -> Scenario:
    """Return the scenario, whose file's path isn't in the document: only the file's name is."""
    return scenario_of(values, name, Path(f"{name}.tfvars"))


def _comparison(found: Mapping[str, Any]) -> Comparison:
    derived = ("unit", "expected", "seen", "value", "is_met")
    return Comparison(Expectation(**{key: found[key] for key in found if key not in derived}), found["value"])


def _sent(event: Mapping[str, Any]) -> SentEvent:
    request_id = event["request_id"] if event["answer"] == "accepted" else None
    return SentEvent(event["event_id"], request_id, _at(event["sent_at"]), event["answer"])


def _event(event: Mapping[str, Any]) -> Event:
    return Event(
        request_id=event["request_id"],
        function=event["function"],
        qualifier=event["qualifier"],
        accepted_at=_at(event["accepted_at"]),
        attempts=tuple(
            Attempt(**attempt | {"at": _at(attempt["at"]), "outcome": Outcome(attempt["outcome"])})
            for attempt in event["attempts"]
        ),
        condition=event["condition"],
        ended_at=_optional(_at, event["ended_at"]),
        next_attempt_at=_optional(_at, event["next_attempt_at"]),
        maximum_event_age_seconds=event["maximum_event_age_seconds"],
        deliveries=tuple(Delivery(**delivery) for delivery in event["deliveries"]),
    )


def _finding(found: Mapping[str, Any]) -> Finding:
    return Finding(
        code=found["code"],
        severity=Severity(found["severity"]),
        confidence=Confidence(found["confidence"]),
        title=found["title"],
        explanation=found["explanation"],
        evidence=tuple(map(_evidence, found["evidence"])),
        alternatives=_texts(found["alternatives"]),
        advice=_texts(found["advice"]),
        source=found["source"],
    )


def _evidence(found: Mapping[str, Any]) -> Evidence:
    if found["kind"] == "metric":
        minutes = tuple(int(_at(minute)) for minute in found["minutes"])
        return Figure(found["metric"], found["statistic"], found["value"], found["unit"], minutes)
    return Fact(found["name"], found["value"], found["unit"], found["is_known"])


def _metrics(found: Mapping[str, Any]) -> Metrics:
    return {name: MetricSeries(name, tuple(map(_data_point, found[name]["data_points"]))) for name in METRIC_NAMES}


def _data_point(found: Mapping[str, Any]) -> DataPoint:
    return DataPoint(int(_at(found["minute"])), found["sample_count"], found["sum"], found["minimum"], found["maximum"])


def _texts(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise TypeError("what must be a list of texts is none")
    return tuple(found)


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _optional(read: Callable[[str], T], value: str | None) -> T | None:
    return None if value is None else read(value)
