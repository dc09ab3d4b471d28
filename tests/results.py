"""Runs as the lab returns them, for the tests of what is made of them."""

from dataclasses import replace
from pathlib import Path

from observed import configuration_of
from series import FIRST_MINUTE, metrics_of

from async_lab import scenario
from async_lab.checkout.project import Project
from async_lab.diagnosis import diagnose
from async_lab.invoke import SentEvent
from async_lab.lab import wished
from async_lab.observation.alarms import AlarmChange
from async_lab.observation.events import Attempt, Event, Outcome
from async_lab.observation.observations import Observations
from async_lab.runs.result import Location, RunResult
from async_lab.scenario.expectations import compare

PROJECT = Project(Path(__file__).parents[1])
METRICS = {
    "baseline": metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventsDropped=[[0]],
        AsyncEventAge=[[35]],
        Invocations=[[1]],
        Errors=[[0]],
        Throttles=[[0]],
        Duration=[[2]],
        ConcurrentExecutions=[[1]],
    ),
    "scenario-1": metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventsDropped=[[], [], [], [1]],
        AsyncEventAge=[[35], [66_200], [], [196_400]],
        Invocations=[[1], [1], [], [1]],
        Errors=[[1], [1], [], [1]],
        Throttles=[[0], [0], [], [0]],
        Duration=[[2], [2], [], [2]],
        ConcurrentExecutions=[[1], [1], [], [1]],
    ),
    "scenario-2": metrics_of(
        AsyncEventsReceived=[[1, 1]],
        AsyncEventsDropped=[[], [0], [], [0]],
        AsyncEventAge=[[34, 37, 1020, 3100, 7800], [15_900, 31_000], [65_200, 128_000]],
        Invocations=[[1], [], [1]],
        Errors=[[0, 0, 0, 0, 0], [0, 0], [0, 0]],
        Throttles=[[0, 1, 1, 1, 1], [1, 1], [1, 0]],
        Duration=[[90_001], [], [90_001]],
        ConcurrentExecutions=[[1], [1], [1], [1]],
    ),
    "scenario-3": metrics_of(
        AsyncEventsReceived=[[1, 1]],
        AsyncEventsDropped=[[0], [1]],
        AsyncEventAge=[[34, 37, 1000, 3000, 7800], [15_883, 30_086]],
        Invocations=[[1]],
        Errors=[[0]],
        Throttles=[[1, 1, 1, 1], [1, 1]],
        Duration=[[90_001]],
        ConcurrentExecutions=[[1], [1]],
    ),
    "scenario-4": metrics_of(AsyncEventsReceived=[[1]], AsyncEventsDropped=[[1]]),
}

FAILED, OK, THROTTLED = Outcome.ERROR, Outcome.SUCCESS, Outcome.THROTTLED
WAITS = [(age, THROTTLED) for age in (0.037, 1.02, 3.1, 7.8, 15.9, 31.0, 65.2)]
EVENTS = {
    "baseline": [("Success", 0.037, [(0.035, OK)])],
    "scenario-1": [("RetriesExhausted", 196.402, [(0.035, FAILED), (66.2, FAILED), (196.4, FAILED)])],
    "scenario-2": [("Success", 90.035, [(0.034, OK)]), ("Success", 218.001, [*WAITS, (128.0, OK)])],
    "scenario-3": [("Success", 90.035, [(0.034, OK)]), ("EventAgeExceeded", 30.086, WAITS[:6])],
    "scenario-4": [("ZeroReservedConcurrency", 0.035, [])],
}
"""For each event how it ended, at what age, and its attempts."""


def result_of(name, metrics=None, **changes):
    """Return a run of a scenario of the lab, by default with the metrics that it is made to show."""
    wanted = scenario.find(PROJECT, name)
    metrics = metrics or METRICS[name]
    started_at = FIRST_MINUTE + 45.0
    count = wanted.events.count
    seen = Observations(
        start=started_at,
        end=started_at + wanted.observe_seconds,
        metrics=metrics,
        configuration=configuration_of(**wished(wanted)),
        sent=count,
        wished=wished(wanted),
    )
    fields = {
        "run_id": "0f3a9c21",
        "scenario": wanted,
        "place": Location("local", "123456789012", "us-east-1"),
        "function_name": "async-lab",
        "seed": 0,
        "started_at": started_at,
        "ended_at": started_at + wanted.observe_seconds,
        "sent": tuple(SentEvent(f"0f3a9c21-{n}", f"request-{n}", started_at, "accepted") for n in range(1, count + 1)),
        "metrics": metrics,
        "comparisons": compare(wanted.expectations, metrics),
        "findings": diagnose(seen),
        "wall_seconds": {"apply": 8.12, "watch": 0.3},
        "events": tuple(_event(n, started_at, *EVENTS[name][n - 1]) for n in range(1, count + 1)),
        "alarms": (AlarmChange("async-lab-dropped", "ALARM", started_at + 75, "Threshold crossed"),),
    }
    return RunResult(**fields | changes)


def _event(number, accepted_at, condition, ended_after, attempts):
    return Event(
        request_id=f"request-{number}",
        function="async-lab",
        qualifier="",
        accepted_at=accepted_at,
        attempts=tuple(_attempt(accepted_at, age, outcome, ended_after) for age, outcome in attempts),
        condition=condition,
        ended_at=accepted_at + ended_after,
        maximum_event_age_seconds=21600 if attempts else None,
    )


def _attempt(accepted_at, age, outcome, ended_after):
    attempt = Attempt(accepted_at + age, age, outcome)
    if not attempt.ran:
        return attempt
    error = {"error_type": "RuntimeError", "error_message": "no"} if outcome is FAILED else {}
    duration = ended_after - age if outcome is OK else 0.002
    return replace(attempt, duration_seconds=duration, version="$LATEST", **error)
