"""All that was seen of a function in a span of time: what a diagnosis is made from, and all it may be made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from async_lab.observation.alarms import StandingAlarm
from async_lab.observation.configuration import LATEST, AsyncSettings, Configuration
from async_lab.observation.failed_requests import FailedRequest
from async_lab.observation.failure_targets import FailureTarget
from async_lab.observation.gaps import Gap
from async_lab.observation.history import Change
from async_lab.observation.invokers import Invoker
from async_lab.observation.metrics import AgeBand, Metrics
from async_lab.observation.triggers import Trigger

Setting = int | str | None


@dataclass(frozen=True, slots=True)
class Observations:
    """Metrics and configuration, and what its sender knows, if anybody. Times are epoch seconds."""

    start: float
    end: float
    metrics: Metrics = field(hash=False)
    """Of the function with all its qualifiers, and of all its traffic: synchronous requests are in it, too."""
    configuration: Configuration
    """As it stood when it was read, which may not be how it was before."""
    received_by_qualifier: Mapping[str, float] | None = field(default_factory=dict, hash=False)
    """How many events were sent to each; empty: to ``$LATEST``, if any. None: not seen."""
    sent: int | None = None
    """How many events were sent; None when nobody counted."""
    unsure: int = 0
    """How many of them may not have arrived, their answer being lost."""
    wished: Mapping[str, Setting] = field(default_factory=dict, hash=False)
    """What somebody wanted the configuration to be, by AWS's names of the settings."""
    recursions_stopped: float | None = None
    """How many invocations Lambda stopped because the function invoked itself; None: not looked at, or not seen."""
    unreserved_by_minute: Mapping[int, float] | None = field(default=None, hash=False)
    """How many executions without a reservation ran in the region at once, at the most, by the start of the minute in
    epoch seconds; None: not looked at, or not seen."""
    failure_targets: tuple[FailureTarget, ...] = ()
    """Where failed events go, as far as it was looked at."""
    alarms: tuple[StandingAlarm, ...] | None = None
    """The alarms over the function's metrics; None: not looked at, or not seen."""
    invokers: tuple[Invoker, ...] | None = None
    """Who may invoke it by its resource-based policy; None: not looked at, or not seen."""
    changes: tuple[Change, ...] | None = None
    """Who changed settings, code and aliases, the latest first; None: not looked at, or not seen."""
    failed_requests: tuple[FailedRequest, ...] | None = None
    """What the log says of those that failed last; None: not looked at, or not seen."""
    ages: tuple[AgeBand, ...] | None = None
    """How old events were at their attempts, the youngest first; None: not looked at, or not seen."""
    triggers: tuple[Trigger, ...] | None = None
    """Topics and rules that send it events; None: not looked at, or not seen."""
    gaps: tuple[Gap, ...] = ()

    @property
    def qualifiers(self) -> tuple[str, ...]:
        """The qualifiers that events were sent to, the one that most came to first."""
        by_count = self.received_by_qualifier or {LATEST: 0.0}
        return tuple(sorted(by_count, key=lambda name: -by_count[name]))

    @property
    def settings_in_effect(self) -> tuple[AsyncSettings, ...]:
        """What is in effect for each of ``qualifiers``; nothing where that could not be seen."""
        if self.received_by_qualifier is None and self.configuration.written != ():
            return ()  # nobody knows which of them it is
        found = (self.configuration.settings_of(qualifier) for qualifier in self.qualifiers)
        return tuple(settings for settings in found if settings)

    @property
    def settings(self) -> AsyncSettings | None:
        """What is in effect for most of the events; None where it could not be seen."""
        return next(iter(self.settings_in_effect), None)

    @property
    def are_settings_certain(self) -> bool:
        """Whether the settings are known, and the same for all events."""
        ages_and_retries = {
            (settings.maximum_event_age_seconds, settings.maximum_retry_attempts)
            for settings in self.settings_in_effect
        }
        return len(ages_and_retries) == 1

    @property
    def standing(self) -> Mapping[str, Setting]:
        """The settings as they were read, by AWS's names; those that could not be seen are left out."""
        found: dict[str, Setting] = {}
        if function := self.configuration.function:
            found |= {"Timeout": function.timeout_seconds, "MemorySize": function.memory_mb}
        if reservation := self.configuration.reservation:
            found["ReservedConcurrentExecutions"] = reservation.executions
        if settings := self.settings:
            found["MaximumEventAgeInSeconds"] = settings.maximum_event_age_seconds
            found["MaximumRetryAttempts"] = settings.maximum_retry_attempts
        return found

    @property
    def keeps_failed_events(self) -> bool | None:
        """Whether a dead-letter target or on-failure destinations keep all of them; None where it could not be seen."""
        if self.configuration.function and self.configuration.function.dead_letter_arn:
            return True
        if self.settings_in_effect and all(settings.on_failure for settings in self.settings_in_effect):
            return True
        return False if self.settings_in_effect and self.configuration.function else None
