"""What the queue does to events: those lost or late by no error and no throttle, and what becomes of failed ones."""

from __future__ import annotations

from async_lab.diagnosis import arithmetic, words
from async_lab.diagnosis.finding import Confidence, Finding, Severity, figure
from async_lab.observation.observations import Observations
from async_lab.wording import count, listed, plural

_SLOWER_FACTOR, _SLOWER_BY_MS = 2, 1000  # ours: what is too small to matter is no finding


# --- the queue ---


def dropped_in_backlog(seen: Observations) -> Finding | None:
    """Find dropped events that neither errors nor throttles nor a reservation of 0 explain."""
    unexplained = arithmetic.drops_unexplained(seen)
    if not unexplained:
        return None
    dropped = arithmetic.total(seen, "AsyncEventsDropped")
    which = (
        plural(dropped, "event") if unexplained == dropped else f"{count(unexplained)} of {plural(dropped, 'event')}"
    )
    return Finding(
        code="dropped-in-backlog",
        severity=Severity.CRITICAL,
        confidence=Confidence.POSSIBLE,
        title="Dropped from a backlog",
        explanation=(
            f"Lambda dropped {which} with too few errors and throttles to show for it: too old when their turn came."
            if arithmetic.total(seen, "Errors") or arithmetic.total(seen, "Throttles")
            else f"Lambda dropped {which} with neither an error nor a throttle to show for it: "
            "too old when their turn came."
        ),
        evidence=(
            *words.sums(seen, "AsyncEventsDropped"),
            figure(seen, "Maximum", "AsyncEventAge"),
            *words.sums(seen, "Errors", "Throttles"),
            words.maximum_event_age(seen),
        ),
        alternatives=(
            "The errors or throttles may lie in the minutes before this span.",
            *((words.STOPPED_FOR_A_MOMENT,) if arithmetic.are_drops_in_minutes_of_arrival(seen) else ()),
        ),
        advice=(
            "Look at the minutes before this span, too.",
            "A failure record says why each event was dropped: see its condition.",
            *words.live_longer(seen),
            *words.keep_failed_events(seen),
        ),
        source=f"{words.BLOG}: an event that is too old before an attempt leaves no age",
    )


def late_in_queue(seen: Observations) -> Finding | None:
    """Find late events that neither the function's errors nor its throttles explain."""
    oldest = arithmetic.oldest_seconds(seen)
    has_failed_before = oldest >= arithmetic.first_error_wait_seconds()
    explained = arithmetic.throttle_waits_seconds(seen)
    explained += arithmetic.error_waits_seconds(seen) if has_failed_before else 0
    if oldest < arithmetic.LATE_SECONDS or oldest <= explained:
        return None
    has_causes = arithmetic.total(seen, "Errors") or arithmetic.total(seen, "Throttles")
    which = "more than errors and throttles explain" if has_causes else "with neither an error nor a throttle here"
    return Finding(
        code="late-in-queue",
        severity=Severity.WARNING,
        confidence=Confidence.POSSIBLE if has_causes else Confidence.LIKELY,
        title="Late, and not by this function's doing",
        explanation=f"One event was {words.oldest(seen)} old at an attempt, {which}: others hold up the queue.",
        evidence=(figure(seen, "Maximum", "AsyncEventAge"), *words.sums(seen, "Errors", "Throttles")),
        alternatives=("The errors or throttles may lie in the minutes before this span.",),
        advice=(
            "Look at the throttles of the region's other functions, and at the AWS Health Dashboard.",
            "Turn X-Ray tracing on: the dwell time is what an event spent in the queue.",
        ),
        source=words.BLOG,
    )


