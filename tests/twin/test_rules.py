"""The numbers of AWS, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.twin import Rules
from async_lab.twin.rng import Draw, Numbers, seed_of_run, symmetric
from async_lab.twin.rules import too_old_next_time


def test_function_errors_wait_one_minute_then_two():
    assert [Rules().wait_after_error(errors) for errors in (1, 2)] == [60, 120]


def test_throttles_wait_twice_as_long_each_time_up_to_five_minutes():
    waits = [Rules().wait_after_backoff(count) for count in range(1, 12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@given(st.integers(1, 10_000))
def test_no_number_of_throttles_waits_longer_than_the_limit(count):
    assert 1 <= Rules().wait_after_backoff(count) <= 300


@given(st.floats(-1, 1, exclude_max=True), st.sampled_from([1.0, 60.0, 120.0, 300.0]))
def test_a_wait_stays_within_twelve_percent_of_its_nominal_length(draw, nominal):
    rules = Rules()
    assert 0.88 * nominal <= rules.jittered(nominal, draw) <= 1.12 * nominal
    assert [rules.jittered(100, share) for share in (-1, 0, 0.5, 1)] == pytest.approx([88, 100, 106, 112])


@given(st.floats(0, 1, exclude_max=True))
def test_the_first_attempt_comes_32_to_37_ms_after_acceptance(draw):
    rules = Rules()
    assert 0.032 <= rules.dispatch_after(draw) <= 0.037
    assert [rules.dispatch_after(share) for share in (0, 0.5, 1)] == pytest.approx([0.032, 0.0345, 0.037])


@pytest.mark.parametrize(
    ("age", "wait", "maximum", "dropped"),
    [
        (0.035, 60, 60, True),
        (0.035, 60, 90, False),
        (61, 120, 90, True),
        (15.035, 16, 60, False),
        (31.035, 32, 60, True),
        (28, 32, 60, True),
        (27.999, 32, 60, False),
    ],
)
def test_the_look_ahead_drops_what_would_reach_its_maximum_age(age, wait, maximum, dropped):
    assert too_old_next_time(age, wait, maximum) is dropped


@given(st.integers(0, 2**63), st.integers(0, 10**6), st.integers(0, 10**3))
def test_a_number_depends_only_on_what_it_is_drawn_for(seed, event, attempt):
    draws = [Numbers(seed, draw).bits(event, attempt) for draw in Draw]
    assert draws == [Numbers(seed, draw).bits(event, attempt) for draw in Draw]
    assert len(set(draws)) == len(draws)
    assert 0 <= Numbers(seed, Draw.WAIT).uniform(event, attempt) < 1
    waits = Numbers(seed, Draw.WAIT)
    assert symmetric(waits.of_event(event), attempt) == 2 * waits.uniform(event, attempt) - 1


def test_the_numbers_stay_the_ones_that_published_figures_were_drawn_from():
    """By an implementation that is not ours: SplitMix64 of seed, purpose, event and attempt, one after the other."""

    def mixed(state):
        state %= 2**64
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
        return state ^ (state >> 31)

    for seed, draw, event, attempt in [
        (0, Draw.DISPATCH, 0, 0),
        (7, Draw.WAIT, 12_345, 6),
        (2**64 + 5, Draw.ROUTE, 1, 2),
    ]:
        state = seed % 2**64
        for part in (draw, event, attempt):
            state = mixed(state + 0x9E3779B97F4A7C15 * (part + 1))
        assert Numbers(seed, draw).bits(event, attempt) == state
    assert (
        Numbers(0, Draw.WAIT).bits(0, 1) == 10_709_358_436_600_744_502
    )  # written down, should both be changed at once


def test_the_first_run_has_the_seed_that_was_given_and_each_other_its_own():
    assert seed_of_run(7, 0) == 7
    assert len({seed_of_run(seed, ordinal) for seed in (7, 8) for ordinal in range(5)}) == 10
    assert all(0 <= seed_of_run(7, ordinal) < 2**64 for ordinal in range(5))
    assert seed_of_run(7, 1) == 7_191_089_600_892_374_487


def test_numbers_are_spread_evenly_over_their_range():
    numbers = [Numbers(7, Draw.WAIT).uniform(event) for event in range(10_000)]
    tenths = [sum(1 for number in numbers if tenth <= 10 * number < tenth + 1) for tenth in range(10)]
    assert min(tenths) > 850
    assert max(tenths) < 1150
