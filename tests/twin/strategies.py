"""Random configurations and workloads for the twin's laws."""

from dataclasses import dataclass

from hypothesis import strategies as st

from async_lab.twin import Expiry, FunctionConfig, FunctionRef, Outcome, Rules
from async_lab.twin.rng import Draw, Numbers

TARGETS = (FunctionRef("alpha"), FunctionRef("beta"), FunctionRef("gamma"))

configs = st.builds(
    FunctionConfig,
    reserved_concurrency=st.one_of(st.none(), st.integers(0, 3)),
    maximum_event_age_seconds=st.sampled_from([60, 61, 90, 300, 3_600, 21_600]),
    maximum_retry_attempts=st.integers(0, 2),
)
rules = st.builds(
    Rules,
    expiry=st.sampled_from(Expiry),
    system_error_rate=st.sampled_from([0.0, 0.0, 0.3]),
    duplicate_rate=st.sampled_from([0.0, 0.0, 0.5]),
    scale_up_environments=st.sampled_from([2, 1_000]),
    jitter=st.sampled_from([0.0, 0.12]),
)
arrivals = st.lists(
    st.tuples(st.floats(0, 200).map(lambda at: round(at, 3)), st.sampled_from(TARGETS)), min_size=1, max_size=25
).map(lambda each: sorted(each, key=lambda arrival: arrival[0]))


@dataclass(frozen=True)
class Behavior:
    """Which executions fail and how long they take: the same for the same execution, whenever it is asked."""

    error_rate: float
    longest_seconds: float
    crash_rate: float

    def __call__(self, execution):
        number = execution.event.number
        failed = Numbers(11, Draw.WORKLOAD).uniform(number, execution.number) < self.error_rate
        share = Numbers(12, Draw.WORKLOAD).uniform(number, execution.number)
        crashed = failed and Numbers(13, Draw.WORKLOAD).uniform(number, execution.number) < self.crash_rate
        return Outcome(self.longest_seconds * share, is_error=failed, environment_survives=not crashed)


behaviors = st.builds(
    Behavior,
    error_rate=st.sampled_from([0.0, 0.3, 1.0]),
    longest_seconds=st.sampled_from([0.0, 0.5, 100.0, 900.0]),
    crash_rate=st.sampled_from([0.0, 0.5]),
)


@dataclass(frozen=True)
class World:
    """All that a simulation needs."""

    functions: dict
    arrivals: list
    behavior: Behavior
    rules: Rules
    unreserved_limit: int
    seed: int


worlds = st.builds(
    World,
    functions=st.fixed_dictionaries(dict.fromkeys(TARGETS, configs)),
    arrivals=arrivals,
    behavior=behaviors,
    rules=rules,
    unreserved_limit=st.sampled_from([1, 2, 900]),
    seed=st.integers(0, 2**32),
)


@dataclass(frozen=True)
class SimultaneousWorld:
    """Events that all come, run and wait at the same instants."""

    functions: dict
    targets: list
    """Whom each event is for, by its number."""
    behavior: Behavior
    rules: Rules
    seed: int


simultaneous_worlds = st.builds(
    SimultaneousWorld,
    functions=st.fixed_dictionaries(dict.fromkeys(TARGETS, configs)),
    targets=st.lists(st.sampled_from(TARGETS), min_size=2, max_size=8),
    behavior=st.sampled_from([Behavior(0.5, 0.0, 0.5), Behavior(0.5, 7.0, 0.0)]),
    rules=st.builds(
        Rules,
        jitter=st.just(0.0),
        dispatch_seconds=st.just((0.035, 0.035)),
        expiry=st.sampled_from(Expiry),
        duplicate_rate=st.sampled_from([0.0, 0.5]),
        scale_up_environments=st.sampled_from([2, 1_000]),
    ),
    seed=st.integers(0, 2**32),
)
