"""Since when, what was changed before or meanwhile, and whose retries it was: what a history adds to the findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from async_lab.diagnosis import arithmetic, words
from async_lab.diagnosis.finding import Confidence, Fact, Figure, Finding, Severity, figure
from async_lab.observation.configuration import Kind
from async_lab.observation.history import DAYS, Change
from async_lab.observation.metrics import PERIOD_SECONDS
from async_lab.observation.observations import Observations
from async_lab.wording import count, moment, plural

_TROUBLE = ("AsyncEventsDropped", "DeadLetterErrors", "DestinationDeliveryFailures", "Errors", "Throttles")
_MOST_CHANGES = 3
_BY_NO_SETTING = ("idle", "healthy", "recursion-stopped", "not-kept", "not-arrived", "arrived-too-often")
"""Findings that don't rest on settings."""


def began(seen: Observations) -> Finding | None:
    """Find since when something is wrong, and what was changed last before that."""
    firsts = dict(_first_minutes(seen))
    if not firsts:
        return None
    begin = min(firsts.values())
    is_older = begin < seen.start + PERIOD_SECONDS
    first = moment(begin)
    when = f"It had begun by {first}, when the time that was looked at begins." if is_older else f"It began at {first}."
    return Finding(
        code="began",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        title="Since when, and what was changed before",
        explanation=f"{when} {_changed_before(seen, begin + PERIOD_SECONDS)}",
        evidence=tuple(Fact(f"First minute of {metric}", moment(minute), "None") for metric, minute in firsts.items()),
        alternatives=(),
        advice=("Look back further with --since.",) if is_older else (),
        source="CloudTrail user guide: the event history has the management events of 90 days",
    )


def _first_minutes(seen: Observations) -> Iterator[tuple[str, int]]:
    for metric in _TROUBLE:
        minutes = figure(seen, "Sum", metric).minutes
        if minutes:
            yield metric, minutes[0]
    late = [
        point.minute
        for point in seen.metrics["AsyncEventAge"].points
        if point.maximum >= arithmetic.LATE_SECONDS * 1000
    ]
    if late:
        yield f"ages from {arithmetic.LATE_SECONDS:g} s on", late[0]


def _changed_before(seen: Observations, until: float) -> str:
    if seen.changes is None:
        return "What was changed before that could not be seen."
    before = [change for change in seen.changes if change.at < until][:_MOST_CHANGES]
    if not before:
        return f"Of the {DAYS} days before that, no change of the function was found in CloudTrail."
    said = "; ".join(f"{moment(change.at)} {change.words}" for change in before)
    return f"The last changes before that, which need not be why: {said}."


def changed_meanwhile(seen: Observations) -> Finding | None:
    """Find changes of settings in the time that was looked at: what is concluded goes by the present ones."""
    changes = _meanwhile(seen)
    if not changes:
        return None
    return Finding(
        code="settings-changed",
        severity=Severity.NOTICE,
        confidence=Confidence.CERTAIN,
        title="Settings were changed in this time",
        explanation=(
            f"{plural(len(changes), 'call')} changed settings in the time that was looked at; the findings go by those "
            "that stand now."
        ),
        evidence=tuple(Fact(moment(change.at), change.words, "None") for change in changes),
        alternatives=(),
        advice=("Look at the time since the last change alone, with --since.",),
        source="CloudTrail's event history",
    )


def within_settings(seen: Observations, findings: Sequence[Finding]) -> list[Finding]:
    """Return findings that are at most likely where settings were changed meanwhile, if they rest on settings."""
    changes = _meanwhile(seen)
    if not changes:
        return list(findings)
    doubt = f"Before {moment(changes[0].at)} other settings may have been in effect."
    return [
        replace(finding, confidence=Confidence.LIKELY, alternatives=(*finding.alternatives, doubt))
        if finding.confidence is Confidence.CERTAIN and finding.code not in _BY_NO_SETTING
        else finding
        for finding in findings
    ]


def _meanwhile(seen: Observations) -> list[Change]:
    """Return the changes of settings in the time that was looked at, the latest first."""
    return [change for change in seen.changes or () if change.is_of_settings and seen.start < change.at <= seen.end]


def whose_retries(seen: Observations) -> Finding | None:
    """Find attempts beyond the events that were received: those are Lambda's own retries, and never the client's."""
    attempts, received = arithmetic.attempts(seen), arithmetic.total(seen, "AsyncEventsReceived")
    function = seen.configuration.function
    has_other_rules = function is not None and function.kind is not Kind.STANDARD
    if not received or attempts <= received or has_other_rules:
        return None
    return Finding(
        code="retried-by-lambda",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        title="Lambda tried events again",
        explanation=(
            f"{count(attempts)} attempts at {plural(received, 'event')}: at least {count(attempts - received)} of them "
            "were Lambda's retries, or at events from before. An event that its sender sends again has a request id of "
            "its own and counts as received once more."
        ),
        evidence=(
            Figure("AsyncEventAge", "SampleCount", attempts, "Count"),
            *words.sums(seen, "AsyncEventsReceived"),
        ),
        alternatives=(),
        advice=(),
        source=words.BLOG,
    )
