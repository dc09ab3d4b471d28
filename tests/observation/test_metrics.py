import pytest

from async_lab.endpoint.cloudwatch import store
from async_lab.endpoint.embedded import ACCOUNT_ID, Endpoint
from async_lab.errors import EnvironmentFailure
from async_lab.lambda_metrics import UNITS
from async_lab.observation.metrics import METRIC_NAMES, DataPoint, collect, collect_percentiles
from async_lab.target.local import LocalTarget

MINUTE = 1_692_778_980


@pytest.fixture(scope="module")
def cloudwatch():
    with Endpoint(start=MINUTE + 3600.0) as endpoint:
        yield LocalTarget(endpoint, "eu-west-1").cloudwatch()


def put(cloudwatch, function, metric, at, *values):
    """Put samples as Lambda itself does: PutMetricData takes none of AWS's namespaces."""
    for value in values:
        store(ACCOUNT_ID, "eu-west-1").put(
            "AWS/Lambda", metric, (("FunctionName", function),), at, float(value), UNITS[metric]
        )


def test_samples_are_collected_by_minute_with_every_statistic(cloudwatch):
    put(cloudwatch, "one", "AsyncEventAge", MINUTE + 5, 35, 1000)
    put(cloudwatch, "one", "AsyncEventAge", MINUTE + 59, 3000)
    put(cloudwatch, "one", "AsyncEventAge", MINUTE + 125, 31_000)
    series = collect(cloudwatch, "one", MINUTE + 5, MINUTE + 130)["AsyncEventAge"]
    assert series.points == (
        DataPoint(MINUTE, sample_count=3, sum=4035, minimum=35, maximum=3000),
        DataPoint(MINUTE + 120, sample_count=1, sum=31_000, minimum=31_000, maximum=31_000),
    )
    assert series.points[0].average == 1345
    assert (series.total, series.maximum, series.unit) == (35_035, 31_000, "Milliseconds")


def test_a_zero_is_a_data_point_and_nothing_is_none(cloudwatch):
    put(cloudwatch, "two", "Errors", MINUTE, 0)
    metrics = collect(cloudwatch, "two", MINUTE, MINUTE)
    assert set(metrics) == set(METRIC_NAMES)
    assert not metrics["Errors"].is_absent
    assert metrics["Throttles"].is_absent
    assert metrics["Throttles"].total == metrics["Throttles"].maximum == 0


def test_other_functions_and_other_minutes_are_left_out(cloudwatch):
    put(cloudwatch, "three", "Invocations", MINUTE - 1, 1)
    put(cloudwatch, "three", "Invocations", MINUTE + 59, 1)
    put(cloudwatch, "three", "Invocations", MINUTE + 60, 1)
    put(cloudwatch, "threefold", "Invocations", MINUTE, 1)
    assert collect(cloudwatch, "three", MINUTE + 30, MINUTE + 45)["Invocations"].total == 1


def test_a_long_run_is_collected_whole(cloudwatch):
    for minute in range(600):
        put(cloudwatch, "four", "Invocations", MINUTE - 60 * minute, 1)
    series = collect(cloudwatch, "four", MINUTE - 36_000, MINUTE)["Invocations"]
    assert series.total == len(series.points) == 600
    assert [point.minute for point in series.points] == sorted(point.minute for point in series.points)


def test_all_metrics_are_asked_for_in_one_call(cloudwatch):
    calls = []
    cloudwatch.meta.events.register("before-call.cloudwatch.*", lambda model, **_: calls.append(model.name))
    collect(cloudwatch, "one", MINUTE, MINUTE + 300)
    assert calls == ["GetMetricData"]


# --- answers that are not whole ---


class Answers:
    """A CloudWatch whose answers are changed on their way, one change after the other; then they stay as they are."""

    def __init__(self, cloudwatch, *changes):
        self.changes = list(changes)
        self.pauses = []
        self.client = cloudwatch
        cloudwatch.meta.events.register("after-call.cloudwatch.GetMetricData", self.change)

    def change(self, parsed, **_):
        if self.changes:
            self.changes.pop(0)({result["Id"]: result for result in parsed["MetricDataResults"]}, parsed)

    def collect(self, function):
        try:
            return collect(self.client, function, MINUTE, MINUTE + 120, self.pauses.append)
        finally:
            self.client.meta.events.unregister("after-call.cloudwatch.GetMetricData", self.change)


def partial(results, _):
    results["invocations_sum"] |= {"StatusCode": "PartialData", "Timestamps": [], "Values": []}


def failed(results, _):
    said = {"Code": "InternalError", "Value": "try again"}
    results["invocations_sum"] |= {"StatusCode": "InternalError", "Messages": [said]}


def without_one_minute(results, _):
    results["invocations_maximum"] |= {"Timestamps": [], "Values": []}


def without_one_result(results, parsed):
    parsed["MetricDataResults"].remove(results["errors_sum"])


def with_a_message(_, parsed):
    parsed["Messages"] = [{"Code": "MaxMetricsExceeded", "Value": "too many metrics"}]


