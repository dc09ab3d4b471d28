"""Function errors: events that are dropped or late for them."""

from __future__ import annotations

from async_lab.diagnosis import arithmetic, words
from async_lab.diagnosis.finding import Confidence, Evidence, Fact, Finding, Severity, figure
from async_lab.observation.observations import Observations
from async_lab.wording import duration

_TRIES = {  # developer guide: 1 minute before the second attempt, 2 more before the third
    0: "did not try again",
    1: "tried again after about 1 minute,",
    2: "tried again after about 1 minute, and after 2 more,",
}


def dropped_after_errors(seen: Observations) -> Finding | None:
    """Find events that were dropped because the function failed each time."""
    dropped = arithmetic.total(seen, "AsyncEventsDropped")
    if not dropped or not arithmetic.total(seen, "Errors"):
        return None
    by_errors, unexplained = arithmetic.drops_by_errors(seen), arithmetic.drops_unexplained(seen)
    if not by_errors and not (unexplained and arithmetic.may_drops_be_by_errors(seen)):
        return None
    needed, is_too_old = arithmetic.failures_before_drop(
        arithmetic.retries(seen), arithmetic.maximum_event_age(seen), arithmetic.mean_duration_seconds(seen)
    )
    explains_all = by_errors >= dropped and not arithmetic.total(seen, "Throttles")
    confidence = words.surest(seen, explains_all, not arithmetic.other_requests(seen))
    if not by_errors or (not explains_all and arithmetic.least_failed_attempts(seen) < needed):
        confidence = Confidence.POSSIBLE
    return (_too_old if is_too_old else _retries_used)(seen, confidence)


def _retries_used(seen: Observations, confidence: Confidence) -> Finding:
    are_retries_known = arithmetic.retries(seen) == arithmetic.most_retries(seen)  # or else 0 and 2
    tries = _TRIES[arithmetic.retries(seen)] if are_retries_known else "tried again as often as its settings allow,"
    then = "then" if arithmetic.most_retries(seen) else "and"
    timeout = arithmetic.timeout_of_failures(seen)
    failed = "failed" if timeout is None else f"ran into its timeout, {duration(timeout)},"
    return Finding(
        code="dropped-retries-used" if timeout is None else "dropped-timed-out",
        severity=Severity.CRITICAL,
        confidence=confidence,
        title="Dropped after function errors" if timeout is None else "Dropped after timeouts",
        explanation=(
            f"The function {failed} in {words.count_of(seen, 'Errors', 'execution')}; Lambda {tries} "
            f"{then} dropped {words.count_of(seen, 'AsyncEventsDropped', 'event')}."
        ),
        evidence=(
            *_evidence(seen),
            *(() if timeout is None else (figure(seen, "Maximum", "Duration"), Fact("Timeout", timeout, "Seconds"))),
            words.retry_attempts(seen),
            *words.failures(seen),
        ),
        alternatives=_other_causes(seen, confidence),
        advice=(words.READ_LOGS, *words.raise_timeout(seen), *words.add_memory(seen), *words.keep_failed_events(seen)),
        source=words.ERROR_RETRIES,
    )


def _too_old(seen: Observations, confidence: Confidence) -> Finding:
    return Finding(
        code="dropped-age-after-errors",
        severity=Severity.CRITICAL,
        confidence=confidence,
        title="Dropped after function errors, too old for another try",
        explanation=(
            f"The function failed in {words.count_of(seen, 'Errors', 'execution')}, and Lambda dropped "
            f"{words.count_of(seen, 'AsyncEventsDropped', 'event')}: the next try would have come after the maximum "
            f"event age{words.if_known(words.maximum_event_age(seen))}."
        ),
        evidence=(
            *_evidence(seen),
            words.maximum_event_age(seen),
            words.retry_attempts(seen),
            *words.failures(seen),
        ),
        alternatives=_other_causes(seen, confidence),
        advice=(
            words.READ_LOGS,
            *_longer_for_retries(seen),
            *words.raise_timeout(seen),
            *words.add_memory(seen),
            *words.keep_failed_events(seen),
        ),
        source=f"{words.GUIDE}; {words.LOOK_AHEAD}",
    )


def _evidence(seen: Observations) -> list[Evidence]:
    """Return what shows that events failed: errors, the ages of attempts, and what was dropped."""
    return [*words.sums(seen, "Errors"), *words.ages(seen), *words.sums(seen, "AsyncEventsDropped")]


def _longer_for_retries(seen: Observations) -> list[str]:
    if seen.settings is None:
        return []
    enough = duration(arithmetic.age_for_all_retries_seconds(seen))
    which = "the retry" if arithmetic.most_retries(seen) == 1 else "both retries"
    return [f"A maximum event age of at least {enough} leaves time for {which}."]


