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
    record: Callable[[Record], None],
    *,
    seed: int = 0,
    rules: Rules | None = None,
    unreserved_limit: int = ACCOUNT_CONCURRENCY,
    until: float = inf,
) -> None:
    """Tell ``record`` all that happens, as it happens, until the queue is settled or ``until`` (seconds).

    Nothing is kept of what is over, and ``arrivals`` are taken one by one: however long they are, memory holds what
    waits and runs. Raises ValueError when an arrival comes earlier than the one before it.
    """
    twin = Twin(
        lambda target, _: functions.get(target),
        record,
        seed=seed,
        rules=rules,
        unreserved_limit=lambda: unreserved_limit,
    )
    latest = -inf
    for at, target in arrivals:
        if at < latest:
            raise ValueError(f"an arrival at {at} s follows one at {latest} s; sort arrivals by their time")
        if at > until:
            break
        latest = at
        run_until(twin, at, outcome_of)
        twin.accept(target, at)
    run_until(twin, until, outcome_of)


def run_until(twin: Twin, at: float, outcome_of: Callable[[Execution], Outcome]) -> None:
    """Do all that is due up to and including ``at``."""
    while started := twin.advance(at):
        for execution in started:
            twin.resolve(execution, outcome_of(execution))
