"""The readable engine: Lambda's asynchronous queue as a discrete-event simulation.

It does no input or output and runs no code. Whoever drives it moves it from instant to instant with ``step``, and says
with ``resolve`` what each execution that a step started will do: the endpoint asks the real handler, a simulation its
declared workload. All that happens goes to ``record``, in order of time.
"""

from __future__ import annotations

import heapq
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import floor

from async_lab.twin import rng
from async_lab.twin.concurrency import Concurrency
from async_lab.twin.model import (
    Ended,
    Event,
    Execution,
    Finished,
    FunctionConfig,
    FunctionRef,
    Outcome,
    Received,
    Record,
    Started,
    StillRunning,
    SystemFailed,
    Throttled,
)
from async_lab.twin.rng import Draw
from async_lab.twin.rules import ACCOUNT_CONCURRENCY, Condition, Expiry, Rules, too_old_next_time

ConfigOf = Callable[[FunctionRef, float], FunctionConfig | None]
"""A target's settings at this moment; None when the function is gone.

The number in [0, 1) is the attempt's own: it decides between the versions of an alias with weights.
"""

_MINUTE_SECONDS = 60.0


@dataclass(slots=True)
class _Waiting:
    """An event in the queue and what was tried so far."""

    event: Event
    attempts: int = 0
    errors: int = 0
    backoffs: int = 0
    """Throttles and system errors in a row; an execution starts the count again (assumed)."""
    executions: int = 0
    last_execution: Execution | None = None
    is_duplicate: bool = False


@dataclass(order=True, slots=True)
class _Due:
    """Something to do at an instant. What ends at an instant makes room for what is attempted at the same."""

    at: float
    rank: int
    sequence: int
    action: Callable[[float], None] = field(compare=False)
    waiting: _Waiting | None = field(default=None, compare=False)
    """The event that waits for it, if it is in the queue."""


_ENDS, _TICKS, _ATTEMPTS = range(3)