def _other_causes(seen: Observations, confidence: Confidence) -> tuple[str, ...]:
    if confidence is Confidence.CERTAIN:
        return ()
    alternatives = []
    if arithmetic.total(seen, "Throttles"):
        alternatives.append("Events that are throttled until they are too old are dropped as well.")
    if arithmetic.other_requests(seen):
        alternatives.append(words.NOT_ASYNCHRONOUS.format(what="errors"))
    if len(seen.settings_in_effect) > 1 and not seen.are_settings_certain:
        alternatives.append(words.SEVERAL_SETTINGS)
    if seen.settings is None:
        alternatives.append("How often Lambda tries again and for how long could not be seen.")
    return tuple(alternatives or [words.BEFORE])


def late_after_errors(seen: Observations) -> Finding | None:
    """Find events that are late because they had failed before."""
    shortest, oldest = arithmetic.first_error_wait_seconds(), arithmetic.oldest_seconds(seen)
    if (
        not arithmetic.most_retries(seen)
        or oldest < shortest
        or not arithmetic.came_before_late(seen, "Errors", shortest)
    ):
        return None
    explains_all = seen.settings is not None and oldest <= arithmetic.error_waits_seconds(seen)
    confidence = words.surest(
        seen, explains_all, not arithmetic.total(seen, "Throttles"), not arithmetic.other_requests(seen)
    )
    if not arithmetic.least_failed_attempts(seen):
        confidence = Confidence.POSSIBLE
    tries = _TRIES[2 if oldest > arithmetic.error_waits_seconds(seen, most=1) else 1]
    return Finding(
        code="late-after-errors",
        severity=Severity.WARNING,
        confidence=confidence,
        title="Late because of function errors",
        explanation=(
            f"The function failed in {words.count_of(seen, 'Errors', 'execution')}, and Lambda {tries} "
            f"so one event was {words.oldest(seen)} old at its last attempt."
        ),
        evidence=(*_evidence(seen), *words.failures(seen)),
        alternatives=_other_delays(seen, confidence),
        advice=(words.READ_LOGS, *words.raise_timeout(seen), *words.add_memory(seen)),
        source=words.ERROR_RETRIES,
    )


def _other_delays(seen: Observations, confidence: Confidence) -> tuple[str, ...]:
    if confidence is Confidence.CERTAIN:
        return ()
    alternatives = []
    if arithmetic.total(seen, "Throttles"):
        alternatives.append("Throttled events wait as well, longer after each throttle.")
    if arithmetic.other_requests(seen):
        alternatives.append(words.NOT_ASYNCHRONOUS.format(what="errors"))
    return tuple(alternatives or ["Other functions may hold up the queue as well: the errors don't explain all of it."])


def failing(seen: Observations) -> Finding | None:
    """Find errors for which no event is late or lost."""
    if not arithmetic.total(seen, "Errors") or arithmetic.do_no_events_fail(seen):
        return None
    others = arithmetic.other_requests(seen)
    return Finding(
        code="failing",
        severity=Severity.NOTICE,
        confidence=Confidence.LIKELY if others else Confidence.CERTAIN,
        title="The function fails",
        explanation=(
            f"The function failed in {words.count_of(seen, 'Errors', 'execution')}; "
            "no event is late or lost for it yet."
        ),
        evidence=(
            *words.sums(seen, "Errors", "Invocations"),
            figure(seen, "Maximum", "AsyncEventAge"),
            *words.failures(seen),
        ),
        alternatives=(words.NOT_ASYNCHRONOUS.format(what="errors"),) if others else (),
        advice=(
            words.READ_LOGS,
            *words.raise_timeout(seen),
            *words.add_memory(seen),
            *(["Keep watching: Lambda tries an event again after about 1 minute."] if arithmetic.retries(seen) else []),
        ),
        source=words.ERROR_RETRIES,
    )


def other_requests_fail(seen: Observations) -> Finding | None:
    """Find errors that are of no event."""
    if not arithmetic.total(seen, "Errors") or not arithmetic.do_no_events_fail(seen):
        return None
    return Finding(
        code="other-requests-fail",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        title="Other requests fail, and no event does",
        explanation=(
            f"The function failed in {words.count_of(seen, 'Errors', 'execution')} of requests that are not events: "
            "an event that failed would have been tried again or dropped."
        ),
        evidence=(*words.sums(seen, "Errors", "AsyncEventsDropped"), figure(seen, "Maximum", "AsyncEventAge")),
        alternatives=(),
        advice=("Ask the callers: Lambda tells a synchronous one of each error; an event source tries again itself.",),
        source=words.ERROR_RETRIES,
    )
