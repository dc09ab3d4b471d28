"""Who changed a function's settings, code and aliases, and when: what CloudTrail has of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from async_lab.observation.gaps import Gap, Looks

ACTION = "cloudtrail:LookupEvents"
DAYS = 90
"""How long CloudTrail keeps its event history (CloudTrail user guide)."""
_SUBJECT = "who changed the function, and when"
_DELAY = "CloudTrail may take about 15 minutes to show a call"  # CloudTrail user guide: 5 minutes on average
_EVENT_NAMES = (  # developer guide, "Lambda management events in CloudTrail"; the deletion by the names' pattern
    "PutFunctionConcurrency20171031",
    "DeleteFunctionConcurrency20171031",
    "PutFunctionEventInvokeConfig",
    "UpdateFunctionEventInvokeConfig",
    "DeleteFunctionEventInvokeConfig",
    "UpdateFunctionConfiguration20150331v2",
    "UpdateFunctionCode20150331v2",
    "UpdateAlias20150331",
)
_SHOWN = (
    "qualifier",
    "name",
    "functionVersion",
    "reservedConcurrentExecutions",
    "maximumEventAgeInSeconds",
    "maximumRetryAttempts",
    "timeout",
    "memorySize",
)
"""What is told of a request: settings that decide on events, and nothing of environments and code."""
_MOST_PAGES = 4
"""Of 50 events each; CloudTrail answers two requests a second."""
_WITHOUT_EFFECT_ON_SETTINGS = frozenset({"UpdateFunctionCode", "UpdateAlias"})


@dataclass(frozen=True, slots=True)
class Change:
    """One call that changed the function."""

    at: float
    """In epoch seconds."""
    action: str
    """The operation: ``PutFunctionConcurrency``."""
    who: str
    """The caller's ARN, a service, or a user's name."""
    values: tuple[tuple[str, str], ...] = ()
    """What was set, by the request's own names, as far as it decides on events."""

    @property
    def is_of_settings(self) -> bool:
        """Whether it may have changed what the function's events are treated by."""
        return self.action not in _WITHOUT_EFFECT_ON_SETTINGS

    @property
    def words(self) -> str:
        """What was done, and by whom: ``PutFunctionConcurrency (reservedConcurrentExecutions 1) by arn:…``."""
        values = ", ".join(f"{name} {value}" for name, value in self.values)
        return f"{self.action}{f' ({values})' if values else ''} by {self.who}"


def read_changes(cloudtrail: Any, function_name: str, end: float, looks: Looks) -> tuple[Change, ...] | None:
    """Return the changes up to ``end`` (epoch seconds) that CloudTrail still has, the latest first.

    None, and a gap in ``looks``, where it doesn't tell; a gap too where it has more than is read.
    """
    found: list[Change] = []
    for name in _EVENT_NAMES:
        pages = looks.at(_SUBJECT, ACTION, lambda name=name: list(_pages(cloudtrail, name, end)))  # type: ignore[misc]
        if pages is None:
            return None
        if len(pages) == _MOST_PAGES and pages[-1].get("NextToken"):
            looks.gaps.append(
                Gap(f"older calls of {_action(name)}", "CloudTrail has more of this region than are read")
            )
        found += [
            change
            for page in pages
            for event in page.get("Events", [])
            if (change := _change(event, function_name)) is not None
        ]
    looks.gaps.append(Gap("who changed the function in the last minutes", _DELAY))
    return tuple(sorted(found, key=lambda change: -change.at))


def _pages(cloudtrail: Any, event_name: str, end: float) -> Iterator[Mapping[str, Any]]:
    request: dict[str, Any] = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event_name}],
        "StartTime": datetime.fromtimestamp(end - DAYS * 86_400, UTC),
        "EndTime": datetime.fromtimestamp(end, UTC),
        "MaxResults": 50,
    }
    for _ in range(_MOST_PAGES):
        page = cloudtrail.lookup_events(**request)
        yield page
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _change(event: Mapping[str, Any], function_name: str) -> Change | None:
    """Return the change that an event tells of; None for another function's, and for a call that failed."""
    try:
        content = json.loads(event["CloudTrailEvent"])
    except (KeyError, ValueError):
        return None
    request = content.get("requestParameters") or {}
    if content.get("errorCode") or not _is_of(str(request.get("functionName", "")), function_name):
        return None
    identity = content.get("userIdentity") or {}
    who = identity.get("arn") or identity.get("invokedBy") or event.get("Username") or "an unknown caller"
    values = tuple((name, str(request[name])) for name in _SHOWN if request.get(name) is not None)
    return Change(event["EventTime"].timestamp(), _action(event["EventName"]), str(who), values)


def _is_of(given: str, function_name: str) -> bool:
    """Whether a request's FunctionName, which may be a name, a partial ARN or an ARN, with a qualifier, is ours."""
    return re.fullmatch(rf"(.*:function:|\d{{12}}:)?{re.escape(function_name)}(:[^:]+)?", given) is not None


def _action(event_name: str) -> str:
    return re.sub(r"\d{8}(v\d+)?$", "", event_name)
