import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.cloudwatch.aggregate import EXACT_VALUES, RELATIVE_ERROR, Aggregate, representative
from async_lab.cloudwatch.statistic import UnknownStatistic, percentile_of, statistic

durations = st.lists(st.floats(0.001, 1e9), min_size=1, max_size=60)


def of(values, count=1.0) -> Aggregate:
    seen = Aggregate()
    for value in values:
        seen.add(value, count)
    return seen


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SampleCount", 10),
        ("Sum", 55),
        ("Average", 5.5),
        ("Minimum", 1),
        ("Maximum", 10),
        ("p0", 1),
        ("p50", 5.5),
        ("p99.9", 9.991),
        ("p100", 10),
        ("tm90", 5),
        ("TM(10%:90%)", 5.5),
        ("TM(2:4)", 3.5),
        ("TM(:5)", 3),
        ("TM(80%:)", 9.5),
        ("tc90", 9),
        ("TC(3:7)", 4),
        ("ts50", 15),
        ("TS(8:)", 19),
        ("TC(10%:90%)", 8),
        ("TS(10%:90%)", 44),
        ("TM(0%:100%)", 5.5),
        ("TM(1.5:4.5)", 3),
        ("TM( 2 : 4 )", 3.5),
        ("TM(20%:4)", 3.5),
        ("WM(10%:90%)", 5.5),
        ("WM(:80%)", 5.24),
        ("WM(80%:)", 8.46),
        ("wm50", 4.25),
        ("WM(3:5)", 4.3),
        ("WM(2:)", 5.6),
        ("WM(:2)", 1.9),
        ("PR(:5)", 50),
        ("PR(5:)", 50),
        ("PR(5:8)", 30),
        ("IQM", 5.5),
    ],
)
def test_statistics_of_one_to_ten(name, expected):
    assert statistic(name)(of(range(1, 11))) == pytest.approx(expected)


@pytest.mark.parametrize(
    "name",
    [
        *("sum", "p", "p101", "p-1", "P99", "p99.12345678901", "xx99", "iqm", ""),
        *("TM()", "TM(:)", "TM( : )", "TM(a:b)", "TM(1:b)", "TM(-1:2)", "TM(101%:)", "TM(:100.1%)", "TM(1%%:)"),
        *("PR(10%:20%)", "PR(1:20%)", "PR(10%:2)", "PR(:20%)", "tm101", "XX(1:2)"),
    ],
)
def test_a_statistic_that_cloudwatch_does_not_have_is_refused_by_its_name(name):
    with pytest.raises(UnknownStatistic) as error:
        statistic(name)
    assert str(error.value) == name


def test_a_trimmed_range_without_observations_has_a_count_and_no_mean():
    seen = of([1.0, 9.0])
    assert [statistic(f"{name}(2:8)")(seen) for name in ("TM", "TC", "TS", "PR")] == [None, 0, 0, 0]


def test_without_observations_there_is_no_data_point():
    assert [statistic(name)(Aggregate()) for name in ("Average", "p50", "tm90", "PR(:1)", "IQM")] == [None] * 5


def test_a_percentile_of_weighted_values_counts_each_observation():
    seen = of([1.0], count=3)
    seen.add(5.0)
    assert [statistic(name)(seen) for name in ("p50", "p75", "p90", "p100")] == pytest.approx([1, 2, 3.8, 5])


def test_a_value_is_excluded_as_the_low_bound_and_included_as_the_high_one():
    seen = of([0.0, 2.0, 4.0])
    assert [statistic(name)(seen) for name in ("TC(0:2)", "TC(:0)", "TC(2:4)", "TC(4:)")] == [1, 1, 1, 0]


def test_trimmed_statistics_are_there_for_negative_values():
    assert [statistic(name)(of([-1.0, 2.0])) for name in ("tm100", "TC(:0)", "p50")] == [0.5, 1, None]
    assert statistic("p50")(of([0.0, 2.0])) == 1


def test_trimming_counts_observations_and_not_values():
    seen = of([10.0], count=99)
    seen.add(1000.0)
    assert statistic("tm99")(seen) == 10
    assert statistic("tm100")(seen) == pytest.approx(19.9)


def test_percentiles_are_not_there_for_negative_values():
    assert statistic("p50")(of([-1.0, 2.0])) is None
    assert statistic("Average")(of([-1.0, 2.0])) == 0.5


def test_percentiles_are_not_there_for_statistic_sets_unless_they_hold_one_value():
    several, single, equal = Aggregate(), Aggregate(), Aggregate()
    several.add_statistics(minimum=1, maximum=9, total=10, count=2)
    single.add_statistics(minimum=9, maximum=9, total=9, count=1)
    equal.add_statistics(minimum=4, maximum=4, total=12, count=3)
    assert [statistic("p50")(each) for each in (several, single, equal)] == [None, 9, 4]


