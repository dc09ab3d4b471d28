"""The readable engine: Lambda's asynchronous queue as a discrete-event simulation.

It does no input or output and runs no code. Whoever drives it moves it from instant to instant with ``step``, and says
with ``resolve`` what each execution that a step started will do: the endpoint asks the real handler, a simulation its
declared workload. All that happens goes to ``record``, in order of time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import heapify, heappop, heappush
from itertools import count
from math import floor
from typing import Any

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
from async_lab.twin.rng import Draw, Numbers, symmetric
from async_lab.twin.rules import ACCOUNT_CONCURRENCY, Condition, Expiry, Rules, too_old_next_time

ConfigOf = Callable[[FunctionRef, float], FunctionConfig | None]
"""A target's settings at this moment; None when the function is gone.

The number in [0, 1) is the attempt's own, if the target has a qualifier: it decides between the versions of an alias
with weights.
"""

_MINUTE_SECONDS = 60.0

_ENDS, _TICKS, _EXPIRES, _ATTEMPTS = range(4)
"""What is done first at an instant: what ends makes room for what is attempted."""
_OF_EVENTS_THAT_WAIT = (_EXPIRES, _ATTEMPTS)

_Due = tuple[float, int, int, int, bool, Any]
"""Something to do: its instant, its rank, and whose it is: the event's number, its attempts so far, and whether it is
its second delivery. No two have all of these in common, so that the order never depends on what was scheduled first,
and what stands last, whom it is done to, is never compared.
"""


@dataclass(slots=True)
class _Waiting:
    """An event in the queue and what was tried so far."""

    event: Event
    waits: int
    """Where the random parts of its waits come from: ``Numbers.of_event``."""
    is_duplicate: bool = False
    attempts: int = 0
    errors: int = 0
    backoffs: int = 0
    """Throttles and system errors in a row; an execution starts the count again (assumed)."""
    executions: int = 0
    last_execution: Execution | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    """An execution that has begun."""

    execution: Execution
    number: int
    """The invocation's: an event's, or a synchronous call's."""
    waiting: _Waiting | None
    """The event, which may have to wait again; None for a synchronous call."""


