"""When the parts of an execution are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from async_lab.endpoint.sandbox import Costs
from async_lab.endpoint.sandbox.outcome import INIT_LIMIT_NS, SECOND_NS, schedule

AT_NS = 1_790_000_000 * SECOND_NS
timeouts = st.floats(1, 900)


@given(st.integers(0, 1000 * SECOND_NS), timeouts)
def test_the_timeout_counts_from_the_end_of_the_initialization(slept_ns, timeout):
    times = schedule(AT_NS, slept_ns, timeout, Costs())
    assert times.init_ns <= INIT_LIMIT_NS
    assert times.started_ns == AT_NS + times.init_ns
    assert times.deadline_ns - times.started_ns == round(timeout * SECOND_NS)


@given(st.integers(0, 1000 * SECOND_NS), timeouts)
def test_no_time_that_the_initialization_slept_is_lost(slept_ns, timeout):
    costs = Costs(init_seconds=0.25, compute_seconds=0.5)
    times = schedule(AT_NS, slept_ns, timeout, costs)
    whole_ns = SECOND_NS // 4 + slept_ns
    again_ns = times.handler_ns - times.started_ns - SECOND_NS // 2
    assert (times.init_ns, again_ns) in {(whole_ns, 0), (INIT_LIMIT_NS, whole_ns)}


@given(timeouts)
def test_a_warm_environment_starts_at_once(timeout):
    times = schedule(AT_NS, None, timeout, Costs(compute_seconds=0))
    assert (times.init_ns, times.started_ns, times.handler_ns) == (None, AT_NS, AT_NS)
