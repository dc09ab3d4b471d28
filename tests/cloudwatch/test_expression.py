import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.cloudwatch.labels import MetricStat
from async_lab.cloudwatch.queries import Query, answer
from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.series import Span
from async_lab.cloudwatch.store import Metric, MetricStore

F = (("FunctionName", "f"),)
ERRORS = {0: 1.0, 60: 2.0, 240: 5.0}  # nothing at 120 and 180
CALLS = dict.fromkeys(range(0, 300, 60), 10.0)


def stored(errors=ERRORS, calls=CALLS) -> MetricStore:
    store = MetricStore()
    for name, points in (("Errors", errors), ("Invocations", calls)):
        for at, value in points.items():
            store.put("AWS/Lambda", name, F, at, value)
    return store


def ask(expression, store=None):
    errors, calls = (MetricStat(Metric("AWS/Lambda", name, F), "Sum", 60) for name in ("Errors", "Invocations"))
    queries = [
        Query("e", errors, returns_data=False),
        Query("i", calls, returns_data=False),
        Query("q", expression=expression),
    ]
    return answer(queries, store or stored(), Span(0, 300))


def points(expression, store=None):
    (only,) = ask(expression, store)
    return dict(only.points)


def row(*values):
    return {at * 60: float(value) for at, value in enumerate(values) if value is not None}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("e", row(1, 2, None, None, 5)),
        ("FIRST(REMOVE_EMPTY([i / 0]))", {}),
        ("100 * e / i", row(10, 20, None, None, 50)),
        ("i - 2 * 3", row(4, 4, 4, 4, 4)),
        ("(i - 2) * 3", row(24, 24, 24, 24, 24)),
        ("-e ^ 2", row(-1, -4, None, None, -25)),
        ("i / 0", {}),
        ("i / (e - 1)", row(None, 10, None, None, 2.5)),
        ("e > 1", row(0, 1, None, None, 1)),
        ("e >= 2 AND e != 5", row(0, 1, None, None, 0)),
        ("e == 1 || e == 5", row(1, 0, None, None, 1)),
        ("IF(e > 1, e, 0)", row(0, 2, None, None, 5)),
        ("IF(e > 1, i)", row(None, 10, None, None, 10)),
        ("IF(FILL(e, 0), 1, i)", row(1, 1, 10, 10, 1)),
        ("FILL(e, 0)", row(1, 2, 0, 0, 5)),
        ("FILL(e, REPEAT)", row(1, 2, 2, 2, 5)),
        ("FILL(e, LINEAR)", row(1, 2, 3, 4, 5)),
        ("FILL(e, i)", row(1, 2, 10, 10, 5)),
        ("SUM(METRICS())", row(11, 12, 10, 10, 15)),
        ('SUM(METRICS("e"))', row(1, 2, None, None, 5)),
        ("MAX([e, 3])", row(3, 3, None, None, 5)),
        ("AVG([e, i])", row(5.5, 6, 10, 10, 7.5)),
        ("MIN([e, i])", row(1, 2, 10, 10, 5)),
        ("STDDEV([e, i])", row(4.5, 4, 0, 0, 2.5)),
        ("e - MIN(e)", row(0, 1, None, None, 4)),
        ("e * SUM([1, 2])", row(3, 6, None, None, 15)),
        ("DIFF(e)", row(None, 1, None, None, 3)),
        ("DIFF_TIME(e)", row(None, 60, None, None, 180)),
        ("RATE(e) * 60", row(None, 1, None, None, 1)),
        ("RUNNING_SUM(e)", row(1, 3, None, None, 8)),
        ("ABS(0 - e)", row(1, 2, None, None, 5)),
        ("CEIL(e / 4)", row(1, 1, None, None, 2)),
        ("FLOOR(e / 4)", row(0, 0, None, None, 1)),
        ("LOG10(i)", row(1, 1, 1, 1, 1)),
        ("TIME_SERIES(PERIOD(e))", row(60, 60, 60, 60, 60)),
        ("TIME_SERIES(DATAPOINT_COUNT(e))", row(3, 3, 3, 3, 3)),
        ("TIME_SERIES(METRIC_COUNT(METRICS()))", row(2, 2, 2, 2, 2)),
        ("MINUTE(e)", row(0, 1, None, None, 4)),
        ("EPOCH(e)", row(0, 60, None, None, 240)),
        ("DAY(e)", row(4, 4, None, None, 4)),
        ("FIRST(SORT(METRICS(), SUM, ASC))", row(1, 2, None, None, 5)),
        ("LAST(METRICS())", row(10, 10, 10, 10, 10)),
        ("SLICE(METRICS(), 1)", row(10, 10, 10, 10, 10)),
        ("SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Errors\"', 'Sum', 300)", row(8)),
    ],
)
def test_an_expression_gives(expression, expected):
    assert points(expression) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("METRICS() / 2", [0.5, 5.0]),
        ("[i, e]", [10.0, 1.0]),
        ("FILL(METRICS(), 7)", [1.0, 10.0]),
        ("REMOVE_EMPTY([e, i / 0])", [1.0]),
        ("SORT(METRICS(), AVG, DESC, 1)", [10.0]),
        ("SEARCH('lambda functionname', 'Sum')", [1.0, 10.0]),
    ],
)
def test_an_array_gives_several_series(expression, first):
    assert [each.points[0] for each in ask(expression)] == first


