"""What was found about functions that are not the lab's, and its document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from async_lab.diagnosis import Finding, Severity, diagnose
from async_lab.observation.configuration import Configuration
from async_lab.observation.gaps import Gap
from async_lab.observation.history import Change
from async_lab.observation.observations import Observations
from async_lab.runs.document import finding_document, metrics_document, moment
from async_lab.runs.result import Location

DIAGNOSIS_SCHEMA = "async-lab/diagnosis/1"
"""The number changes when a key goes or changes its meaning; ``docs/diagnosis.schema.json`` describes each key."""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """One function, what was seen of it, and what follows."""

    place: Location
    seen: Observations
    findings: tuple[Finding, ...]
    """The strongest first; there is always one."""
    qualifier: str | None = None
    """The alias or version that was asked about; None: all together."""

    @property
    def name(self) -> str:
        """The function, with the qualifier if it was asked about one."""
        name = self.seen.configuration.function_name
        return name if self.qualifier is None else f"{name}:{self.qualifier}"

    @property
    def headline(self) -> Finding:
        """What answers the question: the strongest finding, but what became of events before mere notices."""
        strongest = self.findings[0]
        if strongest.severity is not Severity.NOTICE:
            return strongest
        answer = diagnose(self.seen)[0].code
        return next((finding for finding in self.findings if finding.code == answer), strongest)

    @property
    def loses_events(self) -> bool:
        """Whether events were dropped, didn't arrive, or could not be delivered after they had failed."""
        return any(finding.severity is Severity.CRITICAL for finding in self.findings)


def text(diagnosed: Sequence[Diagnosed]) -> str:
    """Return what ``--json`` prints: always one object with a list of functions."""
    functions = [document(one) for one in diagnosed]
    return json.dumps({"schema": DIAGNOSIS_SCHEMA, "functions": functions}, indent=2, allow_nan=False) + "\n"


def document(diagnosed: Diagnosed) -> dict[str, Any]:
    """Return one function's diagnosis as plain values, in the terms of a run's document."""
    seen = diagnosed.seen
    return {
        "function_name": seen.configuration.function_name,
        "qualifier": diagnosed.qualifier,
        "target": {
            "name": diagnosed.place.target,
            "account_id": diagnosed.place.account_id,
            "region": diagnosed.place.region,
        },
        "start": moment(seen.start),
        "end": moment(seen.end),
        "loses_events": diagnosed.loses_events,
        "findings": [finding_document(finding) for finding in diagnosed.findings],
        "gaps": [_gap(gap) for gap in seen.gaps],
        "configuration": _configuration(seen.configuration),
        "received_by_qualifier": None if seen.received_by_qualifier is None else dict(seen.received_by_qualifier),
        "recursions_stopped": seen.recursions_stopped,
        "failure_targets": [asdict(target) for target in seen.failure_targets],
        "alarms": None if seen.alarms is None else [_alarm(asdict(alarm)) for alarm in seen.alarms],
        "invokers": _listed(seen.invokers),
        "triggers": _listed(seen.triggers),
        "changes": None if seen.changes is None else [_change(change) for change in seen.changes],
        "failed_requests": None
        if seen.failed_requests is None
        else [asdict(request) | {"at": moment(request.at)} for request in seen.failed_requests],
        "ages": _listed(seen.ages),
        "metrics": metrics_document(seen.metrics),
    }


def _listed(values: Sequence[Any] | None) -> list[dict[str, Any]] | None:
    return None if values is None else [asdict(value) for value in values]


def _change(change: Change) -> dict[str, Any]:
    return {"at": moment(change.at), "action": change.action, "who": change.who, "values": dict(change.values)}


def _gap(gap: Gap) -> dict[str, Any]:
    return asdict(gap) | {"words": str(gap)}


def _alarm(alarm: dict[str, Any]) -> dict[str, Any]:
    return alarm | {"metrics": list(alarm["metrics"])}


def _configuration(configuration: Configuration) -> dict[str, Any]:
    """Return each part of the configuration; one that could not be seen is None."""
    function, written = configuration.function, configuration.written
    return {
        "function": None if function is None else asdict(function) | {"kind": function.kind.value},
        "reservation": None if configuration.reservation is None else asdict(configuration.reservation),
        "event_invoke_configs": None if written is None else [asdict(settings) for settings in written],
        "aliases": None if configuration.aliases is None else dict(configuration.aliases),
        "account": None if configuration.account is None else asdict(configuration.account),
    }
