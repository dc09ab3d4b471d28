"""The words of the twin: what is invoked, what an execution did, and what happened to an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeVar, dataclass_transform

from async_lab.twin.rules import MAXIMUM_EVENT_AGE_SECONDS, MAXIMUM_RETRY_ATTEMPTS, Condition


class FunctionRef(NamedTuple):
    """Whom an event is for. Concurrency belongs to the function, the event-invoke config to its qualifier."""

    function: str
    qualifier: str = ""
    """Version or alias as the caller names it; empty for the function itself, which is ``$LATEST``."""


_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def _frozen(cls: type[_Class]) -> type[_Class]:
    """Make a dataclass that type checkers hold frozen, as nobody changes what has happened.

    Frozen at run time as well, each would take four times as long to make, and the engine a fifth longer.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """A function's settings as an attempt finds them at its moment."""

    reserved_concurrency: int | None = None
    """Executions at once at the most; 0 stops the function; None shares the account's unreserved pool."""
    maximum_event_age_seconds: float = MAXIMUM_EVENT_AGE_SECONDS
    maximum_retry_attempts: int = MAXIMUM_RETRY_ATTEMPTS
    version: str = "$LATEST"
    revision: str = ""
    """What identifies version, code and configuration: an environment of another revision isn't used again."""


@_frozen
class Event:
    """One accepted asynchronous event."""

    target: FunctionRef
    number: int
    """Counts the twin's events from 0; all of the event's randomness follows from it."""
    request_id: str
    """The event's id, which every attempt at it carries."""
    accepted_at: float

    def age_at(self, at: float) -> float:
        """Return how long ago the event was accepted, in seconds."""
        return at - self.accepted_at


@_frozen
class Execution:
    """One run of the function's code in one execution environment."""

    target: FunctionRef
    request_id: str
    started_at: float
    environment: str
    """Names the execution environment: the same name is the same warm environment, a new one is a cold start."""
    config: FunctionConfig
    event: Event | None
    """None for a synchronous invocation."""
    number: int = 1
    """Which execution of its event this is: 1, 2, 3."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an execution did. A timeout, a crash and running out of memory are function errors (doc)."""

    duration_seconds: float
    """Without the environment's initialization, as ``Duration`` has it (doc)."""
    is_error: bool = False
    init_seconds: float = 0.0
    """A cold start's initialization, which comes before the duration."""
    environment_survives: bool = True
    """Whether the execution environment can be used again: not after a timeout or a crash."""

    @property
    def occupied_seconds(self) -> float:
        """How long the execution holds its place among the concurrent ones."""
        return self.init_seconds + self.duration_seconds


# What happened, in the order it happened. ``at`` is when; everything that CloudWatch shows follows from these.


@_frozen
class Received:
    """An event was accepted into the queue."""

    at: float
    event: Event


@_frozen
class Throttled:
    """An attempt found no concurrency left (429). ``event`` is None for a synchronous invocation."""

    at: float
    target: FunctionRef
    event: Event | None


@_frozen
class SystemFailed:
    """An attempt failed inside Lambda (5xx), before the function's code ran."""

    at: float
    event: Event


@_frozen
class Started:
    """The function's code began to run; ``running`` counts the function's executions, this one included."""

    at: float
    execution: Execution
    running: int


@_frozen
class StillRunning:
    """A minute began while executions were running: the number that ``ConcurrentExecutions`` carries over."""

    at: float
    function: str
    running: int


@_frozen
class Ended:
    """The function's code returned, failed or was stopped."""

    at: float
    execution: Execution
    outcome: Outcome


@_frozen
class Finished:
    """The event left the queue: it succeeded, or it was dropped for ``condition``."""

    at: float
    event: Event
    condition: Condition
    executions: int
    """How often the code ran for it; throttled attempts don't count."""
    last_execution: Execution | None
    """None when it never ran."""

    @property
    def is_dropped(self) -> bool:
        """Whether the event was lost to the function."""
        return self.condition is not Condition.SUCCESS


Record = Received | Throttled | SystemFailed | Started | StillRunning | Ended | Finished