@dataclass(frozen=True, slots=True)
class _Random:
    """Where the engine's random numbers come from."""

    dispatch: Numbers
    duplicate: Numbers
    request_id: Numbers
    route: Numbers
    system_error: Numbers
    wait: Numbers

    @classmethod
    def of(cls, seed: int) -> _Random:
        return cls(
            dispatch=Numbers(seed, Draw.DISPATCH),
            duplicate=Numbers(seed, Draw.DUPLICATE),
            request_id=Numbers(seed, Draw.REQUEST_ID),
            route=Numbers(seed, Draw.ROUTE),
            system_error=Numbers(seed, Draw.SYSTEM_ERROR),
            wait=Numbers(seed, Draw.WAIT),
        )


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
        self._wait_after_backoff = cache(self.rules.wait_after_backoff)  # there are ten, and most attempts ask for one
        self._forget = forget
        self._config_of = config_of
        self._record = record
        self._concurrency = Concurrency(self.rules, unreserved_limit)
        self._random = _Random.of(seed)
        self._numbers = count()
        self._due: list[_Due] = []  # a heap
        self._do: tuple[Callable[[Any, float], None], ...] = (self._end, self._tick, self._expire, self._attempt)
        """What is done, by rank."""
        self._unresolved: dict[str, _Running] = {}  # by environment
        self._is_ticking = False
        self._pending = 0
        self._second_deliveries: dict[int, int] = {}
        """Deliveries that are left of an event with a duplicate, by the event's number."""

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
        soonest_last = sorted(self._waits(), reverse=True)
        return {waiting.event.request_id: at for at, *_, waiting in soonest_last}

    @property
    def unresolved(self) -> int:
        """How many started executions have no outcome yet."""
        return len(self._unresolved)

    def running(self, function: str) -> int:
        """Return how many executions of the function run at this instant."""
        return self._concurrency.running[function]

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on, but for the waits of events that are there. Events are numbered on."""
        self._random = _Random.of(seed)

    def retire(self, at: float) -> list[str]:
        """Give up the execution environments that were idle for long; return their names."""
        return self._concurrency.retire(at)

    def purge(self, at: float) -> int:
        """Take every event out of the queue; return how many. Those that run end, and are not tried again until then.

        An event that runs and fails goes back into the queue: purge again when it has.
        """
        queued = sorted(self._waits())
        self._due[:] = [due for due in self._due if due[1] not in _OF_EVENTS_THAT_WAIT]
        heapify(self._due)
        before = self._pending
        for *_, waiting in queued:
            self._finish(waiting, Condition.PURGED, at)
        return before - self._pending

    def accept(self, target: FunctionRef, at: float, dispatch_seconds: tuple[float, float] | None = None) -> Event:
        """Take an event into the queue. Concurrency never refuses it, not even 0 (rerun, capture).

        ``dispatch_seconds`` is for a queue that is late, at the least and at the most; None for the rules' own.
        """
        number = next(self._numbers)
        event = Event(target, number, self.new_request_id(number), at)
        self._record(Received(at, event))
        self._pending += 1
        first_attempt_at = at + self.rules.dispatch_after(self._random.dispatch.uniform(number), dispatch_seconds)
        waits = self._random.wait.of_event(number)
        self._begin(_Waiting(event, waits), first_attempt_at)
        rate = self.rules.duplicate_rate
        if rate and self._random.duplicate.uniform(number) < rate:
            self._second_deliveries[number] = 2
            self._begin(_Waiting(event, waits, is_duplicate=True), first_attempt_at)
        return event

    def invoke(self, target: FunctionRef, at: float) -> Execution | None:
        """Start a synchronous execution, to be resolved like any other; None when it is throttled (429)."""
        number = next(self._numbers)
        config = self._config(target, number, 0) or FunctionConfig(reserved_concurrency=0)
        environment = self._concurrency.take(target, config, at)
        if environment is None:
            self._record(Throttled(at, target, None))
            return None
        execution = Execution(target, self.new_request_id(number), at, environment, config, None)
        self._start(_Running(execution, number, None), at)
        return execution

    def next_due(self) -> float | None:
        """Return when something happens next, or None. Every execution must have been resolved."""
        self._check_resolved()
        return self._due[0][0] if self._due else None

    def step(self) -> list[Execution]:
        """Do all that is due at the next instant; return the executions that it started."""
        at = self.next_due()
        return [] if at is None else self.advance(at)

    def advance(self, until: float) -> list[Execution]:
        """Do what is due, instant by instant, up to ``until`` or until executions have started; return those."""
        self._check_resolved()
        due, do, unresolved = self._due, self._do, self._unresolved
        while due and due[0][0] <= until and not unresolved:
            at = due[0][0]
            while due and due[0][0] == at:
                _, rank, _, _, _, whom = heappop(due)
                do[rank](whom, at)
        return [running.execution for running in unresolved.values()]

    def resolve(self, execution: Execution, outcome: Outcome) -> None:
        """Say what a started execution does, and so when it ends."""
        running = self._unresolved.pop(execution.environment)
        waiting = running.waiting
        attempt, is_duplicate = (waiting.attempts, waiting.is_duplicate) if waiting else (1, False)
        ends_at = execution.started_at + outcome.occupied_seconds
        heappush(self._due, (ends_at, _ENDS, running.number, attempt, is_duplicate, (running, outcome)))

    def new_request_id(self, number: int) -> str:
        """Return the request id of the invocation with this number: the same for the same seed."""
        return str(uuid.UUID(int=self._random.request_id.long_bits(number), version=4))

    def _config(self, target: FunctionRef, number: int, attempt: int) -> FunctionConfig | None:
        return self._config_of(target, self._random.route.uniform(number, attempt) if target.qualifier else 0.0)

    def _check_resolved(self) -> None:
        if self._unresolved:
            raise RuntimeError(f"{len(self._unresolved)} executions have no outcome yet")

    # An attempt

    def _attempt(self, waiting: _Waiting, at: float) -> None:
        event = waiting.event
        waiting.attempts += 1
        config = self._config(event.target, event.number, waiting.attempts)
        if config is None:
            self._finish(waiting, Condition.FUNCTION_DELETED, at)
        elif config.reserved_concurrency == 0:
            self._finish(waiting, Condition.ZERO_RESERVED_CONCURRENCY, at)
        elif at - event.accepted_at > config.maximum_event_age_seconds:  # a backlog: no age sample (doc, blog)
            self._finish(waiting, Condition.EVENT_AGE_EXCEEDED, at)
        elif self.rules.system_error_rate and self._meets_system_error(waiting):
            self._record(SystemFailed(at, event))
            self._back_off(waiting, config, at)
        elif (environment := self._concurrency.take(event.target, config, at)) is None:
            self._record(Throttled(at, event.target, event))
            self._back_off(waiting, config, at)
        else:
            self._execute(waiting, config, environment, at)

    def _meets_system_error(self, waiting: _Waiting) -> bool:
        draw = self._random.system_error.uniform(waiting.event.number, waiting.attempts)
        return draw < self.rules.system_error_rate

    def _execute(self, waiting: _Waiting, config: FunctionConfig, environment: str, at: float) -> None:
        event = waiting.event
        waiting.executions, waiting.backoffs = waiting.executions + 1, 0
        execution = Execution(event.target, event.request_id, at, environment, config, event, waiting.executions)
        waiting.last_execution = execution
        self._start(_Running(execution, event.number, waiting), at)

    def _start(self, running: _Running, at: float) -> None:
        execution = running.execution
        self._unresolved[execution.environment] = running
        self._record(Started(at, execution, self.running(execution.target.function)))
        if not self._is_ticking:
            self._is_ticking = True
            self._schedule_tick(at)

    def _end(self, ending: tuple[_Running, Outcome], at: float) -> None:
        running, outcome = ending
        execution, waiting = running.execution, running.waiting
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
        self._wait_or_drop(waiting, config, self._wait_after_backoff(waiting.backoffs), at)

    def _retry(self, waiting: _Waiting, at: float) -> None:
        waiting.errors += 1
        event = waiting.event
        config = self._config(event.target, event.number, waiting.attempts)
        if config is None:
            self._finish(waiting, Condition.FUNCTION_DELETED, at)
        elif waiting.errors > config.maximum_retry_attempts:
            self._finish(waiting, Condition.RETRIES_EXHAUSTED, at)
        else:
            self._wait_or_drop(waiting, config, self.rules.wait_after_error(waiting.errors), at)

    def _wait_or_drop(self, waiting: _Waiting, config: FunctionConfig, nominal_seconds: float, at: float) -> None:
        event, maximum = waiting.event, config.maximum_event_age_seconds
        if not too_old_next_time(at - event.accepted_at, nominal_seconds, maximum):
            jitter = symmetric(waiting.waits, waiting.attempts)
            until, rank = at + self.rules.jittered(nominal_seconds, jitter), _ATTEMPTS
        elif self.rules.expiry is Expiry.LOOK_AHEAD:
            self._expire(waiting, at)
            return
        else:
            until, rank = max(at, event.accepted_at + maximum), _EXPIRES
        heappush(self._due, (until, rank, event.number, waiting.attempts, waiting.is_duplicate, waiting))

    def _expire(self, waiting: _Waiting, at: float) -> None:
        self._finish(waiting, Condition.EVENT_AGE_EXCEEDED, at)

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

    def _begin(self, waiting: _Waiting, first_attempt_at: float) -> None:
        number, attempts = waiting.event.number, waiting.attempts
        heappush(self._due, (first_attempt_at, _ATTEMPTS, number, attempts, waiting.is_duplicate, waiting))

    def _waits(self) -> Iterator[_Due]:
        return (due for due in self._due if due[1] in _OF_EVENTS_THAT_WAIT)

    def _schedule_tick(self, at: float) -> None:
        next_minute = (floor(at / _MINUTE_SECONDS) + 1) * _MINUTE_SECONDS
        heappush(self._due, (next_minute, _TICKS, 0, 0, False, None))

    def _tick(self, _: None, at: float) -> None:
        """Note what runs as the minute begins, and the next one's beginning, as long as anything runs."""
        running = self._concurrency.running
        for function in sorted(running):
            self._record(StillRunning(at, function, running[function]))
        self._is_ticking = bool(running)
        if running:
            self._schedule_tick(at)
