"""The main job, in the order it happens: a scenario is applied, invoked, watched, measured and diagnosed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from async_lab.account.concurrency import check_concurrency
from async_lab.checkout.project import Project
from async_lab.diagnosis import diagnose
from async_lab.invoke import SentEvent, recognized, send, sender
from async_lab.observation import alarms
from async_lab.observation.configuration import read_configuration
from async_lab.observation.gaps import Looks
from async_lab.observation.look import look_at_metrics
from async_lab.observation.metrics import Metrics, collect, collect_percentiles
from async_lab.observation.observations import Setting
from async_lab.process.interrupts import Interrupts
from async_lab.runs.result import Location, RunResult
from async_lab.scenario import Behavior, Events, Scenario, Trigger
from async_lab.scenario.expectations import compare, percentiles_of
from async_lab.stack.stack import Stack, open_stack
from async_lab.target.base import SETTLE_SECONDS, Target
from async_lab.terraform import Progress
from async_lab.wording import plural


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose for a run, besides the scenario."""

    seed: int = 0
    events: int | None = None
    """How many events to send instead of the scenario's number; its expectations then don't apply."""
    keep: bool = False
    """Leave the stack standing, if nothing goes wrong."""


def steps(scenarios: int) -> int:
    """Return how many steps a run of so many scenarios has: they are all told."""
    return 2 + 2 * scenarios


class View(Protocol):
    """Who is told how far the run is."""

    def step(self, text: str) -> None:
        """Tell that the next of the run's steps begins."""

    def phase(self, text: str) -> None:
        """Tell what happens now."""

    def terraform(self, progress: Progress) -> None:
        """Tell what Terraform does."""

    def taken_down(self) -> None:
        """Tell that everything is gone."""

    def kept(self, stack: Stack) -> None:
        """Leave the user with what stands; on a target that goes with the run, until they have seen enough."""

    def waiting(self, metrics: Metrics, seconds_left: float) -> None:
        """Tell what CloudWatch shows so far."""


def run(
    scenarios: Sequence[Scenario],
    project: Project,
    target: Target,
    settings: Settings,
    work: Path,
    view: View,
    interrupts: Interrupts,
) -> Generator[RunResult, None, None]:
    """Yield each scenario's result as it is there; all run on one stack.

    It is taken down at the end in any case, but for one that the user wants to keep and that did all it should.
    """
    view.step("Preparing Terraform")
    with open_stack(project, target, scenarios[0], work, interrupts, view.terraform) as stack, ExitStack() as held:
        check_concurrency(target, scenarios)  # not sooner: the endpoint gets ready for it while the provider starts
        is_kept = False
        try:
            is_remarked = False
            for scenario in scenarios:
                result = run_one(scenario, stack, settings, view)
                if target.remark and not is_remarked:
                    view.phase(target.remark)
                    is_remarked = True
                yield result
            if settings.keep:
                view.kept(stack)
                is_kept = not target.is_disposable
            # Not in the finally block: a Ctrl-C before its first statement would skip it.
            held.enter_context(interrupts.taking_down())
        finally:
            if stack.may_stand and not is_kept and not interrupts.user_has_left:
                view.step("Taking everything down")
                stack.take_down()
                view.taken_down()


