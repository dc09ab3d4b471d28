"""What became of events where nobody recorded it: as much as CloudWatch's minutes tell, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from async_lab.observation.events import Attempt, Event, Outcome
from async_lab.observation.metrics import DataPoint, Metrics
from async_lab.report.timeline import MOST_ROWS, Fate, Row, Timeline, Track, timeline
from async_lab.runs.result import RunResult
from async_lab.wording import plural

_INFERRED = "Inferred from the ages of the attempts in CloudWatch's minutes; no record shows them."
_UNSEEN = "sent; what became of it nobody can say"
_KNOWN_SAMPLES = 3
"""From count, sum, minimum and maximum so many samples of a minute follow."""


def timeline_of(result: RunResult, most_rows: int = MOST_ROWS) -> Timeline:
    """Return a run's events over time, drawn from the endpoint's records or else from what the metrics tell."""
    events, is_inferred = events_of(result)
    maximum_age = result.scenario.maximum_event_age_in_seconds
    shown = timeline(events, result.started_at, result.ended_at, maximum_age, most_rows)
    if not events:
        return replace(shown, remark=_nothing_to_draw(result))
    if not is_inferred:
        return shown
    if any(event.attempts or not event.is_pending for event in events):
        return replace(shown, is_inferred=True, remark=_INFERRED)
    rows = tuple(replace(row, words=_UNSEEN, fate=Fate.UNSEEN, tracks=_sent_only(row)) for row in shown.rows)
    return replace(shown, is_inferred=True, rows=rows)


def _nothing_to_draw(result: RunResult) -> str:
    if result.metrics["AsyncEventsReceived"].total:
        return "Which event was which can't be seen where a trigger hands them over."
    return f"Lambda received none of {plural(len(result.sent), 'event')}: there is nothing to draw."


def _sent_only(row: Row) -> tuple[Track, ...]:
    return tuple(replace(track, spans=(), marks=(), limit=None) for track in row.tracks)


def events_of(result: RunResult) -> tuple[tuple[Event, ...], bool]:
    """Return a run's events, and whether their attempts are inferred from metrics: on AWS no record shows them.

    A lone event's attempts follow from the ages, which are its own. Of several nobody can say whose an attempt was:
    they then have none.
    """
    if result.events or result.place.target == "local":
        return result.events, False
    sent = tuple(
        Event(sent.request_id, result.function_name, "", sent.at) for sent in result.sent if sent.request_id is not None
    )
    return ((_lone(sent[0], result),) if len(sent) == len(result.sent) == 1 else sent), True


def _lone(event: Event, result: RunResult) -> Event:
    attempts = tuple(_attempts(event, result.metrics))
    dropped = [point.minute for point in result.metrics["AsyncEventsDropped"].points if point.sum]
    last = attempts[-1] if attempts else None
    if dropped:
        ended = max(event.accepted_at, float(dropped[0]), last.at if last else 0.0)
        return replace(event, attempts=attempts, condition=_condition(attempts, result), ended_at=ended)
    if last is not None and last.outcome is Outcome.SUCCESS:
        return replace(event, attempts=attempts, condition="Success", ended_at=last.at + (last.duration_seconds or 0.0))
    return replace(event, attempts=attempts)


def _condition(attempts: tuple[Attempt, ...], result: RunResult) -> str:
    if not attempts and result.scenario.reserved_concurrent_executions == 0:
        return "ZeroReservedConcurrency"
    executions = sum(attempt.ran for attempt in attempts)
    exhausted = executions > result.scenario.maximum_retry_attempts
    return "RetriesExhausted" if exhausted and attempts[-1].ran else "EventAgeExceeded"


def _attempts(event: Event, metrics: Metrics) -> Iterator[Attempt]:
    for point in metrics["AsyncEventAge"].points:
        ages = _samples(point)
        throttled, failed = (_at(metrics, metric, point.minute) for metric in ("Throttles", "Errors"))
        for index, age in enumerate(ages):
            at = event.accepted_at + age / 1000
            if index < throttled:
                yield Attempt(at, age / 1000, Outcome.THROTTLED)
            elif index < throttled + failed:
                yield Attempt(at, age / 1000, Outcome.ERROR, _duration(metrics, point.minute))
            else:
                yield Attempt(at, age / 1000, Outcome.SUCCESS, _duration(metrics, point.minute))


def _samples(point: DataPoint) -> list[float]:
    """Return the ages of a minute's attempts, the youngest first: all of up to three, else the first and the last."""
    if point.sample_count == 1:
        return [point.minimum]
    if point.sample_count == _KNOWN_SAMPLES:
        return [point.minimum, point.sum - point.minimum - point.maximum, point.maximum]
    return [point.minimum, point.maximum]


def _at(metrics: Metrics, metric: str, minute: int) -> float:
    return sum(point.sum for point in metrics[metric].points if point.minute == minute)


def _duration(metrics: Metrics, minute: int) -> float | None:
    """Return the duration of a minute's execution, in seconds."""
    return next((point.maximum / 1000 for point in metrics["Duration"].points if point.minute == minute), None)
