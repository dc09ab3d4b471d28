"""A run as data. The document has a version, holds no secret, and is for programs: keys stay, new ones may come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from async_lab.diagnosis import Finding
from async_lab.errors import EnvironmentFailure
from async_lab.observation.metrics import Metrics, MetricSeries
from async_lab.runs.result import RunResult
from async_lab.scenario import Scenario
from async_lab.scenario.expectations import Comparison
from async_lab.timestamps import iso

SCHEMA = "async-lab/run/1"
"""The number changes when a key goes or changes its meaning."""
FILE_NAME = "result.json"


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
        "findings": [_finding(finding) for finding in result.findings],
        "expectations": [_comparison(comparison) for comparison in result.comparisons],
        "metrics": _metrics(result.metrics),
        "events": [asdict(event) | {"at": moment(event.at)} for event in result.sent],
        "alarms": [asdict(alarm) | {"at": moment(alarm.at)} for alarm in result.alarms],
        "wall_seconds": dict(result.wall_seconds),
    }


def text(results: Sequence[RunResult]) -> str:
    """Return what ``--json`` prints: a run's document, or a list of them when several were asked for."""
    documents = [document(result) for result in results]
    return _text(documents[0] if len(documents) == 1 else documents)


def prepare(directory: Path) -> None:
    """Make the directory that results go into. Raises EnvironmentFailure when none can be written there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=directory).close()
    except OSError as error:
        raise _unwritable(directory, error) from error


def write(result: RunResult, directory: Path) -> Path:
    """Write a run's document into a directory, made if need be, and return the file.

    Raises EnvironmentFailure when that can't be done.
    """
    file = directory / FILE_NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file.write_text(_text(document(result)), encoding="utf-8")
    except OSError as error:
        raise _unwritable(file, error) from error
    return file


def _unwritable(path: Path, error: OSError) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"{path} can't be written ({error.strerror}): make the directory writable, or name another with --out."
    )


def _text(value: Any) -> str:
    # ASCII is JSON in every encoding that a terminal or a file may have; NaN and Infinity are no JSON.
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def moment(at: float) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return iso(at)


def _configuration(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario's variables under their own names, without its file's path, which tells of the machine."""
    values = asdict(scenario)
    del values["path"], values["expectations"]
    return values | {"name": values.pop("stack_name")}


def _finding(finding: Finding) -> dict[str, Any]:
    evidence = [asdict(figure) | {"words": figure.words} for figure in finding.evidence]
    return asdict(finding) | {"evidence": evidence, "advice": list(finding.advice)}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    expectation = comparison.expectation
    return asdict(expectation) | {
        "unit": expectation.unit,
        "expected": expectation.words,
        "seen": comparison.seen,
        "value": comparison.value,
        "is_met": comparison.is_met,
    }


def _metrics(metrics: Metrics) -> dict[str, Any]:
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
