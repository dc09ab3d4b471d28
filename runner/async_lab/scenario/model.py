"""A scenario's values, each under the name that ``terraform/variables.tf`` gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from math import ceil
from pathlib import Path
from typing import Any, Literal

from async_lab.scenario.expectations import Expectation

DIRECT = "direct"
"""The trigger that is none: the runner invokes the function itself."""


@dataclass(frozen=True, slots=True)
class MixPart:
    """A share of the events that the handler does something else with."""

    share: float
    """0 to 1."""
    action: str = "succeed"
    sleep_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Behavior:
    """What the handler does with an event."""

    action: str
    """succeed, fail, sleep, exhaust_memory, exit or invoke_itself."""
    sleep_seconds: float
    message: str
    growth_seconds: float = 0.0
    """How much longer each event sleeps than the one before."""
    recovers_after_seconds: float | None = None
    """From this age on an event succeeds, counted from when it was sent; None where nothing recovers."""
    mix: tuple[MixPart, ...] = ()

    @property
    def is_told_by_events(self) -> bool:
        """Whether events differ, so that each must say what becomes of it."""
        return bool(self.mix or self.growth_seconds or self.recovers_after_seconds is not None)

    def of_events(self, count: int) -> Iterator[dict[str, Any]]:
        """Yield for each event what the handler does with it, its shares spread evenly: each is right to one event."""
        rest = max(0.0, 1 - sum(part.share for part in self.mix))
        parts = (MixPart(rest, self.action, self.sleep_seconds), *self.mix)
        given = [0] * len(parts)
        for number in range(count):
            owed = [part.share * (number + 1) - had for part, had in zip(parts, given, strict=True)]
            chosen = owed.index(max(owed))
            given[chosen] += 1
            part = parts[chosen]
            yield {"action": part.action, "sleep_seconds": part.sleep_seconds + self.growth_seconds * number}


@dataclass(frozen=True, slots=True)
class Events:
    """What the runner sends."""

    count: int
    interval_seconds: float
    """Between one burst and the next; 0 sends all in direct succession."""
    burst: int = 1
    """How many in direct succession."""

    def seconds_to_send(self, count: int | None = None) -> float:
        """Return how long sending takes, of another number of events if one is given."""
        return (ceil((count or self.count) / self.burst) - 1) * self.interval_seconds


@dataclass(frozen=True, slots=True)
class Trigger:
    """What invokes the function with an event."""

    service: str = DIRECT
    """direct, eventbridge, s3 or sns."""
    permitted: bool = True
    """Whether the function lets it."""
    suffix: str = ""
    """What an object's key must end in for a bucket to tell the function of it."""
    endings: tuple[str, ...] = (".json",)
    """What the keys of the events' objects end in, by turns."""


@dataclass(frozen=True, slots=True)
class EventTarget:
    """Where finished events go."""

    type: Literal["queue", "topic"]
    problem: Literal["", "forbidden", "missing"] = ""
    """Why none arrives there; empty for a target that works."""


@dataclass(frozen=True, slots=True)
class FirstAttemptAfter:
    """How long after accepting an event Lambda makes its first attempt, where its queue is late."""

    at_least_seconds: float
    at_most_seconds: float


@dataclass(frozen=True, slots=True)
class OtherFunction:
    """A function that shares the account's concurrency."""

    events: int
    """How many it gets, before the scenario's function gets its own."""
    sleep_seconds: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, complete: its file's values and the defaults of ``terraform/variables.tf``."""

    name: str
    """The file's name without its ending."""
    path: Path
    alias: str
    """Another name of it; empty when it has none."""
    title: str
    description: str
    look_at: str
    """What to look for in the metrics; empty when nothing is said of it."""
    stack_name: str
    """The variable ``name``: the function's name and the prefix of all else."""
    behavior: Behavior
    timeout: int
    """Seconds."""
    memory_size: int
    """MB."""
    runtime: str
    reserved_concurrent_executions: int
    """-1: none reserved; 0: the function is stopped."""
    maximum_event_age_in_seconds: int
    maximum_retry_attempts: int
    log_retention_in_days: int
    events: Events
    observe_seconds: float
    """How long the runner watches after the last event."""
    expectations: tuple[Expectation, ...]
    """What the metrics must show; none where a run is only looked at."""
    package: str
    """The function's package, relative to ``terraform/``."""
    tags: Mapping[str, str]
    account_concurrency: int | None = None
    """The account's limit that the scenario is about; None for any."""
    first_attempt_after: FirstAttemptAfter | None = None
    """Done by the embedded endpoint alone; None for AWS's own, some 35 ms."""
    trigger: Trigger = field(default_factory=Trigger)
    on_failure: EventTarget | None = None
    on_success: EventTarget | None = None
    dead_letter_target: EventTarget | None = None
    other_functions: Mapping[str, OtherFunction] = field(default_factory=dict)
    """Those that share the account's concurrency, by what is added to ``stack_name`` for their names."""
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Variables, whole, that the user set instead of the file's."""

    @property
    def longest_execution_seconds(self) -> float:
        """How long the handler means to take at most; the timeout may end it before."""
        behavior = self.behavior
        longest = max((behavior.sleep_seconds, *(part.sleep_seconds for part in behavior.mix)))
        return longest + behavior.growth_seconds * (self.events.count - 1)


def scenario_of(values: Mapping[str, Any], name: str, path: Path, changed: Mapping[str, Any] | None = None) -> Scenario:
    """Return the scenario that complete values make, those of Terraform's variables by their names.

    Raises KeyError and TypeError for values that aren't complete.
    """
    made = {
        "name": name,
        "path": path,
        "stack_name": values["name"],
        "behavior": _behavior(values["behavior"]),
        "events": Events(**values["events"]),
        "expectations": tuple(Expectation(**entry) for entry in values["expectations"]),
        "trigger": _trigger(values.get("trigger", {})),
        "other_functions": {key: OtherFunction(**other) for key, other in values.get("other_functions", {}).items()},
        "changed": changed or values.get("changed", {}),
    }
    for place in ("on_failure", "on_success", "dead_letter_target"):
        made[place] = EventTarget(**values[place]) if values.get(place) else None
    late = values.get("first_attempt_after")
    made["first_attempt_after"] = FirstAttemptAfter(**late) if late else None
    known = {"account_concurrency": None, **values, **made}
    return Scenario(**{each.name: known[each.name] for each in fields(Scenario)})


def _trigger(values: Mapping[str, Any]) -> Trigger:
    trigger = Trigger(**values)
    return replace(trigger, endings=tuple(trigger.endings))


def _behavior(values: Mapping[str, Any]) -> Behavior:
    return Behavior(**{**values, "mix": tuple(MixPart(**part) for part in values.get("mix", ()))})
