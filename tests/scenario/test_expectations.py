import pytest

from async_lab.observation.metrics import METRIC_NAMES, DataPoint, MetricSeries
from async_lab.scenario.expectations import Comparison, Expectation, compare, percentiles_of


def metrics(**points):
    """Metrics by name: for each minute the list of its samples."""
    return {
        name: MetricSeries(
            name,
            tuple(
                DataPoint(minute * 60, len(samples), sum(samples), min(samples), max(samples))
                for minute, samples in enumerate(points.get(name, ()))
            ),
        )
        for name in METRIC_NAMES
    }


SEEN = metrics(Throttles=[[1, 1, 1, 1, 0], [1, 1, 1]], AsyncEventAge=[[34, 37, 7800], [15883, 30086]])


@pytest.mark.parametrize(
    ("expectation", "value"),
    [
        (Expectation("Throttles", at_least=6), 7),
        (Expectation("Throttles", "Sum", data_point=2, at_least=1), 3),
        (Expectation("AsyncEventAge", "Minimum", at_least=0), 34),
        (Expectation("AsyncEventAge", "Maximum", at_least=0), 30086),
        (Expectation("AsyncEventAge", "Maximum", data_point=1, at_least=0), 7800),
        (Expectation("AsyncEventAge", "Average", data_point=2, at_least=0), (15883 + 30086) / 2),
        (Expectation("AsyncEventAge", "SampleCount", equals=5), 5),
        (Expectation("AsyncEventAge", "Maximum", data_point=3, at_least=0), None),
        (Expectation("Errors", "Maximum", equals=0), None),
    ],
)
def test_a_statistic_is_combined_over_the_minutes(expectation, value):
    assert compare([expectation], SEEN) == (Comparison(expectation, value),)


def test_the_average_weighs_samples_and_not_minutes():
    (comparison,) = compare(
        [Expectation("AsyncEventAge", "Average", equals=4)], metrics(AsyncEventAge=[[1, 2, 3], [10]])
    )

    assert comparison.value == 4


@pytest.mark.parametrize("statistic", ["Sum", "SampleCount"])
def test_a_metric_without_data_points_sums_to_zero(statistic):
    (comparison,) = compare([Expectation("Errors", statistic, equals=0)], SEEN)

    assert comparison.is_met


@pytest.mark.parametrize(
    "expectation", [Expectation("Errors", "Sum", data_point=1, equals=0), Expectation("Errors", "Minimum", at_most=5)]
)
def test_a_value_is_not_seen_in_a_data_point_that_is_not_there(expectation):
    (comparison,) = compare([expectation], SEEN)

    assert not comparison.is_met
    assert comparison.seen == "no data point"


def test_absent_means_no_data_point_and_not_zero():
    absent = Expectation("Throttles", absent=True)

    assert compare([absent], metrics())[0].is_met
    assert not compare([absent], metrics(Throttles=[[0]]))[0].is_met


@pytest.mark.parametrize(
    ("bounds", "met"),
    [
        ({"at_least": 7, "at_most": 7}, True),
        ({"at_least": 8}, False),
        ({"at_most": 6}, False),
        ({"equals": 7}, True),
        ({"equals": 6}, False),
    ],
)
def test_bounds_are_inclusive(bounds, met):
    assert compare([Expectation("Throttles", **bounds)], SEEN)[0].is_met is met


@pytest.mark.parametrize(
    ("expectation", "sentence"),
    [
        (Expectation("Throttles", at_least=6, at_most=8), "Sum of Throttles: expected 6 to 8, saw 7"),
        (
            Expectation("AsyncEventAge", "Maximum", data_point=2, at_most=500),
            "Maximum of AsyncEventAge, point 2: expected at most 500 ms, saw 30.1 s",
        ),
        (
            Expectation("AsyncEventAge", "SampleCount", at_least=1000),
            "SampleCount of AsyncEventAge: expected at least 1,000, saw 5",
        ),
        (Expectation("Throttles", absent=True), "Throttles: expected no data point, saw 7"),
        (Expectation("Errors", absent=True), "Errors: expected no data point, saw no data point"),
    ],
)
def test_a_comparison_says_what_was_expected_and_seen(expectation, sentence):
    assert str(compare([expectation], SEEN)[0]) == sentence


@pytest.mark.parametrize(
    ("expectation", "value", "subject"),
    [
        (Expectation("AsyncEventAge", "p99", at_most=9), 30_000, "p99 of AsyncEventAge, highest minute"),
        (Expectation("AsyncEventAge", "p99", data_point=1, at_most=9), 7_700, "p99 of AsyncEventAge, point 1"),
        (Expectation("AsyncEventAge", "p99", data_point=3, at_most=9), None, "p99 of AsyncEventAge, point 3"),
        (Expectation("Duration", "p50", at_most=9), None, "p50 of Duration, highest minute"),
    ],
)
def test_a_percentile_is_that_of_a_minute(expectation, value, subject):
    percentiles = {("AsyncEventAge", "p99"): (7_700.0, 30_000.0), ("Duration", "p50"): ()}

    assert compare([expectation], SEEN, percentiles) == (Comparison(expectation, value),)
    assert expectation.subject == subject


def test_each_percentile_is_asked_for_once():
    wanted = [
        Expectation("AsyncEventAge", "p99", at_most=9),
        Expectation("AsyncEventAge", "p99", data_point=1, at_most=9),
        Expectation("AsyncEventAge", "Maximum", at_most=9),
        Expectation("Duration", "p50", at_most=9),
    ]
    assert percentiles_of(wanted) == [("AsyncEventAge", "p99"), ("Duration", "p50")]