def run_one(scenario: Scenario, stack: Stack, settings: Settings, view: View) -> RunResult:
    """Run one scenario on a stack, which it applies."""
    watch, target, run_id, looks = Stopwatch(), stack.target, uuid.uuid4().hex[:8], Looks()
    view.step(f"Terraform: {scenario.name}")
    with watch.phase("apply"):
        target.limit_account(scenario.account_concurrency)
        outputs = stack.apply(scenario)
    function_name = str(outputs["function_name"])
    with watch.phase("invoke"):
        target.align()
        target.begin(settings.seed)
        configuration = read_configuration(target.client("lambda"), function_name, looks)
        started_at = target.now()
        occupy(scenario, target, outputs, run_id)
        sent = invoke(scenario, target, str(outputs["trigger_address"]), run_id, settings, view)
    with watch.phase("watch"):
        observe(scenario, target, function_name, started_at, view, stack.terraform.interrupts)
    with watch.phase("collect"):
        shown = look_at_metrics(target.cloudwatch(), configuration, None, started_at, target.now(), looks)
        events = target.events(function_name, started_at)
        names = [*outputs["alarm_names"], *outputs["composite_alarm_names"]]
        changes = alarms.changes(target.cloudwatch(), names, started_at, shown.end)
        compared = () if settings.events or scenario.changed else scenario.expectations
        percentiles = collect_percentiles(target.cloudwatch(), function_name, percentiles_of(compared), shown.metrics)
        settle(scenario, target, view)
    seen = replace(
        shown,
        sent=len(sent),
        unsure=sum(event.outcome == "unsure" for event in sent),
        wished=wished(scenario),
        gaps=tuple(looks.gaps),
    )
    return RunResult(
        run_id=run_id,
        scenario=scenario,
        place=Location(target.name, target.account_id, target.region),
        function_name=function_name,
        seed=settings.seed if target.is_disposable else None,
        started_at=started_at,
        ended_at=seen.end,
        sent=recognized(sent, events or ()),
        metrics=seen.metrics,
        comparisons=compare(compared, seen.metrics, percentiles),
        findings=diagnose(seen),
        alarms=changes,
        events=tuple(replace(event, payload=None) for event in events or ()),
        gaps=(*map(str, seen.gaps), *([_NO_SINGLE_EVENTS] if events is None else [])),
        wall_seconds=watch.seconds,
    )


def settle(scenario: Scenario, target: Target, view: View) -> None:
    """Leave no event of the scenario to the next one."""
    if purged := target.settle():
        hours = SETTLE_SECONDS // 3_600
        view.phase(
            f"{plural(purged, 'event')} of {scenario.name} still waited after {hours} more hours and were dropped"
        )


_NO_SINGLE_EVENTS = "What became of each single event could not be seen: AWS tells of all of them together, in metrics."


def wished(scenario: Scenario) -> dict[str, Setting]:
    """Return what a scenario wants the function's configuration to be, by AWS's names."""
    reserved = scenario.reserved_concurrent_executions
    return {
        "Timeout": scenario.timeout,
        "MemorySize": scenario.memory_size,
        "ReservedConcurrentExecutions": None if reserved < 0 else reserved,
        "MaximumEventAgeInSeconds": scenario.maximum_event_age_in_seconds,
        "MaximumRetryAttempts": scenario.maximum_retry_attempts,
    }


def occupy(scenario: Scenario, target: Target, outputs: Mapping[str, Any], run_id: str) -> None:
    """Send the functions that share the account's concurrency their events, and give them the time to begin."""
    for key, other in scenario.other_functions.items():
        name = str(outputs["other_function_names"][key])
        to = sender(Trigger(), name, target.client_that_sends_once)
        event_ids = [f"{run_id}-{key}-{number}" for number in range(1, other.events + 1)]
        at_once, plain = Events(max(1, other.events), 0.0), Behavior("sleep", other.sleep_seconds, "")
        for _ in send(to, event_ids, at_once, plain, now=target.now, wait=target.wait):
            pass
    if any(other.events for other in scenario.other_functions.values()):
        target.wait(_BEGINNING_SECONDS)


_BEGINNING_SECONDS = 1.0
"""Longer than Lambda takes from accepting an event to its first attempt, some 35 ms."""


def invoke(
    scenario: Scenario, target: Target, address: str, run_id: str, settings: Settings, view: View
) -> tuple[SentEvent, ...]:
    """Send the scenario's events to its trigger, or to the function itself."""
    count = settings.events or scenario.events.count
    view.step(f"Sending {plural(count, 'event')} to {address}")
    event_ids = [f"{run_id}-{number}" for number in range(1, count + 1)]
    to = sender(scenario.trigger, address, target.client_that_sends_once)
    return tuple(send(to, event_ids, scenario.events, scenario.behavior, now=target.now, wait=target.wait))


def observe(
    scenario: Scenario, target: Target, function_name: str, started_at: float, view: View, interrupts: Interrupts
) -> None:
    """Let the time pass in which the events are worked off, and in which CloudWatch learns of it."""
    ends_at = target.now() + scenario.observe_seconds + target.data_point_delay_seconds
    cloudwatch = target.cloudwatch()
    while (left := ends_at - target.now()) > 0:
        interrupts.check()
        view.waiting(collect(cloudwatch, function_name, started_at, target.now()), left)
        target.wait(min(left, target.watch_step_seconds))


@dataclass(slots=True)
class Stopwatch:
    """How long each phase took on the wall's clock, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a block."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 3)
