"""What AWS Lambda does with an asynchronous event, as values and pure functions. Times in seconds.

Sources: (doc) developer guide and API reference; (blog, sample) the Compute Blog post that launched the metrics,
and its sample; (rerun, capture, snapshot) published measurements. What nobody published is marked (assumed).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAXIMUM_EVENT_AGE_SECONDS = 21_600  # doc: default and upper limit, 6 hours; the lower limit is 60
MAXIMUM_RETRY_ATTEMPTS = 2  # doc: default and upper limit
ACCOUNT_CONCURRENCY = 1_000  # doc: default per region
LONGEST_TIMEOUT_SECONDS = 900  # doc, November 2026; AWS's SDK takes 1,800 since that month, the documentation not yet
MINIMUM_UNRESERVED_CONCURRENCY = 100  # doc: what reservations must leave to all other functions


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

    dispatch_seconds: tuple[float, float] = (0.032, 0.037)
    """From acceptance to the first attempt, at the least and the most (sample, rerun, capture)."""
    function_error_waits: tuple[float, ...] = (60.0, 120.0)
    """Nominal wait after the first and the second function error (doc)."""
    backoff_base_seconds: float = 1.0
    """Nominal wait after the first throttle or system error; it doubles each time (doc)."""
    backoff_limit_seconds: float = 300.0
    """The longest nominal wait after a throttle or system error (doc)."""
    jitter: float = 0.12
    """Every wait is the nominal one times 1 - jitter to 1 + jitter, which fits all published timings (assumed)."""
    expiry: Expiry = Expiry.LOOK_AHEAD
    scale_up_environments: int = 1_000
    """New execution environments that one function gets in ``scale_up_seconds`` (doc, since November 2023)."""
    scale_up_seconds: float = 10.0
    idle_seconds: float = 1_800.0
    """How long an execution environment stays warm without an execution (assumed: AWS publishes no number)."""
    system_error_rate: float = 0.0
    """Share of attempts that end in a system error (5xx) of Lambda's own: injected on request."""
    topics_get_large_records_without_payload: bool = False
    """What becomes of a record that is larger than the 256 KB which SNS takes: AWS says in one place that its payloads
    are left out and in another that the delivery fails (assumed: it fails)."""
    duplicate_rate: float = 0.0
    """Share of events that are delivered twice: the queue is at-least-once (doc), off unless asked for."""

    def dispatch_after(self, draw: float) -> float:
        """Return the time from acceptance to the first attempt; ``draw`` is in [0, 1)."""
        earliest, latest = self.dispatch_seconds
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


def too_old_next_time(age_seconds: float, nominal_wait_seconds: float, maximum_event_age_seconds: float) -> bool:
    """Whether Lambda, looking ahead after an attempt, sees the next one come too late (snapshot, capture).

    The nominal wait is compared, not the jittered one, and reaching the maximum is enough (assumed: it gives the six
    throttles that both publications show).
    """
    return age_seconds + nominal_wait_seconds >= maximum_event_age_seconds
