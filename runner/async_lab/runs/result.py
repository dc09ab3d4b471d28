"""What one run leaves behind: all that is shown and written about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from async_lab.diagnosis import Finding
from async_lab.invoke import SentEvent
from async_lab.observation.alarms import AlarmChange
from async_lab.observation.events import Event
from async_lab.observation.metrics import Metrics
from async_lab.scenario import Scenario
from async_lab.scenario.expectations import Comparison


@dataclass(frozen=True, slots=True)
class Location:
    """The account and region a run was in."""

    target: str
    """``local`` or ``aws``."""
    account_id: str
    region: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run of one scenario. Times are epoch seconds on the target's clock."""

    run_id: str
    scenario: Scenario
    place: Location
    function_name: str
    seed: int | None
    """None on AWS, where there is none."""
    started_at: float
    ended_at: float
    sent: tuple[SentEvent, ...]
    metrics: Metrics
    comparisons: tuple[Comparison, ...]
    findings: tuple[Finding, ...]
    """The one that matters most first; there is always one."""
    wall_seconds: Mapping[str, float]
    """Real time by phase: ``{"apply": 8.1, …}``."""
    alarms: tuple[AlarmChange, ...] = ()
    events: tuple[Event, ...] = ()
    """What had become of each event when the run ended, in order of acceptance, without payloads.

    What the target doesn't tell is a gap.
    """
    gaps: tuple[str, ...] = ()
    """What could not be seen, and why: a sentence each."""

    @property
    def is_as_expected(self) -> bool:
        """Whether every expectation of the scenario is met."""
        return all(comparison.is_met for comparison in self.comparisons)
