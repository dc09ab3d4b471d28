"""What follows from observations by arithmetic alone: the numbers that checks decide by.

A function's metrics are of all its traffic. What of them belongs to asynchronous events follows from ``AsyncEventAge``,
which has one sample for each attempt at an event (blog): executions and throttles beyond those are of other requests,
synchronous ones or of event sources. Where both are mixed, a number has a least and a most.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from async_lab.observation.metrics import PERIOD_SECONDS, MetricSeries
from async_lab.observation.observations import Observations
from async_lab.twin.rules import (  # the numbers have one home
    LONGEST_TIMEOUT_SECONDS,
    MAXIMUM_EVENT_AGE_SECONDS,
    MAXIMUM_RETRY_ATTEMPTS,
    Rules,
    too_old_next_time,
)

RULES = Rules()
_SECONDS_FROM_THROTTLE_TO_DROP = RULES.backoff_limit_seconds + PERIOD_SECONDS
_SHORTEST_AGE_SECONDS = 60  # doc: the least that a maximum event age may be
LATE_SECONDS = 5.0
"""From this age on an event is late without function errors to show for it; ours: AWS names no figure. Waits after a
first and a second throttle are below it."""


def total(seen: Observations, metric: str) -> float:
    """Return the sum of all samples."""
    return seen.metrics[metric].total


def oldest_seconds(seen: Observations) -> float:
    """Return how old an event was at an attempt, at most; 0 when there was none."""
    return seen.metrics["AsyncEventAge"].maximum / 1000


def attempts(seen: Observations) -> float:
    """Return how many attempts there were at events."""
    return sum(point.sample_count for point in seen.metrics["AsyncEventAge"].points)


def other_requests(seen: Observations) -> float:
    """Return how many executions and throttles there were of requests that are no asynchronous events."""
    return max(0.0, total(seen, "Invocations") + total(seen, "Throttles") - attempts(seen))


def least_throttled_attempts(seen: Observations) -> float:
    """Return how many throttles were of events at the least; at the most it is all."""
    return max(0.0, min(total(seen, "Throttles"), attempts(seen)) - other_requests(seen))


def are_events_throttled(seen: Observations) -> bool:
    """Whether some of the throttles were of events for certain.

    They exceed the other requests, or an event of a minute with throttles has an age that only backing off leads to:
    past the first attempt, and before the first retry of a failure.
    """
    throttled = {minute for minute, value in _sums(seen.metrics["Throttles"]).items() if value}
    backed_off = any(
        first_throttle_wait_seconds() <= point.maximum / 1000 < first_error_wait_seconds()
        for point in seen.metrics["AsyncEventAge"].points
        if point.minute in throttled
    )
    return backed_off or least_throttled_attempts(seen) > 0


def least_failed_attempts(seen: Observations) -> float:
    """Return how many errors were of events at the least; at the most it is all."""
    return max(0.0, min(total(seen, "Errors"), attempts(seen)) - other_requests(seen))


def mean_duration_seconds(seen: Observations) -> float:
    """Return how long an execution took on average; 0 when none ended."""
    samples = sum(point.sample_count for point in seen.metrics["Duration"].points)
    return total(seen, "Duration") / samples / 1000 if samples else 0.0


def retries(seen: Observations) -> int:
    """Return how often Lambda tries an event again after a function error, at the least.

    Qualifiers that events were sent to may differ; the least possible where it isn't known.
    """
    return min((settings.maximum_retry_attempts for settings in seen.settings_in_effect), default=0)


def most_retries(seen: Observations) -> int:
    """Return how often Lambda tries an event again after a function error, at the most."""
    allowed = (settings.maximum_retry_attempts for settings in seen.settings_in_effect)
    return max(allowed, default=MAXIMUM_RETRY_ATTEMPTS)


def maximum_event_age(seen: Observations) -> float:
    """Return the maximum event age in seconds, at the least: as with the retries."""
    ages = (settings.maximum_event_age_seconds for settings in seen.settings_in_effect)
    return min(ages, default=_SHORTEST_AGE_SECONDS)


# --- dropped: by what ---


def failures_before_drop(retries: int, maximum_age: float, duration: float) -> tuple[int, bool]:
    """Return how often an event that always fails is run, and whether its age ends it and not its retries.

    ``maximum_age`` and ``duration`` of an execution are in seconds.
    """
    age = 0.0
    for failed in range(1, retries + 1):
        age += duration
        wait = RULES.wait_after_error(failed)
        if too_old_next_time(age, wait, maximum_age):
            return failed, True
        age += wait
    return retries + 1, False


def throttles_before_drop(maximum_age: float) -> int:
    """Return how often an event is throttled at the least before it is too old; ``maximum_age`` is in seconds."""
    age, throttled = RULES.dispatch_seconds[1], 1
    while not too_old_next_time(age, RULES.wait_after_backoff(throttled), maximum_age):
        age += RULES.wait_after_backoff(throttled) * (1 + RULES.jitter)
        throttled += 1
    return throttled


def drops_without_an_attempt(seen: Observations) -> float:
    """Return how many events were dropped in minutes in which events came and none was attempted.

    So it is at reserved concurrency 0. In a backlog, what has just come would be attempted, however late the rest is.
    """
    received = _sums(seen.metrics["AsyncEventsReceived"])
    attempted = {point.minute for point in seen.metrics["AsyncEventAge"].points}

    def came_untried(minute: int) -> bool:
        return bool(received.get(minute)) and minute not in attempted

    return sum(
        dropped
        for minute, dropped in _sums(seen.metrics["AsyncEventsDropped"]).items()
        if minute not in attempted and (came_untried(minute) or came_untried(minute - PERIOD_SECONDS))
    )


def are_drops_in_minutes_of_arrival(seen: Observations) -> bool:
    """Whether events were dropped in a minute in which some came: no event is too old in less than a minute."""
    received = _sums(seen.metrics["AsyncEventsReceived"])
    return any(
        dropped and received.get(minute) for minute, dropped in _sums(seen.metrics["AsyncEventsDropped"]).items()
    )


def drops_by_errors(seen: Observations) -> float:
    """Return how many of the dropped events function errors can explain at the most.

    Each needs all its failures, and in the last minutes before a drop an attempt as old as its last one must have been.
    """
    needed, is_too_old = failures_before_drop(retries(seen), maximum_event_age(seen), mean_duration_seconds(seen))
    waits = sum(RULES.wait_after_error(failed) for failed in range(1, needed)) * (1 - RULES.jitter)
    near = _drops_near(seen, "Errors", _seconds_from_error_to_drop(seen), 0 if is_too_old else waits)
    return min(near, total(seen, "Errors") // needed)


def may_drops_be_by_errors(seen: Observations) -> bool:
    """Whether an error may have ended any of the dropped events: it was seen before a drop, or came before the time."""
    return _may_be_by(seen, "Errors", _seconds_from_error_to_drop(seen))


def _seconds_from_error_to_drop(seen: Observations) -> float:
    """Return how much later a drop is than the error that it follows, at the most, both as minutes.

    An error and an age have the time at which the execution began, a drop that at which it ended.
    """
    function = seen.configuration.function
    return (function.timeout_seconds if function else PERIOD_SECONDS) + PERIOD_SECONDS


def drops_by_throttles(seen: Observations) -> float:
    """Return how many of the dropped events throttles can explain at the most.

    Each needs all its throttles, as far as they can have been seen, and in the last minutes before a drop an attempt
    so old that the next would have come too late.
    """
    maximum_age = maximum_event_age(seen)
    drops = [minute for minute, dropped in _sums(seen.metrics["AsyncEventsDropped"]).items() if dropped]
    knows = seen.sent is not None or (bool(drops) and drops[0] - seen.start >= maximum_age)  # that none is from before
    needed = throttles_before_drop(maximum_age) if knows else 1
    near = _drops_near(seen, "Throttles", _SECONDS_FROM_THROTTLE_TO_DROP, youngest_at_last_throttle(maximum_age))
    return min(near, total(seen, "Throttles") // needed)


def may_drops_be_by_throttles(seen: Observations) -> bool:
    """Whether a throttle may have ended any of the dropped events, as with errors."""
    return _may_be_by(seen, "Throttles", _SECONDS_FROM_THROTTLE_TO_DROP)


def _may_be_by(seen: Observations, metric: str, seconds: float) -> bool:
    drops = [minute for minute, dropped in _sums(seen.metrics["AsyncEventsDropped"]).items() if dropped]
    return bool(_drops_near(seen, metric, seconds, 0)) or any(minute - seconds < seen.start for minute in drops)


def youngest_at_last_throttle(maximum_age: float) -> float:
    """Return how old an event is at the least when a throttle ends it: its age and the next wait reach the maximum.

    The nominal waits so far are one second less than the next, and at the most 12 % longer than the actual ones; no
    wait is longer than 300 s.
    """
    by_doubling = (maximum_age - RULES.backoff_base_seconds) / (1 + 1 / (1 - RULES.jitter))
    return max(by_doubling, maximum_age - RULES.backoff_limit_seconds)


def drops_unexplained(seen: Observations) -> float:
    """Return how many events were dropped beyond what errors, throttles and a reservation of 0 can explain."""
    explained = drops_without_an_attempt(seen) + drops_by_errors(seen) + drops_by_throttles(seen)
    return max(0.0, total(seen, "AsyncEventsDropped") - explained)


def _drops_near(seen: Observations, metric: str, seconds: float, age_seconds: float) -> float:
    """Return how many events were dropped in minutes that have a metric above 0, and an attempt of an age.

    Both may also lie in the ``seconds`` before such a minute.
    """
    causes = [minute for minute, value in _sums(seen.metrics[metric]).items() if value]
    old = [point.minute for point in seen.metrics["AsyncEventAge"].points if point.maximum >= age_seconds * 1000]
    return sum(
        dropped
        for minute, dropped in _sums(seen.metrics["AsyncEventsDropped"]).items()
        if all(any(0 <= minute - other <= seconds for other in others) for others in (causes, old))
    )


def _sums(series: MetricSeries) -> dict[int, float]:
    return {point.minute: point.sum for point in series.points}


def timeout_of_failures(seen: Observations) -> int | None:
    """Return the timeout, in seconds, that executions ran into in each minute with errors: all may be timeouts.

    None where they didn't in some such minute, or the timeout could not be seen. Asked where there were errors.
    """
    function = seen.configuration.function
    if function is None:
        return None
    failed = {minute for minute, value in _sums(seen.metrics["Errors"]).items() if value}
    durations = seen.metrics["Duration"].points
    timed_out = {point.minute for point in durations if point.maximum >= function.timeout_seconds * 1000}
    return function.timeout_seconds if failed <= timed_out else None


# --- errors and throttles that are of no event ---


def do_no_events_fail(seen: Observations) -> bool:
    """Whether all errors are of other requests for certain: an event that fails is tried again, or dropped.

    The last error must be so long ago that its retry would have been seen.
    """
    latest = max((minute for minute, value in _sums(seen.metrics["Errors"]).items() if value), default=seen.start)
    timeout = seen.configuration.function.timeout_seconds if seen.configuration.function else LONGEST_TIMEOUT_SECONDS
    retried_until = latest + PERIOD_SECONDS + timeout + RULES.wait_after_error(1) * (1 + RULES.jitter)
    is_of_events = oldest_seconds(seen) >= first_error_wait_seconds() or total(seen, "AsyncEventsDropped") > 0
    return not attempts(seen) or (seen.end >= retried_until and not is_of_events and not queued(seen))


def are_no_events_throttled(seen: Observations) -> bool:
    """Whether all throttles are of other requests for certain: a throttled event is tried again, or dropped."""
    latest = max((minute for minute, value in _sums(seen.metrics["Throttles"]).items() if value), default=seen.start)
    retried_until = latest + PERIOD_SECONDS + RULES.backoff_base_seconds * (1 + RULES.jitter)
    is_of_events = oldest_seconds(seen) >= first_throttle_wait_seconds() or total(seen, "AsyncEventsDropped") > 0
    return not attempts(seen) or (seen.end >= retried_until and not is_of_events and not queued(seen))


# --- late: by what ---


def error_waits_seconds(seen: Observations, most: int = MAXIMUM_RETRY_ATTEMPTS) -> float:
    """Return how old an event may have got by function errors: by their waits, and by the executions themselves.

    ``most`` is how many of them are asked about, of those that the settings allow; all do where they aren't known.
    """
    count = int(min(most, most_retries(seen), total(seen, "Errors")))
    waits = sum(RULES.wait_after_error(failed) for failed in range(1, count + 1)) * (1 + RULES.jitter)
    return waits + count * seen.metrics["Duration"].maximum / 1000


def first_error_wait_seconds() -> float:
    """Return the shortest wait after a function error."""
    return RULES.wait_after_error(1) * (1 - RULES.jitter)


def first_throttle_wait_seconds() -> float:
    """Return the shortest wait after a throttle."""
    return RULES.wait_after_backoff(1) * (1 - RULES.jitter)


def throttle_waits_seconds(seen: Observations) -> float:
    """Return how old an event may have got by throttles, if one event had them all."""
    waited, left = 0.0, int(total(seen, "Throttles"))
    for throttled in range(1, left + 1):
        if waited > MAXIMUM_EVENT_AGE_SECONDS:
            break
        waited += RULES.wait_after_backoff(throttled) * (1 + RULES.jitter)
    return waited


def came_before_late(seen: Observations, metric: str, seconds: float) -> bool:
    """Whether a metric was above 0 in a minute not later than one with an attempt at an event of that age."""
    late = [point.minute for point in seen.metrics["AsyncEventAge"].points if point.maximum >= seconds * 1000]
    causes = [minute for minute, value in _sums(seen.metrics[metric]).items() if value]
    return bool(late and causes) and min(causes) <= max(late)


def unreserved_peak(seen: Observations) -> float | None:
    """Return how much of the account's unreserved concurrency was in use at the most in minutes with throttles.

    None where that could not be seen of each of them: an execution's start is counted in the minute before, too.
    """
    throttled = [minute for minute, value in _sums(seen.metrics["Throttles"]).items() if value]
    by_minute = seen.unreserved_by_minute or {}
    peaks = [
        max(by_minute[minute], by_minute.get(minute - PERIOD_SECONDS, 0.0))
        for minute in throttled
        if minute in by_minute
    ]
    return max(peaks) if peaks and len(peaks) == len(throttled) else None


# --- what would be enough ---


def concurrency_needed(seen: Observations) -> int:
    """Return how many executions ran at once if none waited: arrivals times duration (Little's law), at their peak."""
    span = _minutes_of_an_execution(seen) * PERIOD_SECONDS
    return max(1, ceil(peak_arrivals(seen) * mean_duration_seconds(seen) / span))


def peak_arrivals(seen: Observations) -> float:
    """Return how many events came, at the most, in as many minutes as an execution takes."""
    received = _sums(seen.metrics["AsyncEventsReceived"])
    return max(_sums_of_spans(received, _minutes_of_an_execution(seen)), default=0.0)


def _minutes_of_an_execution(seen: Observations) -> int:
    return max(1, ceil(mean_duration_seconds(seen) / PERIOD_SECONDS))


def _sums_of_spans(sums: dict[int, float], minutes: int) -> Iterator[float]:
    for first in sums:
        yield sum(value for minute, value in sums.items() if 0 <= minute - first < minutes * PERIOD_SECONDS)


def age_for_all_retries_seconds(seen: Observations) -> int:
    """Return the maximum event age that leaves time for all retries, in seconds, in whole minutes."""
    most = most_retries(seen)
    waits = sum(RULES.wait_after_error(failed) for failed in range(1, most + 1)) * (1 + RULES.jitter)
    return ceil((waits + most * seen.metrics["Duration"].maximum / 1000 + 1) / 60) * 60


def queued(seen: Observations) -> float:
    """Return how many events have neither succeeded nor been dropped, at the least: other requests succeed, too."""
    succeeded = total(seen, "Invocations") - total(seen, "Errors")
    return max(0.0, total(seen, "AsyncEventsReceived") - total(seen, "AsyncEventsDropped") - succeeded)
