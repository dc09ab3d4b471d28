"""What became of one event: its attempts, its end, and where it was delivered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What an attempt at an event came to."""

    SUCCESS = "success"
    ERROR = "error"
    """The handler raised, crashed, or ran out of memory."""
    TIMEOUT = "timeout"
    """The function's timeout stopped it; Lambda counts that as a function error, too."""
    THROTTLED = "throttled"
    """No concurrency was free; the code didn't run."""
    SYSTEM_ERROR = "system error"
    """Lambda itself failed (5xx) before the code ran."""
    RUNNING = "running"
    """It has not ended yet."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of Lambda's to run the function for an event. Times are epoch seconds on the target's clock."""

    at: float
    age_seconds: float
    """How old the event was: time since it was accepted."""
    outcome: Outcome
    duration_seconds: float | None = None
    """How long the code ran, without a cold start's initialization; None where it didn't run, or runs still."""
    init_seconds: float | None = None
    """A cold start's initialization; None for a warm environment, and where nothing ran."""
    error_type: str | None = None
    """Such as ``ValueError`` or ``Sandbox.Timedout``, as the function's answer has it."""
    error_message: str | None = None
    log_stream: str | None = None
    version: str | None = None
    """The version that ran: ``$LATEST`` or a number."""

    @property
    def ran(self) -> bool:
        """Whether the function's code ran, or runs."""
        return self.outcome not in (Outcome.THROTTLED, Outcome.SYSTEM_ERROR)

    @property
    def is_cold(self) -> bool:
        """Whether it began with the initialization of a new execution environment."""
        return self.init_seconds is not None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A finished event's way to a dead-letter queue or a destination."""

    target_arn: str
    is_dead_letter: bool
    """Whether that is the function's dead-letter target, which gets the event itself; else a destination's record."""
    failure: str | None = None
    """Why it isn't there; None when it is."""


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted asynchronous event. Times are epoch seconds on the target's clock."""

    request_id: str
    function: str
    """The function's name."""
    qualifier: str
    """The version or alias it was sent to; empty for the function itself."""
    accepted_at: float
    attempts: tuple[Attempt, ...] = ()
    condition: str | None = None
    """How it ended, in the words of an invocation record, such as ``RetriesExhausted``; None while it hasn't."""
    ended_at: float | None = None
    next_attempt_at: float | None = None
    """When Lambda tries it next, or drops it; None where it runs, or has ended."""
    maximum_event_age_seconds: float | None = None
    """The limit in effect at its last attempt; None where there was none."""
    deliveries: tuple[Delivery, ...] = ()
    payload: bytes | None = None
    """None where it isn't kept any more, or was never seen."""

    @property
    def is_pending(self) -> bool:
        """Whether it is neither done nor dropped."""
        return self.condition is None

    @property
    def is_dropped(self) -> bool:
        """Whether Lambda gave it up."""
        return self.condition not in (None, "Success")

    @property
    def delivered_to(self) -> list[str]:
        """The ARNs of the dead-letter queue or topic and of the destination that have it."""
        return [delivery.target_arn for delivery in self.deliveries if delivery.failure is None]