@pytest.mark.parametrize("change", [partial, failed, without_one_minute, without_one_result, with_a_message])
def test_what_is_incomplete_is_asked_for_again(cloudwatch, change):
    put(cloudwatch, change.__name__, "Invocations", MINUTE, 1, 1)
    answers = Answers(cloudwatch, change, change)
    assert answers.collect(change.__name__)["Invocations"].total == 2
    assert answers.pauses == [1, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (partial, "(invocations_sum: PartialData, and 1 more)"),
        (failed, "(invocations_sum: InternalError: try again)"),
        (without_one_minute, "(Invocations: its statistics differ in minutes)"),
        (without_one_result, "(errors_sum: no answer)"),
        (with_a_message, "(MaxMetricsExceeded: too many metrics)"),
    ],
)
def test_what_stays_incomplete_is_an_error_and_never_a_silent_gap(cloudwatch, change, said):
    put(cloudwatch, change.__name__, "Invocations", MINUTE, 1, 1)
    with pytest.raises(EnvironmentFailure) as caught:
        Answers(cloudwatch, *[change] * 5).collect(change.__name__)
    assert str(caught.value) == f"CloudWatch gives the metrics of {change.__name__} incompletely {said}."


def test_a_result_on_several_pages_is_whole_with_the_last(cloudwatch):
    put(cloudwatch, "paged", "Invocations", MINUTE, 1)
    put(cloudwatch, "paged", "Invocations", MINUTE + 60, 1)
    kept = []

    def first_page(results, parsed):
        for result in results.values():
            rest = {"Timestamps": result["Timestamps"][1:], "Values": result["Values"][1:]}
            kept.append(result | rest | {"StatusCode": "Complete"})
            result |= {"Timestamps": result["Timestamps"][:1], "Values": result["Values"][:1]}
            result["StatusCode"] = "PartialData"
        parsed["NextToken"] = "more"

    def second_page(_, parsed):
        parsed["MetricDataResults"] = kept

    def without_token(params, **_):
        params.pop("NextToken", None)  # it is ours, and not the endpoint's

    cloudwatch.meta.events.register("provide-client-params.cloudwatch.GetMetricData", without_token)
    answers = Answers(cloudwatch, first_page, second_page)
    assert answers.collect("paged")["Invocations"].total == 2
    assert answers.pauses == []
    cloudwatch.meta.events.unregister("provide-client-params.cloudwatch.GetMetricData", without_token)


# --- percentiles ---


def test_percentiles_are_of_each_minute_that_was_collected(cloudwatch):
    put(cloudwatch, "rising", "Duration", MINUTE, *range(1, 102))
    put(cloudwatch, "rising", "Duration", MINUTE + 120, 7)
    metrics = collect(cloudwatch, "rising", MINUTE, MINUTE + 180)
    wanted = [("Duration", "p99"), ("Duration", "p50"), ("AsyncEventAge", "p99")]

    found = collect_percentiles(cloudwatch, "rising", wanted, metrics)
    assert found == {
        ("Duration", "p99"): (pytest.approx(100, rel=0.02), pytest.approx(7, rel=0.02)),
        ("Duration", "p50"): (pytest.approx(51, rel=0.02), pytest.approx(7, rel=0.02)),
        ("AsyncEventAge", "p99"): (),
    }


def test_nothing_is_asked_where_no_percentile_is_wanted(cloudwatch):
    calls = []
    cloudwatch.meta.events.register("before-call.cloudwatch.*", lambda model, **_: calls.append(model.name))
    assert collect_percentiles(cloudwatch, "one", [], collect(cloudwatch, "one", MINUTE, MINUTE + 60)) == {}
    assert calls == ["GetMetricData"]


def test_more_percentiles_than_one_call_takes_are_asked_for_in_several(cloudwatch):
    put(cloudwatch, "many", "Duration", MINUTE, 5)
    metrics = collect(cloudwatch, "many", MINUTE, MINUTE)
    wanted = [("Duration", f"p{number / 10:g}") for number in range(600)]

    assert collect_percentiles(cloudwatch, "many", wanted, metrics) == dict.fromkeys(wanted, (5.0,))


def test_a_percentile_that_some_minute_lacks_is_asked_for_again_and_then_an_error(cloudwatch):
    put(cloudwatch, "lacking", "Duration", MINUTE, 5)
    metrics = collect(cloudwatch, "lacking", MINUTE, MINUTE)
    pauses, answers = [], iter([{"Timestamps": [], "Values": []}] * 6)

    def change(parsed, **_):
        parsed["MetricDataResults"][0] |= next(answers, {})

    cloudwatch.meta.events.register("after-call.cloudwatch.GetMetricData", change)
    try:
        with pytest.raises(EnvironmentFailure, match="p99 of Duration of lacking for only some of its minutes"):
            collect_percentiles(cloudwatch, "lacking", [("Duration", "p99")], metrics, pauses.append)
        assert pauses == [1, 2, 4, 8]
        found = collect_percentiles(cloudwatch, "lacking", [("Duration", "p99")], metrics, pauses.append)
    finally:
        cloudwatch.meta.events.unregister("after-call.cloudwatch.GetMetricData", change)
    assert found == {("Duration", "p99"): (5.0,)}
