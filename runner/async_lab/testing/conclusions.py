"""What became of events on AWS, which keeps no record of single ones: concluded from what it does show.

Seen are: that an event was sent (its request id), each execution's log lines, the records in queues that are its
destinations, and CloudWatch's counts of all events together. What follows from these and isn't shown is named in the
``inferred`` of an event or attempt; what doesn't follow is left out, and such an event is still pending.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from async_lab.observation.events import Attempt, Delivery, Event, Outcome
from async_lab.testing.executions import Execution

_SUCCESS, _EXHAUSTED, _TOO_OLD, _STOPPED = "Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"
_THROTTLED = "429"
_MOST_RETRIES = 2  # doc: the most that Lambda allows
_FAILURES = (Outcome.ERROR, Outcome.TIMEOUT)


@dataclass(frozen=True, slots=True, repr=False)
class ConcludedAttempt(Attempt):
    """An attempt that left log lines. Throttled ones leave none: they are in metrics only."""

    inferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class ConcludedEvent(Event):
    """An event of which only a part was seen."""

    inferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """An event's message in a destination or dead-letter queue."""

    request_id: str
    target_arn: str
    is_dead_letter: bool
    sent_at: float
    """Epoch seconds."""
    condition: str | None = None
    """The invocation record's; None in a dead-letter queue."""
    error_code: str | None = None
    """A dead-letter message's; None where it has none, and in a record."""


@dataclass(frozen=True, slots=True)
class Counts:
    """CloudWatch's, of all of a function's requests."""

    received: float
    dropped: float
    invocations: float
    errors: float
    throttles: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that AWS shows of one function's events."""

    function: str
    sent: Sequence[Event]
    """As they were accepted; only of those that the lab itself sent."""
    executions: Sequence[Execution]
    letters: Sequence[Letter]
    counts: Counts
    most_retries: int
    """Of what is sent to the function itself, without a version or alias."""
    is_stopped: bool
    """Whether its reserved concurrency is 0."""
    answered: Collection[str] = ()
    """Request ids of the lab's own synchronous invocations."""

    @property
    def of_others(self) -> list[str]:
        """Request ids of executions that the lab didn't ask for, in the order in which they began."""
        own = {event.request_id for event in self.sent} | set(self.answered)
        return [one for one in dict.fromkeys(run.request_id for run in self.executions) if one not in own]

    @property
    def are_others_events(self) -> bool:
        """Whether those are asynchronous events, as CloudWatch's count says; else they may be any requests."""
        return bool(self.of_others) and self.counts.received == len(self.sent) + len(self.of_others)

    @property
    def known_errors(self) -> int:
        """How many executions failed as their log says, because Lambda tried again, or as a record says."""
        last = {run.request_id: run for run in self.executions}
        not_delivered = {letter.request_id for letter in self.letters if letter.condition != _SUCCESS}
        return sum(
            run.outcome in _FAILURES
            or (run.outcome is None and (run is not last[run.request_id] or run.request_id in not_delivered))
            for run in self.executions
        )

    def retries_of(self, event: Event) -> int:
        """Return how often Lambda tries an event again at the most: what went elsewhere may have other settings."""
        is_own = any(event.request_id == one.request_id and not one.qualifier for one in self.sent)
        return self.most_retries if is_own else _MOST_RETRIES

    @property
    def unseen(self) -> str | None:
        """Why not every event that Lambda received is known; None when it is."""
        known = len(self.sent) + (len(self.of_others) if self.are_others_events else 0)
        if self.counts.received == known:
            return None
        return f"{self.function} has received {self.counts.received:g} events, of which {known} are known"


def conclude(evidence: Evidence, look_up: Callable[[Attempt], list[str]] | None = None) -> list[Event]:
    """Return what became of each event, in the order of their acceptance."""
    sent = [accepted(event) for event in evidence.sent]
    if evidence.are_others_events:
        sent += [_found(evidence, request_id) for request_id in evidence.of_others]
    concluded = [_concluded(event, evidence, look_up) for event in sent]
    return sorted(_counted_out(concluded, evidence), key=lambda event: event.accepted_at)


def accepted(event: Event) -> ConcludedEvent:
    """Return an event that the lab sent."""
    return ConcludedEvent(event.request_id, event.function, event.qualifier, event.accepted_at, payload=event.payload)


def _found(evidence: Evidence, request_id: str) -> ConcludedEvent:
    """Return an event that something else sent: it was accepted before its first log line, on AWS about 35 ms."""
    first = next(run for run in evidence.executions if run.request_id == request_id)
    return ConcludedEvent(request_id, evidence.function, "", first.at, inferred=("accepted_at",))


