"""What AWS Lambda does with an asynchronous event, as values and pure functions. Times in seconds.

Each carries its source as data, which ``sources.rules_of`` reads and ``python -m tools.rules`` prints. What nobody
published is assumed, and a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from async_lab.twin.sources import Source, rule

MAXIMUM_EVENT_AGE_SECONDS: Annotated[
    int, rule("How old an event may be at an attempt: the default and the upper limit; the lower is 60.", Source.DOC)
] = 21_600
MAXIMUM_RETRY_ATTEMPTS: Annotated[
    int, rule("Executions beyond the first after function errors: the default and the upper limit.", Source.DOC)
] = 2
ACCOUNT_CONCURRENCY: Annotated[
    int, rule("Executions at once in one account and region, unless it has another limit.", Source.DOC)
] = 1_000
LONGEST_TIMEOUT_SECONDS: Annotated[
    int,
    rule("The longest timeout (November 2026; AWS's SDK takes 1,800 since then, the guide not yet).", Source.DOC),
] = 900
MINIMUM_UNRESERVED_CONCURRENCY: Annotated[
    int, rule("What all reservations together must leave to the other functions.", Source.DOC, Source.CAPTURE)
] = 100


class Condition(StrEnum):
    """Why an event is finished, in the words of an invocation record."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"
    FUNCTION_DELETED = "FunctionDeleted"
    """The function is gone while events wait. AWS delivers no record of it (assumed)."""
    RECURSIVE_INVOCATION = "RecursiveInvocation"
    """Lambda stopped a function that triggers itself; the twin knows nothing of it, and AWS's word isn't published."""
    PURGED = "Purged"
    """Taken out of the queue by whoever drives the twin: nothing of AWS's, and nobody gets a record of it."""


class Expiry(StrEnum):
    """When an event that will be too old at its next attempt is dropped."""

    LOOK_AHEAD = "look_ahead"
    """At once, after the attempt that it follows (snapshot, capture)."""
    AT_POLL = "at_poll"
    """When it reaches its maximum age: the sample's own explanation of its figures."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the asynchronous queue behaves where AWS's documentation gives a number or leaves one open."""

    dispatch_seconds: Annotated[
        tuple[float, float],
        rule(
            "From acceptance to the first attempt, at the least and the most.",
            Source.SAMPLE,
            Source.RERUN,
            Source.CAPTURE,
        ),
    ] = (0.032, 0.037)
    function_error_waits: Annotated[
        tuple[float, ...], rule("Nominal wait after the first and the second function error.", Source.DOC)
    ] = (60.0, 120.0)
    backoff_base_seconds: Annotated[
        float, rule("Nominal wait after the first throttle or system error; it doubles each time.", Source.DOC)
    ] = 1.0
    backoff_limit_seconds: Annotated[
        float, rule("The longest nominal wait after a throttle or system error.", Source.DOC)
    ] = 300.0
    jitter: Annotated[
        float,
        rule(
            "Every wait is the nominal one times 1 - jitter to 1 + jitter, evenly.",
            Source.ASSUMED,
            note="it fits all published timings",
        ),
    ] = 0.12
    expiry: Annotated[
        Expiry,
        rule(
            "An event whose next attempt would come too late is dropped at once (`look_ahead`), or when it reaches its"
            " maximum age (`at_poll`, the sample's own explanation).",
            Source.SNAPSHOT,
            Source.CAPTURE,
            Source.SAMPLE,
        ),
    ] = Expiry.LOOK_AHEAD
    scale_up_environments: Annotated[
        int,
        rule(
            "New execution environments that one function gets in `scale_up_seconds`.",
            Source.DOC,
            note="since November 2023",
        ),
    ] = 1_000
    scale_up_seconds: Annotated[
        float, rule("The window in which `scale_up_environments` are counted.", Source.DOC, note="since November 2023")
    ] = 10.0
    idle_seconds: Annotated[
        float, rule("How long an execution environment stays warm without an execution.", Source.ASSUMED)
    ] = 1_800.0
    system_error_rate: Annotated[
        float,
        rule(
            "Share of attempts that end in a system error (5xx) of Lambda's own: injected on request.", Source.ASSUMED
        ),
    ] = 0.0
    topics_get_large_records_without_payload: Annotated[
        bool,
        rule(
            "Whether a record that is larger than the 256 KB which SNS takes comes without its payloads; else its "
            "delivery fails.",
            Source.DOC,
            Source.ASSUMED,
            note="AWS says one thing in one place and the other in another",
        ),
    ] = False
    duplicate_rate: Annotated[
        float,
        rule(
            "Share of events that are delivered twice, as the queue is at-least-once: on request.",
            Source.DOC,
            Source.ASSUMED,
            note="no share is published",
        ),
    ] = 0.0

    def dispatch_after(self, draw: float, dispatch_seconds: tuple[float, float] | None = None) -> float:
        """Return the time from acceptance to the first attempt; ``draw`` is in [0, 1).

        ``dispatch_seconds`` are those of a queue that is late; None for the rule's own.
        """
        earliest, latest = dispatch_seconds or self.dispatch_seconds
        return earliest + (latest - earliest) * draw

    def wait_after_error(self, errors: int) -> float:
        """Return the nominal wait after an event's ``errors``-th function error (1, 2, …)."""
        return self.function_error_waits[min(errors, len(self.function_error_waits)) - 1]

    def wait_after_backoff(self, consecutive: int) -> float:
        """Return the nominal wait after the ``consecutive``-th throttle or system error in a row (1, 2, …)."""
        doublings = min(consecutive - 1, 62)  # far beyond the limit, where a float still holds the power
        return min(self.backoff_limit_seconds, self.backoff_base_seconds * 2.0**doublings)

    def jittered(self, nominal_seconds: float, draw: float) -> float:
        """Return the actual wait; ``draw`` is in [-1, 1)."""
        return nominal_seconds * (1.0 + self.jitter * draw)


def too_old_next_time(
    age_seconds: float, nominal_wait_seconds: float, maximum_event_age_seconds: float
) -> Annotated[
    bool,
    rule(
        "After an attempt Lambda looks ahead: an event is too old when its age and its nominal wait, not the jittered"
        " one, reach its maximum age.",
        Source.SNAPSHOT,
        Source.CAPTURE,
        Source.ASSUMED,
        note="nominal and `>=` give the six throttles that both publications show",
    ),
]:
    """Whether Lambda, looking ahead after an attempt, sees the next one come too late."""
    return age_seconds + nominal_wait_seconds >= maximum_event_age_seconds
