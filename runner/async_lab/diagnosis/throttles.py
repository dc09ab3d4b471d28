"""Throttles: events that are dropped or late because no concurrency was free."""

from __future__ import annotations

from async_lab.diagnosis import arithmetic, words
from async_lab.diagnosis.finding import Confidence, Evidence, Finding, Severity, figure
from async_lab.diagnosis.limits import Limit, limit_of
from async_lab.observation.observations import Observations

_EXPLAINS_SHARE = 0.1
"""Ours: throttles that explain less of an event's age than this are not why it is late."""


def dropped_at_limit(seen: Observations) -> Finding | None:
    """Find events that were dropped because they were throttled until they were too old."""
    dropped = arithmetic.total(seen, "AsyncEventsDropped")
    if not dropped or not arithmetic.total(seen, "Throttles"):
        return None
    by_throttles = arithmetic.drops_by_throttles(seen)
    if not by_throttles and not (arithmetic.drops_unexplained(seen) and arithmetic.may_drops_be_by_throttles(seen)):
        return None
    limit = limit_of(seen)
    explains_all = by_throttles >= dropped and not arithmetic.total(seen, "Errors")
    knows_limit = not limit.alternatives
    confidence = words.surest(seen, explains_all, knows_limit, not arithmetic.other_requests(seen))
    if not by_throttles or (not explains_all and not arithmetic.are_events_throttled(seen)):
        confidence = Confidence.POSSIBLE
    alternatives = [*limit.alternatives]
    if arithmetic.total(seen, "Errors"):
        alternatives.append("Events whose executions fail each time are dropped as well.")
    return Finding(
        code=f"dropped-age-at-{limit.code}",
        severity=Severity.CRITICAL,
        confidence=confidence,
        title=f"Dropped: too old while waiting for {limit.name}",
        explanation=(
            f"{limit.in_use} on {words.count_of(seen, 'Throttles', 'attempt')}, and Lambda dropped "
            f"{words.count_of(seen, 'AsyncEventsDropped', 'event')}: the next try would have come after the maximum "
            f"event age{words.if_known(words.maximum_event_age(seen))}."
        ),
        evidence=(*_evidence(seen, limit), words.maximum_event_age(seen)),
        alternatives=_unless_certain(seen, confidence, alternatives),
        advice=(*limit.advice, *words.live_longer(seen), *words.keep_failed_events(seen)),
        source=f"{words.BACKOFF}; {words.LOOK_AHEAD}",
    )


def late_at_limit(seen: Observations) -> Finding | None:
    """Find events that are late because no concurrency was free for them."""
    oldest, waits = arithmetic.oldest_seconds(seen), arithmetic.throttle_waits_seconds(seen)
    if oldest < arithmetic.LATE_SECONDS or waits < _EXPLAINS_SHARE * oldest:
        return None
    if not arithmetic.came_before_late(seen, "Throttles", arithmetic.first_throttle_wait_seconds()):
        return None
    limit = limit_of(seen)
    explains_all = oldest <= waits and not arithmetic.total(seen, "Errors")
    knows_limit = not limit.alternatives
    confidence = words.surest(seen, explains_all, knows_limit, not arithmetic.other_requests(seen))
    if not arithmetic.are_events_throttled(seen):
        confidence = Confidence.POSSIBLE
    alternatives = [*limit.alternatives]
    if arithmetic.total(seen, "Errors"):
        alternatives.append("Events whose executions failed wait as well: 1 minute, and 2 more.")
    when = "already" if arithmetic.queued(seen) else "when it finally ran"
    age = f"is {when} {words.oldest(seen)} old" if when == "already" else f"was {words.oldest(seen)} old {when}"
    return Finding(
        code=f"late-at-{limit.code}",
        severity=Severity.WARNING,
        confidence=confidence,
        title=f"Late: waiting for {limit.name}",
        explanation=(
            f"{limit.in_use} on {words.count_of(seen, 'Throttles', 'attempt')}. "
            f"Lambda backs off longer after each, so one event {age}."
        ),
        evidence=_evidence(seen, limit),
        alternatives=_unless_certain(seen, confidence, alternatives),
        advice=limit.advice,
        source=words.BACKOFF,
    )


def _evidence(seen: Observations, limit: Limit) -> tuple[Evidence, ...]:
    """Return what shows that events were throttled: throttles, the ages of attempts, what was dropped, the limit."""
    return (
        *words.sums(seen, "Throttles"),
        *words.ages(seen),
        *words.sums(seen, "AsyncEventsDropped", "Errors"),
        *limit.evidence,
    )


def _unless_certain(seen: Observations, confidence: Confidence, alternatives: list[str]) -> tuple[str, ...]:
    if confidence is Confidence.CERTAIN:
        return ()
    if arithmetic.other_requests(seen):
        alternatives.append(words.NOT_ASYNCHRONOUS.format(what="throttles"))
    if len(seen.settings_in_effect) > 1 and not seen.are_settings_certain:
        alternatives.append(words.SEVERAL_SETTINGS)
    return tuple(alternatives or [words.BEFORE])


def throttled(seen: Observations) -> Finding | None:
    """Find throttles for which no event is late or lost."""
    if not arithmetic.total(seen, "Throttles") or arithmetic.are_no_events_throttled(seen):
        return None
    limit, others = limit_of(seen), arithmetic.other_requests(seen)
    return Finding(
        code="throttled",
        severity=Severity.NOTICE,
        confidence=Confidence.LIKELY if others else Confidence.CERTAIN,
        title="The function is throttled",
        explanation=(
            f"Lambda throttled {words.count_of(seen, 'Throttles', 'attempt')}; no event is late or lost for it yet."
        ),
        evidence=(*words.sums(seen, "Throttles"), figure(seen, "Maximum", "AsyncEventAge"), *limit.evidence),
        alternatives=(words.NOT_ASYNCHRONOUS.format(what="throttles"),) if others else (),
        advice=limit.advice,
        source=words.BACKOFF,
    )


def other_requests_throttled(seen: Observations) -> Finding | None:
    """Find throttles that are of no event."""
    if not arithmetic.total(seen, "Throttles") or not arithmetic.are_no_events_throttled(seen):
        return None
    limit = limit_of(seen)
    return Finding(
        code="other-requests-throttled",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        title="Other requests are throttled, and no event is",
        explanation=(
            f"Lambda refused {words.count_of(seen, 'Throttles', 'request')} that were not asynchronous: "
            "an event that was throttled would have been tried again or dropped."
        ),
        evidence=(*words.sums(seen, "Throttles", "AsyncEventsDropped"), figure(seen, "Maximum", "AsyncEventAge")),
        alternatives=(),
        advice=("Refused synchronous calls are not queued: who made them must try again.", *limit.advice),
        source=words.BACKOFF,
    )