def _concluded(
    event: ConcludedEvent, evidence: Evidence, look_up: Callable[[Attempt], list[str]] | None
) -> ConcludedEvent:
    runs = [run for run in evidence.executions if run.request_id == event.request_id]
    letters = [letter for letter in evidence.letters if letter.request_id == event.request_id]
    attempts = tuple(_attempt(run, event, evidence, letters, is_last=run is runs[-1], look_up=look_up) for run in runs)
    deliveries = tuple(Delivery(letter.target_arn, letter.is_dead_letter) for letter in letters)
    known = replace(event, attempts=attempts, deliveries=deliveries)
    return _ended(known, evidence, letters)


def _attempt(
    run: Execution,
    event: ConcludedEvent,
    evidence: Evidence,
    letters: Sequence[Letter],
    *,
    is_last: bool,
    look_up: Callable[[Attempt], list[str]] | None,
) -> ConcludedAttempt:
    outcome, is_inferred = _outcome(run, evidence, letters, is_last=is_last)
    inferred = [*(["outcome"] if is_inferred else []), *(["age_seconds"] if "accepted_at" in event.inferred else [])]
    return ConcludedAttempt(
        at=run.at,
        age_seconds=max(0.0, run.at - event.accepted_at),
        outcome=outcome,
        duration_seconds=run.duration_seconds,
        init_seconds=run.init_seconds,
        error_type=run.error_type,
        error_message=run.error_message,
        log_stream=run.log_stream,
        version=run.version,
        log_group=run.log_group,
        look_up=look_up,
        inferred=tuple(inferred),
    )


def _outcome(run: Execution, evidence: Evidence, letters: Sequence[Letter], *, is_last: bool) -> tuple[Outcome, bool]:
    """Return an execution's outcome, and whether it was concluded."""
    if run.outcome is not None:
        return run.outcome, False
    if not is_last:
        return Outcome.ERROR, True  # Lambda tries again what failed
    conditions = {letter.condition for letter in letters}
    if _SUCCESS in conditions:
        return Outcome.SUCCESS, False
    if letters:
        return Outcome.ERROR, True
    if run.duration_seconds is not None and evidence.counts.errors <= evidence.known_errors:
        return Outcome.SUCCESS, True  # every error that CloudWatch counts is another execution's
    return Outcome.RUNNING, True


def _ended(event: ConcludedEvent, evidence: Evidence, letters: Sequence[Letter]) -> ConcludedEvent:
    """Return an event with how it ended, where that follows from its own attempts and records."""
    last = event.attempts[-1] if event.attempts else None
    for letter in letters:
        if letter.condition is not None:
            return replace(event, condition=letter.condition, ended_at=letter.sent_at)
    failed = sum(attempt.outcome in _FAILURES for attempt in event.attempts)
    if letters:
        letter = letters[0]
        used_up = failed > evidence.retries_of(event)
        by_code = {_THROTTLED: _TOO_OLD, None: _STOPPED}
        condition = by_code.get(letter.error_code, _EXHAUSTED if used_up else _TOO_OLD)
        return _inferred(event, condition, letter.sent_at)
    if last is None or last.ended_at is None:
        return event
    if last.outcome is Outcome.SUCCESS:
        return _inferred(event, _SUCCESS, last.ended_at)
    if last.outcome in _FAILURES and failed > evidence.retries_of(event):
        return _inferred(event, _EXHAUSTED, last.ended_at)
    return event


def _counted_out(events: Sequence[ConcludedEvent], evidence: Evidence) -> list[ConcludedEvent]:
    """Conclude that all that are left were dropped, when CloudWatch counts just as many more."""
    left = [event for event in events if event.is_pending]
    more = evidence.counts.dropped - sum(event.is_dropped for event in events)
    is_logged = evidence.counts.invocations == len(evidence.executions)
    if not left or more != len(left) or evidence.unseen or not is_logged:
        return list(events)
    dropped = {
        event.request_id: replace(event, condition=_why_dropped(event, evidence), inferred=_with(event, "condition"))
        for event in left
    }
    return [dropped.get(event.request_id, event) for event in events]


def _why_dropped(event: ConcludedEvent, evidence: Evidence) -> str:
    if evidence.is_stopped and not event.attempts:
        return _STOPPED
    failed = sum(attempt.outcome in _FAILURES for attempt in event.attempts)
    return _EXHAUSTED if failed > evidence.most_retries else _TOO_OLD


def _inferred(event: ConcludedEvent, condition: str, ended_at: float) -> ConcludedEvent:
    return replace(event, condition=condition, ended_at=ended_at, inferred=_with(event, "condition", "ended_at"))


def _with(event: ConcludedEvent, *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*event.inferred, *names)))
