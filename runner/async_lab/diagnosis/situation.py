"""What is known about a function, in the terms in which the rules ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from async_lab.observation.aggregate import aggregate, unit_of
from async_lab.observation.metrics import Metrics
from async_lab.wording import amount, duration, plural

if TYPE_CHECKING:
    from async_lab.scenario import Scenario

# An event this old has been tried before: developer guide, less the 12 % that waits were measured to vary by.
_WAITED_MS, _WAITED_FOR_RETRY_MS = 0.88 * 1000, 0.88 * 60_000
_SLOWER_FACTOR, _SLOWER_BY_MS = 2, 1000  # ours: what is too small to matter is no finding


@dataclass(frozen=True, slots=True)
class Configuration:
    """What of a function's configuration decides on its asynchronous events."""

    timeout_seconds: float
    reserved_concurrent_executions: int | None
    """None: none reserved, the account's pool is shared. 0: the function is stopped."""
    maximum_event_age_seconds: float
    maximum_retry_attempts: int
    keeps_failed_events: bool
    """Whether there is an on-failure destination or a dead-letter queue."""

    @classmethod
    def of(cls, scenario: Scenario) -> Configuration:
        """Return what the lab deploys for a scenario, which keeps no failed events."""
        reserved = scenario.reserved_concurrent_executions
        return cls(
            timeout_seconds=scenario.timeout,
            reserved_concurrent_executions=None if reserved < 0 else reserved,
            maximum_event_age_seconds=scenario.maximum_event_age_in_seconds,
            maximum_retry_attempts=scenario.maximum_retry_attempts,
            keeps_failed_events=False,
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure that a finding rests on."""

    subject: str
    """``Sum of Throttles``, or a setting: ``Reserved concurrency``."""
    value: float | None
    """None: CloudWatch has no data point, or the setting isn't set."""
    unit: str
    """``Count``, ``Milliseconds`` or ``Seconds``."""

    @property
    def words(self) -> str:
        """The figure as people say it."""
        if self.value is None:
            return "no data point" if " of " in self.subject else "none"
        return duration(self.value) if self.unit == "Seconds" else amount(self.value, self.unit)

    def __str__(self) -> str:
        return f"{self.subject}: {self.words}"


@dataclass(frozen=True, slots=True)
class Situation:
    """The metrics of some minutes, beside the configuration and what was sent."""

    metrics: Metrics
    configuration: Configuration
    sent: int | None
    """How many events were sent; None when nobody knows."""
    unsure: int
    """How many of them may not have arrived, their answer being lost."""

    def total(self, metric: str) -> float:
        """Return the sum of a metric over all minutes."""
        return self.metrics[metric].total

    @property
    def is_missing_events(self) -> bool:
        """Whether Lambda received fewer than were certainly sent."""
        return self.sent is not None and self.total("AsyncEventsReceived") < self.sent - self.unsure

    @property
    def received_more_than_sent(self) -> bool:
        """Whether Lambda received more than were sent."""
        return self.sent is not None and self.total("AsyncEventsReceived") > self.sent

    @property
    def has_dropped(self) -> bool:
        """Whether events were given up."""
        return self.total("AsyncEventsDropped") > 0

    @property
    def is_stopped(self) -> bool:
        """Whether reserved concurrency is 0."""
        return self.configuration.reserved_concurrent_executions == 0

    @property
    def has_tried_nothing(self) -> bool:
        """Whether no attempt left a trace: neither an age nor a throttle nor an execution."""
        return all(self.metrics[metric].is_absent for metric in ("AsyncEventAge", "Throttles", "Invocations"))

    @property
    def errors_per_drop(self) -> float:
        """Failed executions for each dropped event, which can't be less than its attempts if errors are why."""
        return self.total("Errors") / (self.total("AsyncEventsDropped") or 1)

    @property
    def is_throttled(self) -> bool:
        """Whether attempts found no free concurrency."""
        return self.total("Throttles") > 0

    @property
    def has_reservation(self) -> bool:
        """Whether the function has concurrency of its own, and so no more than that."""
        return self.configuration.reserved_concurrent_executions is not None

    @property
    def has_waited(self) -> bool:
        """Whether an event came up for an attempt that wasn't its first."""
        return self.metrics["AsyncEventAge"].maximum >= _WAITED_MS

    @property
    def has_waited_for_retry(self) -> bool:
        """Whether an event came up so late as it does after a function error."""
        may_retry = self.configuration.maximum_retry_attempts > 0
        return may_retry and self.metrics["AsyncEventAge"].maximum >= _WAITED_FOR_RETRY_MS

    @property
    def has_failed(self) -> bool:
        """Whether executions failed."""
        return self.total("Errors") > 0

    @property
    def has_timed_out(self) -> bool:
        """Whether an execution failed that took as long as the timeout allows."""
        return self.has_failed and self.metrics["Duration"].maximum >= self.configuration.timeout_seconds * 1000

    @property
    def is_getting_slower(self) -> bool:
        """Whether executions take much longer in the last minute than in the first."""
        points = self.metrics["Duration"].points
        if not points:
            return False
        first, last = points[0].average, points[-1].average
        return last >= _SLOWER_FACTOR * first and last - first >= _SLOWER_BY_MS

    @property
    def queued(self) -> float:
        """How many events are neither dropped nor run to success, as far as the metrics tell."""
        succeeded = self.total("Invocations") - self.total("Errors")
        return max(0.0, self.total("AsyncEventsReceived") - self.total("AsyncEventsDropped") - succeeded)

    @property
    def has_failed_deliveries(self) -> bool:
        """Whether a dead-letter queue or a destination didn't take an event."""
        return self.total("DeadLetterErrors") + self.total("DestinationDeliveryFailures") > 0

    def evidence(self, subject: str) -> Evidence:
        """Return the figure of a subject: ``STATISTIC of METRIC``, or a setting's name."""
        if subject in self._settings:
            return Evidence(subject, *self._settings[subject])
        statistic, metric = subject.split(" of ")
        return Evidence(subject, aggregate(statistic, self.metrics[metric].points), unit_of(metric, statistic))

    @property
    def words(self) -> Mapping[str, str]:
        """What the rules' texts may mention."""
        events = {"received": "AsyncEventsReceived", "dropped": "AsyncEventsDropped"}
        settings = {name: self.evidence(name).words for name in self._settings}
        return {
            **{name: plural(self.total(metric), "event") for name, metric in events.items()},
            "errors": plural(self.total("Errors"), "execution"),
            "throttles": plural(self.total("Throttles"), "attempt"),
            "queued": plural(self.queued, "event"),
            "oldest": amount(self.metrics["AsyncEventAge"].maximum, "Milliseconds"),
            "tries": _TRIES[self.configuration.maximum_retry_attempts],
            **{name.lower().replace(" ", "_"): words for name, words in settings.items()},
        }

    @property
    def _settings(self) -> Mapping[str, tuple[float | None, str]]:
        return {
            "Events sent": (self.sent, "Count"),
            "Timeout": (self.configuration.timeout_seconds, "Seconds"),
            "Reserved concurrency": (self.configuration.reserved_concurrent_executions, "Count"),
            "Maximum event age": (self.configuration.maximum_event_age_seconds, "Seconds"),
            "Maximum retry attempts": (self.configuration.maximum_retry_attempts, "Count"),
        }


_TRIES = {  # developer guide: 1 minute before the second attempt, 2 more before the third
    0: "did not try again",
    1: "tried again after about 1 minute",
    2: "tried again after about 1 minute, and after 2 more",
}