def test_an_open_bound_moves_no_observation():
    seen = of([0.25, 0.5, 4.0])
    assert [statistic(name)(seen) for name in ("WM(:1)", "WM(0.5:)")] == pytest.approx([1.75 / 3, 5 / 3])


def test_only_a_percentile_has_a_share():
    with pytest.raises(UnknownStatistic, match=r"^p101$"):
        percentile_of("p101")
    assert [percentile_of(name) for name in ("p99.5", "p0", "tm99", "Sum")] == [0.995, 0, None, None]


@given(durations, st.floats(0, 100))
def test_a_percentile_of_few_values_lies_between_two_of_them(values, percent):
    answer = statistic(f"p{percent:.4f}")(of(values))
    ordered = sorted(values)
    rank = round(percent, 4) / 100 * (len(values) - 1)
    tolerance = 1e-9 * max(values)
    assert ordered[math.floor(rank)] - tolerance <= answer <= ordered[min(math.ceil(rank), len(values) - 1)] + tolerance


@given(st.floats(1e-9, 1e12))
def test_a_bin_differs_from_its_values_by_the_stated_error_at_most(value):
    assert abs(representative(value) - value) <= RELATIVE_ERROR * value * (1 + 1e-9)
    assert representative(-value) == -representative(value)
    assert representative(representative(value)) == pytest.approx(representative(value))


@given(st.integers(0, 3), st.sampled_from(["p50", "p90", "p99", "p99.9", "tm95"]))
def test_a_sketch_answers_within_the_stated_error(seed, name):
    values = [((i * 7919 + seed) % 10_007 + 1) ** 1.7 for i in range(4 * EXACT_VALUES)]
    exact = sorted(values)
    if name == "tm95":
        kept = exact[: round(len(exact) * 0.95)]
        expected = sum(kept) / len(kept)
    else:
        rank = float(name[1:]) / 100 * (len(exact) - 1)
        expected = exact[math.floor(rank)]
    assert statistic(name)(of(values)) == pytest.approx(expected, rel=2 * RELATIVE_ERROR)


@given(durations, durations)
def test_merging_two_minutes_gives_what_one_would_have_held(first, second):
    merged, whole = of(first), of(first + second)
    merged.merge(of(second))
    assert merged.count == whole.count
    assert merged.distribution() == whole.distribution()
    assert (merged.minimum, merged.maximum) == (whole.minimum, whole.maximum)
    assert merged.total == pytest.approx(whole.total)


@pytest.mark.parametrize("sizes", [(EXACT_VALUES + 1, 3), (3, EXACT_VALUES + 1), (EXACT_VALUES, EXACT_VALUES)])
def test_merging_minutes_of_different_precision_loses_no_observation(sizes):
    first, second = (of(float(base + i) for i in range(size)) for base, size in zip((1, 10_000), sizes, strict=True))
    first.merge(second)
    assert first.count == sum(count for _, count in first.distribution()) == sum(sizes)
    assert statistic("p100")(first) == first.maximum


def test_a_million_observations_take_no_more_room_than_the_bins_they_fall_into():
    seen = of((1.0 + 5 * i for i in range(10_000)), count=100)
    assert len(seen.distribution()) < 2 * EXACT_VALUES
    assert seen.count == 1_000_000


def test_as_many_values_as_are_kept_exactly_are_and_one_more_is_not():
    exact, binned = (of(float(value) for value in range(1, size + 1)) for size in (EXACT_VALUES, EXACT_VALUES + 1))
    assert exact.distribution() == [(float(value), 1.0) for value in range(1, EXACT_VALUES + 1)]
    assert binned.distribution() != [(float(value), 1.0) for value in range(1, EXACT_VALUES + 2)]


@pytest.mark.parametrize("start", [10 + step / 100 for step in range(12)])
def test_no_value_of_a_sketch_lies_outside_of_what_was_observed(start):
    seen = of(start + value / 7 for value in range(600))
    assert all(seen.minimum <= value <= seen.maximum for value, _ in seen.distribution())


def test_zero_has_a_bin_of_its_own():
    assert (representative(0.0), representative(1.0)) == (0.0, pytest.approx(1.0, rel=RELATIVE_ERROR))
    seen = of([0.0, *(float(value) for value in range(1, 2 * EXACT_VALUES))])
    assert seen.distribution()[0] == (0.0, 1.0)


@pytest.mark.parametrize("known_first", [True, False])
def test_a_period_has_percentiles_only_where_each_minute_has_them(known_first):
    known, unknown = of([1.0]), Aggregate()
    unknown.add_statistics(minimum=1, maximum=9, total=10, count=2)
    first, second = (known, unknown) if known_first else (unknown, known)
    first.merge(second)
    assert statistic("p50")(first) is None
    assert statistic("Sum")(first) == 11
