"""What functions wrote to CloudWatch Logs."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from async_lab.observation.events import Attempt

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_START = re.compile(r"START RequestId: (?P<id>\S+)")
_STAMPS_PER_SECOND = 1_000


def lines(client: CloudWatchLogsClient, group: str, request_id: str | None = None) -> list[str]:
    """Return all lines of a log group in their order; those of one request, if it is given. A group may be missing."""
    running: defaultdict[str, str | None] = defaultdict(lambda: None)  # which request, by log stream
    found = []
    for event in events(client, group):
        stream, text = event["logStreamName"], event["message"]
        running[stream] = _started(text) or running[stream]
        if request_id in (None, running[stream]):
            found.append(text)
    return found


def of_attempt(client: CloudWatchLogsClient, attempt: Attempt) -> list[str]:
    """Return the lines of one attempt: its environment ran nothing else meanwhile."""
    if attempt.log_group is None or attempt.log_stream is None or attempt.ended_at is None:
        return []
    first, last = round(attempt.at * _STAMPS_PER_SECOND), round(attempt.ended_at * _STAMPS_PER_SECOND)
    return [
        event["message"]
        for event in events(client, attempt.log_group, logStreamNames=[attempt.log_stream])
        if first <= event["timestamp"] <= last
    ]


def events(client: CloudWatchLogsClient, group: str, **narrowed: Any) -> Iterator[Any]:
    """Yield a log group's events, or those that it is narrowed to; none where there is no group."""
    try:
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group, **narrowed):
            yield from page["events"]
    except client.exceptions.ResourceNotFoundException:  # nothing was ever written, or the role may not write
        return


def _started(text: str) -> str | None:
    """Return the request whose execution begins with this line; None for any other line."""
    if match := _START.match(text):
        return match["id"]
    if '"platform.start"' not in text:
        return None
    try:
        request_id: str = json.loads(text)["record"]["requestId"]
    except (ValueError, KeyError, TypeError):
        return None
    return request_id