class Twin:
    """The asynchronous queues and the concurrency of one account in one region.

    ``forget`` is told of each event when nothing more can happen to it, its second delivery included.

    ``unreserved_limit`` gives the concurrency that functions without a reservation share at this moment.
    """

    def __init__(
        self,
        config_of: ConfigOf,
        record: Callable[[Record], None],
        *,
        seed: int = 0,
        rules: Rules | None = None,
        unreserved_limit: Callable[[], int] = lambda: ACCOUNT_CONCURRENCY,
        forget: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self.rules = rules or Rules()
        self._forget = forget
        self._config_of = config_of
        self._record = record
        self._unreserved_limit = unreserved_limit
        self._concurrency = Concurrency(self.rules)
        self._due: list[_Due] = []
        self._sequence = itertools.count()
        self._unresolved: dict[str, tuple[Execution, _Waiting | None]] = {}  # by environment
        self._ticking: set[str] = set()
        self._pending = 0
        self._second_deliveries: dict[int, int] = {}
        """Deliveries that are left of an event with a duplicate, by the event's number."""
        self._numbers: Iterator[int] = itertools.count()
        self._seed = seed

    # Driving it

    @property
    def pending(self) -> int:
        """How many accepted events are neither finished nor dropped."""
        return self._pending

    @property
    def is_settled(self) -> bool:
        """Whether nothing will happen unless somebody invokes."""
        return not self._pending and not self._second_deliveries and not self._concurrency.running.total()

    @property
    def next_attempts(self) -> dict[str, float]:
        """When each event that waits is tried next, or dropped, by its request id."""
        return {due.waiting.event.request_id: due.at for due in sorted(self._due, reverse=True) if due.waiting}

    @property
    def unresolved(self) -> int:
        """How many started executions have no outcome yet."""
        return len(self._unresolved)

    def running(self, function: str) -> int:
        """Return how many executions of the function run at this instant."""
        return self._concurrency.running[function]

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on. Events are numbered on: those that wait still keep their numbers."""
        self._seed = seed

    def retire(self, at: float) -> list[str]:
        """Give up the execution environments that were idle for long; return their names."""
        return self._concurrency.retire(at)

    def purge(self, at: float) -> int:
        """Take every event out of the queue; return how many. Those that run end, and are not tried again until then.

        An event that runs and fails goes back into the queue: purge again when it has.
        """
        queued = sorted(due for due in self._due if due.waiting)
        self._due = [due for due in self._due if not due.waiting]
        heapq.heapify(self._due)
        before = self._pending
        for due in queued:
            if due.waiting:
                self._finish(due.waiting, Condition.PURGED, at)
        return before - self._pending

    def accept(self, target: FunctionRef, at: float) -> Event:
        """Take an event into the queue. Concurrency never refuses it, not even 0 (rerun, capture)."""
        number = next(self._numbers)
        event = Event(target, number, self.new_request_id(number), at)
        self._record(Received(at, event))
        self._pending += 1
        delay = self.rules.dispatch_after(self._uniform(Draw.DISPATCH, event))
        self._schedule_attempt(_Waiting(event), at + delay)
        if self._uniform(Draw.DUPLICATE, event) < self.rules.duplicate_rate:
            self._second_deliveries[number] = 2
            self._schedule_attempt(_Waiting(event, is_duplicate=True), at + delay)
        return event

    def invoke(self, target: FunctionRef, at: float) -> Execution | None:
        """Start a synchronous execution, to be resolved like any other; None when it is throttled (429)."""
        number = next(self._numbers)
        route = rng.uniform(self._seed, Draw.ROUTE, number)
        config = self._config_of(target, route) or FunctionConfig(reserved_concurrency=0)
        execution = self._start(target, config, at, self.new_request_id(number), None)
        if execution is None:
            self._record(Throttled(at, target, None))
        return execution

    def next_due(self) -> float | None:
        """Return when something happens next, or None. Every execution must have been resolved."""
        if self.unresolved:
            raise RuntimeError(f"{self.unresolved} executions have no outcome yet")
        return self._due[0].at if self._due else None

    def step(self) -> list[Execution]:
        """Do all that is due at the next instant; return the executions that it started."""
        at = self.next_due()
        while self._due and self._due[0].at == at:
            heapq.heappop(self._due).action(at)
        return [execution for execution, _ in self._unresolved.values()]

    def resolve(self, execution: Execution, outcome: Outcome) -> None:
        """Say what a started execution does, and so when it ends."""
        _, waiting = self._unresolved.pop(execution.environment)
        ends_at = execution.started_at + outcome.occupied_seconds
        self._schedule(ends_at, _ENDS, lambda at: self._end(execution, outcome, waiting, at))

    def new_request_id(self, number: int) -> str:
        """Return the request id of the invocation with this number: the same for the same seed."""
        high = rng.bits(self._seed, Draw.REQUEST_ID, number, 0)
        low = rng.bits(self._seed, Draw.REQUEST_ID, number, 1)
        return str(uuid.UUID(int=high << 64 | low, version=4))

    # An attempt

    def _attempt(self, waiting: _Waiting, at: float) -> None:
        event = waiting.event
        config = self._config_of(event.target, self._uniform(Draw.ROUTE, event, waiting.attempts + 1))
        if config is None:
            self._finish(waiting, Condition.FUNCTION_DELETED, at)
        elif config.reserved_concurrency == 0:
            self._finish(waiting, Condition.ZERO_RESERVED_CONCURRENCY, at)
        elif event.age_at(at) > config.maximum_event_age_seconds:  # a backlog: no age sample (doc, blog)
            self._finish(waiting, Condition.EVENT_AGE_EXCEEDED, at)
        else:
            self._try(waiting, config, at)

    def _try(self, waiting: _Waiting, config: FunctionConfig, at: float) -> None:
        event = waiting.event
        waiting.attempts += 1
        if self._uniform(Draw.SYSTEM_ERROR, event, waiting.attempts) < self.rules.system_error_rate:
            self._record(SystemFailed(at, event))
            self._back_off(waiting, config, at)
        elif self._start(event.target, config, at, event.request_id, waiting) is None:
            self._record(Throttled(at, event.target, event))
            self._back_off(waiting, config, at)

    def _start(
        self, target: FunctionRef, config: FunctionConfig, at: float, request_id: str, waiting: _Waiting | None
    ) -> Execution | None:
        place = self._concurrency.take(target, config, self._unreserved_limit(), at)
        if place is None:
            return None
        number = waiting.executions + 1 if waiting else 1
        execution = Execution(
            target=target,
            request_id=request_id,
            started_at=at,
            environment=place.environment,
            is_cold=place.is_cold,
            config=config,
            event=waiting.event if waiting else None,
            number=number,
        )
        if waiting:
            waiting.executions, waiting.backoffs, waiting.last_execution = number, 0, execution
        self._unresolved[execution.environment] = execution, waiting
        self._record(Started(at, execution, self.running(target.function)))
        self._tick_from(target.function, at)
        return execution

    def _end(self, execution: Execution, outcome: Outcome, waiting: _Waiting | None, at: float) -> None:
        survivor = execution.environment if outcome.environment_survives else None
        self._concurrency.give_back(execution.target, execution.config, survivor, at)
        self._record(Ended(at, execution, outcome))
        if waiting is None:
            return
        if outcome.is_error:
            self._retry(waiting, at)
        else:
            self._finish(waiting, Condition.SUCCESS, at)

    # What follows an attempt that failed

    def _back_off(self, waiting: _Waiting, config: FunctionConfig, at: float) -> None:
        waiting.backoffs += 1
        self._wait_or_drop(waiting, config, self.rules.wait_after_backoff(waiting.backoffs), at)

    def _retry(self, waiting: _Waiting, at: float) -> None:
        waiting.errors += 1
        config = self._config_of(waiting.event.target, self._uniform(Draw.ROUTE, waiting.event, waiting.attempts))
        if config is None:
            self._finish(waiting, Condition.FUNCTION_DELETED, at)
        elif waiting.errors > config.maximum_retry_attempts:
            self._finish(waiting, Condition.RETRIES_EXHAUSTED, at)
        else:
            self._wait_or_drop(waiting, config, self.rules.wait_after_error(waiting.errors), at)

    def _wait_or_drop(self, waiting: _Waiting, config: FunctionConfig, nominal_seconds: float, at: float) -> None:
        age, maximum = waiting.event.age_at(at), config.maximum_event_age_seconds
        if not too_old_next_time(age, nominal_seconds, maximum):
            jitter = rng.symmetric(self._seed, Draw.WAIT, waiting.event.number, waiting.attempts)
            self._schedule_attempt(waiting, at + self.rules.jittered(nominal_seconds, jitter))
        elif self.rules.expiry is Expiry.LOOK_AHEAD:
            self._finish(waiting, Condition.EVENT_AGE_EXCEEDED, at)
        else:
            expires_at = max(at, waiting.event.accepted_at + maximum)
            drop = Condition.EVENT_AGE_EXCEEDED
            self._schedule(expires_at, _ATTEMPTS, lambda then: self._finish(waiting, drop, then), waiting)

    def _finish(self, waiting: _Waiting, condition: Condition, at: float) -> None:
        event = waiting.event
        if not waiting.is_duplicate:  # the event itself is counted by its first delivery
            self._pending -= 1
            self._record(Finished(at, event, condition, waiting.executions, waiting.last_execution))
        left = self._second_deliveries.pop(event.number, 1) - 1
        if left:
            self._second_deliveries[event.number] = left
        else:
            self._forget(event)

    # The schedule

    def _uniform(self, draw: Draw, event: Event, attempt: int = 0) -> float:
        return rng.uniform(self._seed, draw, event.number, attempt)

    def _schedule_attempt(self, waiting: _Waiting, at: float) -> None:
        self._schedule(at, _ATTEMPTS, lambda then: self._attempt(waiting, then), waiting)

    def _schedule(self, at: float, rank: int, action: Callable[[float], None], waiting: _Waiting | None = None) -> None:
        heapq.heappush(self._due, _Due(at, rank, next(self._sequence), action, waiting))

    def _tick_from(self, function: str, at: float) -> None:
        """Have the next minute's beginning noted, and the ones after it, as long as the function runs."""
        if function not in self._ticking:
            self._ticking.add(function)
            self._schedule_tick(function, at)

    def _schedule_tick(self, function: str, at: float) -> None:
        next_minute = (floor(at / _MINUTE_SECONDS) + 1) * _MINUTE_SECONDS
        self._schedule(next_minute, _TICKS, lambda then: self._tick(function, then))

    def _tick(self, function: str, at: float) -> None:
        running = self.running(function)
        if running:
            self._record(StillRunning(at, function, running))
            self._schedule_tick(function, at)
        else:
            self._ticking.discard(function)
