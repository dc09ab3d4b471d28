"""What the log says of requests that failed last: Lambda's own error lines, each by its request id.

Bounded in time and number. What a function prints by itself is left out: it may be a payload.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from async_lab.observation.gaps import Gap, Looks

ACTION = "logs:FilterLogEvents"
_SUBJECT = "log lines of failed requests"
_MOST_REQUESTS = 5
_MOST_PAGES, _PAGE = 5, 100
_SPAN_SECONDS = 900
"""How long before the last error is looked for others."""
_LONGEST_LINE = 200
_LONGEST_INIT_SECONDS = 10
"""After which Lambda gives an initialization up (developer guide): what fails in it is written before the request."""
_VERSION = re.compile(r"\[([^\[\]]+)\]")
"""In a stream's name: ``2026/11/23/[$LATEST]0a1b…`` (developer guide)."""
_PATTERN = '?ERROR ?"Task timed out" ?"Runtime exited" ?errorType'
_BEGINNINGS = '?"START RequestId" ?ERROR'
_REQUEST_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ERROR_LINES = (
    re.compile(rf"\S+ (?P<id>{_REQUEST_ID}) (?P<said>Task timed out after .*)"),
    re.compile(rf"RequestId: (?P<id>{_REQUEST_ID}) (?P<said>Error: .*)"),
    re.compile(rf"\S+\t(?P<id>{_REQUEST_ID})\tERROR\t(?P<said>(Invoke Error|Uncaught Exception)).*"),
    re.compile(r"(?P<said>\[ERROR\] [A-Za-z_][\w.]*(: .*)?)"),  # only of a message with a traceback
)
_PYTHON, _TRACEBACK = "[ERROR]", "Traceback (most recent call last):"
"""How Lambda and its runtimes begin the report of a failed request: a timeout, an exit, Node.js, Python (captures).

Of Node.js's the error itself is left out, which stands in one line with the stack.
"""


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """A request that failed, as its log lines say it."""

    request_id: str | None
    """An event's attempts have the same; None where the log doesn't name it."""
    at: float
    """When its last line was written, in epoch seconds."""
    line: str
    """The first line of that error, at most 200 characters."""
    failures: int
    """How often it failed in the lines that were read."""


@dataclass(frozen=True, slots=True)
class _Line:
    event_id: str | None
    """CloudWatch Logs' own of the line; None where an endpoint gives none."""
    stream: str
    at: float
    request_id: str | None
    said: str

    def is_of(self, versions: Collection[str] | None) -> bool:
        """Whether one of these versions wrote it; None: whichever did."""
        named = _VERSION.search(self.stream)
        return versions is None or named is None or named[1] in versions


def read_failed_requests(
    logs: Any,
    group: str,
    last_error: float,
    timeout_seconds: int,
    looks: Looks,
    versions: Collection[str] | None = None,
) -> tuple[FailedRequest, ...] | None:
    """Return the requests that failed last, the latest first.

    ``last_error`` is the last minute with an error, in epoch seconds; ``versions`` are those of the function that are
    meant, None for all. None, and a gap in ``looks``, where the log can't be read.
    """
    begin, end = last_error - _SPAN_SECONDS, last_error + 60 + timeout_seconds
    pages = looks.at(_SUBJECT, ACTION, lambda: list(_pages(logs, group, begin, end, _PATTERN)))
    if pages is None:
        return None
    if len(pages) == _MOST_PAGES and pages[-1].get("nextToken"):
        looks.gaps.append(Gap("later log lines of failed requests", "there are more than are read"))
    lines = [
        line for page in pages for event in page["events"] if (line := _error_line(event)) and line.is_of(versions)
    ]
    latest = [
        line if line.request_id else _named(logs, group, line, timeout_seconds, looks)
        for line in sorted(lines, key=lambda line: -line.at)[: _MOST_REQUESTS * 3]
    ]
    requests: dict[str | None, list[_Line]] = {}
    for line in latest:
        requests.setdefault(line.request_id, []).append(line)
    found = (FailedRequest(name, mine[0].at, mine[0].said, len(mine)) for name, mine in requests.items())
    return tuple(found)[:_MOST_REQUESTS]


def _pages(
    logs: Any, group: str, begin: float, end: float, pattern: str, streams: Sequence[str] = ()
) -> Iterator[Mapping[str, Any]]:
    """Yield pages of a log between two times in epoch seconds, of some streams or of all."""
    request: dict[str, Any] = {
        "logGroupName": group,
        "startTime": round(begin * 1000),
        "endTime": round(end * 1000),
        "filterPattern": pattern,
        "limit": _PAGE,
    }
    if streams:
        request["logStreamNames"] = list(streams)
    for _ in range(_MOST_PAGES):
        page = logs.filter_log_events(**request)
        yield page
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]


def _error_line(event: Mapping[str, Any]) -> _Line | None:
    """Return what an event of the log says of a failure; None when it isn't Lambda's or its runtime's word on one."""
    message, at = event["message"].strip(), event["timestamp"] / 1000
    if message.startswith("{"):
        return _of_json(event, at, message)
    if not message or (message.startswith(_PYTHON) and _TRACEBACK not in message):  # what a handler prints itself
        return None
    first = message.splitlines()[0]
    for form in _ERROR_LINES:
        if match := form.fullmatch(first):
            request_id = match.groupdict().get("id")
            return _Line(event.get("eventId"), event["logStreamName"], at, request_id, match["said"][:_LONGEST_LINE])
    return None


def _of_json(event: Mapping[str, Any], at: float, message: str) -> _Line | None:
    """Return what a line in Lambda's JSON format says: an error object of the runtime, with its type."""
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not {"errorType", "stackTrace"} <= set(content):
        return None
    request_id = content.get("requestId") or content.get("AWSRequestId")
    said = f"{content['errorType']}: {content.get('errorMessage', '')}".splitlines()[0]
    named = None if request_id is None else str(request_id)
    return _Line(event.get("eventId"), event["logStreamName"], at, named, said[:_LONGEST_LINE])


def _named(logs: Any, group: str, line: _Line, timeout_seconds: int, looks: Looks) -> _Line:
    """Return a line with its execution's request id; without one where that stands beyond what is read."""
    begin, end = line.at - timeout_seconds, line.at + _LONGEST_INIT_SECONDS
    request_id = looks.at(
        "the request id of a failed request",
        ACTION,
        lambda: _request_of(line, _pages(logs, group, begin, end, _BEGINNINGS, [line.stream])),
    )
    return replace(line, request_id=request_id)


def _request_of(line: _Line, pages: Iterator[Mapping[str, Any]]) -> str | None:
    """Return the last request that began in a line's stream before it; the next, where it failed to initialize."""
    request_id, is_past = None, False
    for event in (event for page in pages for event in page["events"]):
        if match := re.match(rf"START RequestId: ({_REQUEST_ID})", event["message"]):
            request_id = match[1]
        elif event.get("eventId") == line.event_id:
            is_past = True
        if is_past and request_id:
            return request_id
    return None
