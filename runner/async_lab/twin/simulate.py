"""Run the twin on a declared workload: who is invoked when, and what each execution does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf

from async_lab.twin.engine import Twin
from async_lab.twin.model import Execution, FunctionConfig, FunctionRef, Outcome, Record
from async_lab.twin.rules import ACCOUNT_CONCURRENCY, Rules

Arrival = tuple[float, FunctionRef]
"""When an event is sent, in seconds, and to whom."""


def simulate(
    functions: Mapping[FunctionRef, FunctionConfig],
    arrivals: Iterable[Arrival],
    outcome_of: Callable[[Execution], Outcome],
    *,
    seed: int = 0,
    rules: Rules | None = None,
    unreserved_limit: int = ACCOUNT_CONCURRENCY,
    until: float = inf,
) -> list[Record]:
    """Return all that happened, in order of time, until the queue is settled or ``until``."""
    history: list[Record] = []
    twin = Twin(
        lambda target, _: functions.get(target),
        history.append,
        seed=seed,
        rules=rules,
        unreserved_limit=lambda: unreserved_limit,
    )
    for at, target in sorted(arrivals, key=lambda arrival: arrival[0]):
        run_until(twin, min(at, until), outcome_of)
        if at <= until:
            twin.accept(target, at)
    run_until(twin, until, outcome_of)
    return history


def run_until(twin: Twin, at: float, outcome_of: Callable[[Execution], Outcome]) -> None:
    """Do all that is due up to and including ``at``."""
    while (due := twin.next_due()) is not None and due <= at:
        for execution in twin.step():
            twin.resolve(execution, outcome_of(execution))