def slower(seen: Observations) -> Finding | None:
    """Find executions that take longer and longer while no event waits."""
    points = seen.metrics["Duration"].points
    third = max(1, len(points) // 3)
    if not points or arithmetic.oldest_seconds(seen) >= arithmetic.LATE_SECONDS:
        return None
    first, last = (
        sum(point.sum for point in part) / sum(point.sample_count for point in part)
        for part in (points[:third], points[-third:])
    )
    if last < _SLOWER_FACTOR * first or last - first < _SLOWER_BY_MS:
        return None
    return Finding(
        code="slower",
        severity=Severity.NOTICE,
        confidence=Confidence.LIKELY,
        title="The function gets slower; the queue is not why",
        explanation=(
            "Executions take longer and longer while no event waits: what is late is late in the function or behind it."
        ),
        evidence=(
            figure(seen, "Minimum", "Duration"),
            figure(seen, "Maximum", "Duration"),
            figure(seen, "Maximum", "AsyncEventAge"),
        ),
        alternatives=("Later events may ask for more work.",),
        advice=("Look at what the function calls, and at its memory, which is its share of CPU too.",),
        source=words.BLOG,
    )


def still_queued(seen: Observations) -> Finding | None:
    """Find events that have neither succeeded nor been dropped yet."""
    queued, received = arithmetic.queued(seen), arithmetic.total(seen, "AsyncEventsReceived")
    if not queued:
        return None
    least = "At least " if arithmetic.other_requests(seen) else ""
    has = "has" if queued == 1 else "have"
    return Finding(
        code="still-queued",
        severity=Severity.INFO,
        confidence=Confidence.LIKELY,
        title="Not over yet",
        explanation=(
            f"{least}{count(queued)} of {plural(received, 'event')} {has} neither succeeded nor been dropped yet: "
            "queued, or not yet in the metrics."
        ),
        evidence=tuple(words.sums(seen, "AsyncEventsReceived", "AsyncEventsDropped", "Invocations", "Errors")),
        alternatives=("On AWS a data point can be some minutes late.",),
        advice=("Watch longer: events are kept up to the maximum event age.",),
        source=f"{words.GUIDE}: events are kept up to the maximum event age",
    )


# --- what becomes of events that failed ---


def not_kept(seen: Observations) -> Finding | None:
    """Find finished events that a dead-letter target or a destination refused."""
    dead, undelivered = (arithmetic.total(seen, name) for name in ("DeadLetterErrors", "DestinationDeliveryFailures"))
    if not dead + undelivered:
        return None
    is_of_no_drop = not dead and not arithmetic.total(seen, "AsyncEventsDropped")
    if is_of_no_drop and seen.settings and seen.settings.on_success:
        return _success_not_told(seen)
    refused = {"dead-letter target": dead, "destination": undelivered}
    said = listed([f"the {name} refused {plural(number, 'event')}" for name, number in refused.items() if number])
    has_other = _other_target_has_them(seen)
    missing = sorted({target.arn for target in seen.failure_targets if target.exists is False})
    may_be_successes = bool(undelivered and seen.settings and seen.settings.on_success)
    return Finding(
        code="not-kept",
        severity=Severity.WARNING if has_other else Severity.CRITICAL,
        confidence=Confidence.LIKELY if may_be_successes else Confidence.CERTAIN,
        title="Failed events could not be delivered",
        explanation=(
            f"Of those that failed, {said}"
            + ("; the other of the two took them." if has_other else ": what was refused is gone.")
            + (f" {words.agreeing(missing, 'does', 'do')} not exist." if missing else "")
        ),
        evidence=tuple(words.sums(seen, "DeadLetterErrors", "DestinationDeliveryFailures")),
        alternatives=("Some may be records of successes, for the on-success destination.",) if may_be_successes else (),
        advice=(words.create_missing(missing),)
        if missing
        else (
            "Check that the target stands, and that the function's role may write to it and use its key.",
            "Check the size: a target may take less than Lambda's 1 MB.",
        ),
        source=words.GUIDE,
    )


def _other_target_has_them(seen: Observations) -> bool:
    """Whether both a dead-letter target and a destination get what fails, and only one of them refused some."""
    function = seen.configuration.function
    has_dead_letter = bool(function and function.dead_letter_arn)
    has_destination = bool(seen.settings_in_effect) and all(one.on_failure for one in seen.settings_in_effect)
    dead, undelivered = (arithmetic.total(seen, name) for name in ("DeadLetterErrors", "DestinationDeliveryFailures"))
    return has_dead_letter and has_destination and not (dead and undelivered)


def _success_not_told(seen: Observations) -> Finding:
    return Finding(
        code="success-not-delivered",
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title="Records of successes could not be delivered",
        explanation="The on-success destination refused what Lambda sent it; no event was dropped.",
        evidence=tuple(words.sums(seen, "DestinationDeliveryFailures", "AsyncEventsDropped")),
        alternatives=("A failure record of an event that was dropped before these minutes.",),
        advice=("Check that the target stands, and that the function's role may write to it and use its key.",),
        source=words.GUIDE,
    )
