"""What became of one event: its attempts, its end, and where it was delivered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from typing import Any

from async_lab.wording import duration, plural, shortened


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

    def __repr__(self) -> str:
        """Return the word alone, as a test compares it."""
        return repr(self.value)


@dataclass(frozen=True, slots=True, repr=False)
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
    log_group: str | None = None
    look_up: Callable[[Attempt], list[str]] | None = field(default=None, compare=False)
    """Finds its log lines; None where nobody gave a way to."""

    @property
    def ran(self) -> bool:
        """Whether the function's code ran, or runs."""
        return self.outcome not in (Outcome.THROTTLED, Outcome.SYSTEM_ERROR)

    @property
    def is_cold(self) -> bool:
        """Whether it began with the initialization of a new execution environment."""
        return self.init_seconds is not None

    @property
    def ended_at(self) -> float | None:
        """When the code ended; None where it didn't run, or runs still."""
        return None if self.duration_seconds is None else self.at + (self.init_seconds or 0.0) + self.duration_seconds

    @property
    def log_lines(self) -> list[str]:
        """What it wrote to its log, Lambda's own lines among them; looked up when asked for."""
        return self.look_up(self) if self.look_up else []

    @property
    def inferred(self) -> tuple[str, ...]:
        """Which of its values were concluded and not seen; none where the target has records of each attempt."""
        return ()

    def __repr__(self) -> str:
        """Return one line: ``+1 min 1 s  error  warm  1 ms  ValueError: no rows``."""
        start = "cold" if self.is_cold else "warm" if self.duration_seconds is not None else ""
        took = "" if self.duration_seconds is None else duration(self.duration_seconds)
        said = ": ".join(filter(None, (self.error_type, self.error_message)))
        age = f"+{duration(self.age_seconds)}"
        line = f"{age:<13} {self.outcome:<12} {start:<4} {took:>9}  {shortened(' '.join(said.split()), _ERROR_WIDTH)}"
        return f"{line.rstrip()}{_concluded(self.inferred)}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A finished event's way to a dead-letter queue or a destination."""

    target_arn: str
    is_dead_letter: bool
    """Whether that is the function's dead-letter target, which gets the event itself; else a destination's record."""
    failure: str | None = None
    """Why it isn't there; None when it is."""


@dataclass(frozen=True, slots=True, repr=False)
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
    def json(self) -> Any:
        """The payload, read as JSON; None where it isn't kept any more, or was never seen."""
        return None if self.payload is None else json.loads(self.payload)

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

    @property
    def age_seconds(self) -> float | None:
        """How old it was when it ended; None while it hasn't."""
        return None if self.ended_at is None else self.ended_at - self.accepted_at

    @property
    def inferred(self) -> tuple[str, ...]:
        """Which of its values were concluded and not seen; none where the target has records of each event."""
        return ()

    def __repr__(self) -> str:
        """Return its timeline: how it ended, and each attempt and delivery in a line of its own."""
        target = f"{self.function}:{self.qualifier}" if self.qualifier else self.function
        lines = [f"Event {self.request_id} of {target}, accepted {_clock(self.accepted_at)}: {self._state}"]
        lines[0] += _concluded(self.inferred)
        lines += [f"  {attempt!r}" for attempt in self.attempts]
        for delivery in self.deliveries:
            where = "dead-letter target" if delivery.is_dead_letter else "destination"
            way = f"not delivered ({delivery.failure})" if delivery.failure else "delivered"
            lines.append(f"  {way} to {where} {delivery.target_arn}")
        return "\n".join(lines)

    @property
    def _state(self) -> str:
        if self.age_seconds is not None:
            return f"{self.condition} after {duration(self.age_seconds)}"
        if self.condition is not None:
            return self.condition
        if self.next_attempt_at is not None:
            return f"pending, next attempt {_clock(self.next_attempt_at)}"
        return "pending"


class Events(list[Event]):
    """Events, in the order in which they were accepted, whose ``repr`` is one timeline below the other."""

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "no events"

    def why_not_idle(self, now: float, limit_seconds: float) -> str:
        """Return which of them still waits, for what and until when, as the beginning of a sentence."""
        pending = [event for event in self if event.is_pending]
        if not pending:
            return f"Something is still running, beyond the limit of {duration(limit_seconds)}"
        event = min(pending, key=lambda each: each.next_attempt_at or inf)
        others = f" ({plural(len(pending) - 1, 'other event')} too)" if len(pending) > 1 else ""
        beyond = f"beyond the limit of {duration(limit_seconds)}{others}"
        return f"Event {event.request_id} of {event.function} {_waits_for(event, now)}, {beyond}"


_ERROR_WIDTH = 100


def _concluded(names: tuple[str, ...]) -> str:
    return f"  (inferred: {', '.join(names)})" if names else ""


def _waits_for(event: Event, now: float) -> str:
    if event.next_attempt_at is None:
        return f"is still running its attempt {len(event.attempts)}"
    last = f" (the last: {event.attempts[-1].outcome})" if event.attempts else ""
    left = duration(event.next_attempt_at - now)
    return f"waits for its attempt {len(event.attempts) + 1}{last} until {_clock(event.next_attempt_at)}, in {left}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
