"""How many attempts a CPU second the twin's engine makes, beside SimPy on the same queue.

    .venv/bin/python benchmarks/twin_speed.py [EVENTS] [ROUNDS]

One function with a reserved concurrency of 10, whose handler takes a second, gets ten times the events that it can run:
nearly every attempt is a throttle, waits with its jitter and comes again. Both run the same queue in this process, one
after the other in each round. SimPy's model is written as its users would, with Python's own random numbers, and only
counts attempts. The engine draws its numbers by counter, looks the configuration up at each attempt and makes a record
of each. The more events wait, the better it stands beside SimPy, which keeps a suspended generator for each.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Generator

import simpy

from async_lab.twin import FunctionConfig, FunctionRef, Outcome, Record, Rules, Started, Throttled, simulate

DEFAULTS = [50_000, 3]
RATE = 100.0  # events a second
CONCURRENCY = 10
DURATION_SECONDS = 1.0
TARGET_RATIO = 1.0
FUNCTION = FunctionRef("busy")
ATTEMPTS = (Throttled, Started)


def ours(events: int, seed: int) -> int:
    """Return how many attempts the twin's engine made."""
    attempts = 0

    def count(record: Record) -> None:
        nonlocal attempts
        attempts += type(record) in ATTEMPTS

    outcome = Outcome(DURATION_SECONDS)
    simulate(
        {FUNCTION: FunctionConfig(reserved_concurrency=CONCURRENCY)},
        ((number / RATE, FUNCTION) for number in range(events)),
        lambda _: outcome,
        count,
        seed=seed,
    )
    return attempts


def simpys(events: int, seed: int) -> int:
    """Return how many attempts the same queue's model in SimPy made."""
    rules, config = Rules(), FunctionConfig()
    earliest, latest = rules.dispatch_seconds
    base, limit, jitter = rules.backoff_base_seconds, rules.backoff_limit_seconds, rules.jitter
    maximum_age = config.maximum_event_age_seconds
    environment, rng = simpy.Environment(), random.Random(seed)
    attempts = running = 0

    def event() -> Generator[simpy.Event, None, None]:
        nonlocal attempts, running
        accepted_at = environment.now
        yield environment.timeout(rng.uniform(earliest, latest))
        wait = base
        while True:
            attempts += 1
            if running < CONCURRENCY:
                running += 1
                yield environment.timeout(DURATION_SECONDS)
                running -= 1
                return
            if environment.now - accepted_at + wait >= maximum_age:
                return
            yield environment.timeout(wait * rng.uniform(1 - jitter, 1 + jitter))
            wait = min(limit, 2 * wait)

    def source() -> Generator[simpy.Event, None, None]:
        for _ in range(events):
            environment.process(event())
            yield environment.timeout(1 / RATE)

    environment.process(source())
    environment.run()
    return attempts


def attempts_a_second(run: Callable[[int, int], int], events: int, seed: int) -> tuple[int, float]:
    """Return how many attempts a run made, and how many it made in a CPU second."""
    gc.collect()
    started = time.process_time()
    attempts = run(events, seed)
    return attempts, attempts / (time.process_time() - started)


def main() -> None:
    """Print each round, the medians and their ratio."""
    given = [int(each) for each in sys.argv[1:]]
    events, rounds = given + DEFAULTS[len(given) :]
    rates: dict[str, list[float]] = {"async-lab": [], "SimPy": []}
    for number in range(1, rounds + 1):
        shown = []
        for name, run in (("async-lab", ours), ("SimPy", simpys)):
            attempts, rate = attempts_a_second(run, events, number)
            rates[name].append(rate)
            shown.append(f"{name} {attempts:,} attempts, {rate:,.0f} a CPU second")
        print(f"round {number}: {'   '.join(shown)}", flush=True)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    print(f"median: {'   '.join(f'{name} {each:,.0f} attempts a CPU second' for name, each in medians.items())}")
    print(f"ratio {medians['async-lab'] / medians['SimPy']:.2f} (target: at least {TARGET_RATIO:.0f})")


if __name__ == "__main__":
    main()