def test_a_metric_that_was_never_observed_can_be_filled():
    assert points("FILL(e, 0)", stored(errors={})) == row(0, 0, 0, 0, 0)
    assert points("FILL(e, REPEAT)", stored(errors={})) == {}


def test_expressions_may_name_each_other_in_any_order():
    queries = [Query("a", expression="b * 2"), Query("b", expression="TIME_SERIES(3)", returns_data=False)]
    (only,) = answer(queries, MetricStore(), Span(0, 300))
    assert dict(only.points) == {0: 6.0}


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("e +", "Unexpected text"),
        ("e $ i", "Unexpected text"),
        ("nothing", "Undefined variable nothing"),
        ("MEDIAN(e)", "Unsupported function MEDIAN"),
        ("FILL(e)", "can't take 1 arguments"),
        ("FILL(e, UP)", "REPEAT or LINEAR"),
        ("SUM(1)", "can't take these arguments"),
        ("METRICS() + METRICS()", "two arrays"),
        ('"x" + e', "neither a number nor a time series"),
        ("SORT(METRICS(), COUNT, ASC)", "SORT takes"),
        ("SEARCH('(', 'Sum')", "Invalid search syntax"),
        ("SEARCH('errors', 'Median')", "SEARCH can't take these arguments"),
        ("IF(METRICS(), 1, e)", "IF can't take an array"),
        ("-AVG", "neither a number nor a time series"),
        ("TIME_SERIES('x')", "TIME_SERIES can't take these arguments"),
        ("e + REPEAT", "REPEAT is neither a number nor a time series"),
        ("q", "refers to itself"),
        ("AVG(e)", "must be a time series"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_id_and_the_reason(expression, part):
    with pytest.raises(ExpressionError, match=r"^Error in expression 'q': ") as error:
        ask(expression)
    assert part in str(error.value)


series = st.dictionaries(st.sampled_from(range(0, 300, 60)), st.floats(-1e6, 1e6), max_size=5)


@given(series, series)
def test_operations_meet_only_where_both_have_a_data_point(errors, calls):
    assert points("e + i", stored(errors, calls)).keys() == errors.keys() & calls.keys()


@given(series, st.floats(-1e6, 1e6))
def test_filling_leaves_no_gap_and_no_data_point_changed(errors, filler):
    filled = points(f"FILL(e, {filler:.6f})".replace("(e, -", "(e, 0 - "), stored(errors))
    assert filled.keys() == set(range(0, 300, 60))
    assert {at: filled[at] for at in errors} == errors


@given(series)
def test_differences_and_their_running_sum_undo_each_other(errors):
    once = points("RUNNING_SUM(DIFF(e))", stored(errors))
    first = errors[min(errors)] if errors else 0.0
    assert once == pytest.approx({at: errors[at] - first for at in sorted(errors)[1:]}, abs=1e-6)


@given(series, series)
def test_a_condition_and_its_contrary_share_out_the_data_points(errors, calls):
    store = stored(errors, calls)
    chosen = points("IF(e > 0, e)", store) | points("IF(e <= 0, e)", store)
    assert chosen == points("e", store)
