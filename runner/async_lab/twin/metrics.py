"""From what happened to what CloudWatch holds: every sample of ``AWS/Lambda`` follows from one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch

from async_lab.twin.model import (
    Ended,
    Event,
    Execution,
    Finished,
    FunctionRef,
    Received,
    Record,
    Started,
    StillRunning,
    SystemFailed,
    Throttled,
)
from async_lab.twin.rules import Condition
from async_lab.twin.sources import Rule, Source, rule

METRICS: Mapping[str, Rule] = {
    "AsyncEventsReceived": rule("1 per accepted event, none for retries.", Source.RERUN, Source.CAPTURE),
    "AsyncEventAge": rule(
        "One per attempt, throttled, failed or successful; none at the drop, none at reserved concurrency 0.",
        Source.BLOG,
        Source.SAMPLE,
        Source.RERUN,
    ),
    "AsyncEventsDropped": rule("One per event, when it is finished: 1 dropped, 0 not.", Source.CAPTURE),
    "Invocations": rule("1 per execution, at its start; none for throttles.", Source.DOC),
    "Errors": rule("Per execution 1 or 0, stamped with its start; also a 0 per throttle.", Source.DOC, Source.CAPTURE),
    "Throttles": rule(
        "1 per throttled attempt, synchronous ones too; also a 0 per execution.", Source.DOC, Source.CAPTURE
    ),
    "Duration": rule("Per execution, stamped with its start; without the initialization.", Source.DOC),
    "ConcurrentExecutions": rule(
        "The function's executions at each start and each minute's beginning, so that Maximum is the minute's highest.",
        Source.ASSUMED,
    ),
}
"""When the twin has a sample of each metric."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One observation. ``AsyncEventAge`` and ``Duration`` are in milliseconds, all others counts."""

    target: FunctionRef
    metric: str
    at: float
    """The time stamp CloudWatch files it under."""
    value: float


@singledispatch
def samples(record: Record) -> Iterator[Sample]:
    """Yield the samples that Lambda publishes for a record."""
    raise TypeError(record)


@samples.register
def _(record: Received) -> Iterator[Sample]:
    yield Sample(record.event.target, "AsyncEventsReceived", record.at, 1)


@samples.register
def _(record: Throttled) -> Iterator[Sample]:
    if record.event:
        yield _age(record.event, record.at)
    yield Sample(record.target, "Throttles", record.at, 1)
    yield Sample(record.target, "Errors", record.at, 0)


@samples.register
def _(record: SystemFailed) -> Iterator[Sample]:
    yield _age(record.event, record.at)


@samples.register
def _(record: Started) -> Iterator[Sample]:
    execution = record.execution
    if execution.event:
        yield _age(execution.event, record.at)
    yield Sample(execution.target, "Invocations", record.at, 1)
    yield Sample(execution.target, "Throttles", record.at, 0)
    yield Sample(execution.target, "ConcurrentExecutions", record.at, record.running)


@samples.register
def _(record: StillRunning) -> Iterator[Sample]:
    yield Sample(FunctionRef(record.function), "ConcurrentExecutions", record.at, record.running)


@samples.register
def _(record: Ended) -> Iterator[Sample]:
    execution: Execution = record.execution
    yield Sample(execution.target, "Errors", execution.started_at, record.outcome.is_error)
    duration_ms = record.outcome.duration_seconds * 1_000
    yield Sample(execution.target, "Duration", execution.started_at, round(duration_ms, 2))


@samples.register
def _(record: Finished) -> Iterator[Sample]:
    if record.condition is not Condition.FUNCTION_DELETED:
        yield Sample(record.event.target, "AsyncEventsDropped", record.at, record.is_dropped)


def _age(event: Event, at: float) -> Sample:
    return Sample(event.target, "AsyncEventAge", at, round(event.age_at(at) * 1_000))
