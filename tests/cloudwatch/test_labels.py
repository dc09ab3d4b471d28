import pytest

from async_lab.cloudwatch.labels import MetricStat, default_labels, dynamic
from async_lab.cloudwatch.queries import Query, answer
from async_lab.cloudwatch.series import Series, Span
from async_lab.cloudwatch.store import Metric, MetricStore


def stat(name="Errors", statistic="Sum", period=60, **dimensions):
    return MetricStat(Metric("AWS/Lambda", name, tuple(dimensions.items())), statistic, period)


F, G = {"FunctionName": "f"}, {"FunctionName": "g"}


@pytest.mark.parametrize(
    ("stats", "labels"),
    [
        ([], []),
        ([stat(**F)], ["Errors"]),
        ([stat(**F), stat(**F)], ["Errors", "Errors"]),
        ([stat(**F), stat("Throttles", **F)], ["Errors", "Throttles"]),
        ([stat(**F), stat(statistic="p99", **F)], ["Errors Sum", "Errors p99"]),
        ([stat(**F), stat(period=300, **F)], ["Errors 60", "Errors 300"]),
        ([stat(**F), stat(statistic="Average", period=300, **F)], ["Errors Sum 60", "Errors Average 300"]),
        ([stat(**F), stat(**G)], ["f", "g"]),
        ([stat(**F), stat("Throttles", **G)], ["f Errors", "g Throttles"]),
        ([stat(**F), stat("Throttles", "Average", 300, **G)], ["f Errors Sum 60", "g Throttles Average 300"]),
        ([stat(**F), stat(**F, Resource="f:live")], ["Errors", "f:live"]),
        ([stat(**F, Resource="f:live"), stat(**G, Resource="g:live")], ["f f:live", "g g:live"]),
        ([stat(**F), stat(**F), stat(**G)], ["f", "f", "g"]),
        ([stat(**F), stat()], ["f", "Errors"]),
    ],
)
def test_a_label_is_the_name_and_whatever_tells_it_from_the_others(stats, labels):
    assert default_labels(stats) == labels


AGES = Series("AsyncEventAge", 60, {0: 35.0, 60: 1_000.5, 120: 12.0, 180: 90.25})
ASKED = stat("AsyncEventAge", "p99", 60, FunctionName="order-handler", Resource="order-handler:live")
PLACE = {"AccountId": "123456789012", "Region": "eu-west-1"}


@pytest.mark.parametrize(
    ("label", "filled"),
    [
        ("as it stands", "as it stands"),
        ("${LABEL}", "AsyncEventAge"),
        ("${AVG} ${MIN} ${MAX} ${SUM}", "284.438 12 1000.5 1137.75"),
        ("${FIRST} to ${LAST}", "35 to 90.25"),
        ("${DATAPOINT_COUNT} points", "4 points"),
        ("${FIRST_TIME}", "1970-01-01T00:00:00+00:00"),
        ("${LAST_TIME}", "1970-01-01T00:03:00+00:00"),
        ("${MIN_TIME}", "1970-01-01T00:02:00+00:00"),
        ("${MAX_TIME}", "1970-01-01T00:01:00+00:00"),
        ("${PROP('MetricName')} ${PROP('Namespace')}", "AsyncEventAge AWS/Lambda"),
        ("${PROP('Stat')} of ${PROP('Period')} s", "p99 of 60 s"),
        ("${PROP('Dim.FunctionName')}, ${PROP('Dim.Resource')}", "order-handler, order-handler:live"),
        ("${PROP('Region')} ${PROP('AccountId')}", "eu-west-1 123456789012"),
        ("[${MAX}] ${LABEL}: ${LAST}", "[1000.5] AsyncEventAge: 90.25"),
        ("${PROP('Dim.Version')}", "${PROP('Dim.Version')}"),
        ("${MEDIAN}", "${MEDIAN}"),
        ("${max} $MAX {MAX} ${PROP(MetricName)}", "${max} $MAX {MAX} ${PROP(MetricName)}"),
    ],
)
def test_placeholders_are_filled_from_the_data_points_and_the_query(label, filled):
    assert dynamic(label, AGES, ASKED, PLACE) == filled


@pytest.mark.parametrize("place", ["AVG", "FIRST", "LAST", "MAX", "MIN", "SUM"])
@pytest.mark.parametrize("kind", ["", "_TIME"])
def test_without_data_points_a_number_or_a_time_is_two_dashes(place, kind):
    if place + kind not in {"AVG_TIME", "SUM_TIME"}:
        assert dynamic(f"${{{place}{kind}}}", Series("none", 60, {}), None, {}) == "--"


def test_an_expression_has_no_properties_of_a_metric():
    assert dynamic("${LABEL} ${PROP('Stat')} ${DATAPOINT_COUNT}", AGES, None, {}) == "AsyncEventAge ${PROP('Stat')} 4"


def test_labels_that_are_given_are_filled_and_the_others_are_cloudwatchs():
    store = MetricStore()
    store.put("AWS/Lambda", "Errors", (("FunctionName", "f"),), 0, 3.0)
    queries = [
        Query("a", stat(**F)),
        Query("b", stat("Throttles", **F), label="${PROP('MetricName')} in ${PROP('Region')}: ${MAX}"),
        Query("c", expression="a * 2"),
        Query("d", expression="a * 2", label="twice, ${MAX} in ${PROP('Region')}"),
        Query("e", expression="METRICS()", label="${LABEL}!"),
    ]
    answers = answer(queries, store, Span(0, 60), PLACE)
    assert [(each.id, each.label) for each in answers] == [
        ("a", "Errors"),
        ("b", "Throttles in eu-west-1: --"),
        ("c", "c"),
        ("d", "twice, 6 in eu-west-1"),
        ("e", "Errors!"),
        ("e", "Throttles!"),
    ]
    assert answer(queries, store, Span(0, 60))[3].label == "twice, 6 in ${PROP('Region')}"
