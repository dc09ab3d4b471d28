"""Every function of metric math: whole series, with their labels and periods (CloudWatch user guide)."""

import pytest

from async_lab.cloudwatch.labels import MetricStat
from async_lab.cloudwatch.queries import Query, evaluate
from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.series import Series, Span
from async_lab.cloudwatch.store import Metric, MetricStore

NOON = 1_672_747_200  # 2023-01-03 12:00 UTC, a Tuesday
SPAN = Span(NOON, NOON + 300)


def minutes(*values):
    """Return data points of a minute each, from noon on; None where there is none."""
    return {NOON + 60 * index: float(value) for index, value in enumerate(values) if value is not None}


ERRORS, CALLS = minutes(1, 2, None, None, 5), minutes(10, 10, 10, 10, 10)
TWOS = {NOON: 20.0, NOON + 120: 20.0, NOON + 240: 10.0}  # the calls, two minutes each


def stat(name, period=60):
    return MetricStat(Metric("AWS/Lambda", name, (("FunctionName", "f"),)), "Sum", period)


def ask(expression, **more):
    """Evaluate an expression over errors ``e``, calls ``i``, calls by two minutes ``t`` and ``none``."""
    store = MetricStore()
    for name, points in (("Errors", ERRORS), ("Invocations", CALLS)):
        for at, value in points.items():
            store.put("AWS/Lambda", name, stat(name).metric.dimensions, at, value)
    stats = {"e": stat("Errors"), "i": stat("Invocations"), "none": stat("Throttles")} | more
    queries = [Query(name, each) for name, each in stats.items()]
    return evaluate([*queries, Query("q", expression=expression)], store, SPAN)["q"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("-e", minutes(-1, -2, None, None, -5)),
        ("ABS(-e)", minutes(1, 2, None, None, 5)),
        ("CEIL(e / 4)", minutes(1, 1, None, None, 2)),
        ("FLOOR(e / 4)", minutes(0, 0, None, None, 1)),
        ("LOG(e)", minutes(0, 0.693147, None, None, 1.609438)),
        ("LOG(e - 1)", minutes(None, 0, None, None, 1.386294)),
        ("LOG10(e * 20)", minutes(1.301030, 1.602060, None, None, 2)),
        ("TIME_SERIES(AVG(e))", minutes(*[8 / 3] * 5)),
        ("TIME_SERIES(MAX(e))", minutes(*[5] * 5)),
        ("TIME_SERIES(MIN(e))", minutes(*[1] * 5)),
        ("TIME_SERIES(STDDEV(e))", minutes(*[1.699673] * 5)),
        ("TIME_SERIES(SUM(e))", minutes(*[8] * 5)),
        ("AVG([e, i])", minutes(5.5, 6, 10, 10, 7.5)),
        ("MAX([e, 3])", minutes(3, 3, None, None, 5)),
        ("MIN([e, i, 2])", minutes(1, 2, 2, 2, 2)),
        ("STDDEV([e, i])", minutes(4.5, 4, 0, 0, 2.5)),
        ("SUM([e, i, none])", minutes(11, 12, 10, 10, 15)),
        ("e * SUM([1, 2])", minutes(3, 6, None, None, 15)),
        ("TIME_SERIES(SUM(none))", {}),
        ("TIME_SERIES(AVG([0 / 0, 1]))", {}),
        ('SUM(METRICS("no such id"))', {}),
        ("DIFF(e)", minutes(None, 1, None, None, 3)),
        ("DIFF_TIME(e)", minutes(None, 60, None, None, 180)),
        ("RATE(e)", minutes(None, 1 / 60, None, None, 3 / 180)),
        ("RUNNING_SUM(e)", minutes(1, 3, None, None, 8)),
        ("EPOCH(e)", minutes(NOON, NOON + 60, None, None, NOON + 240)),
        ("MINUTE(e)", minutes(0, 1, None, None, 4)),
        ("HOUR(e)", minutes(12, 12, None, None, 12)),
        ("DAY(e)", minutes(2, 2, None, None, 2)),
        ("DATE(e)", minutes(3, 3, None, None, 3)),
        ("MONTH(e)", minutes(1, 1, None, None, 1)),
        ("YEAR(e)", minutes(2023, 2023, None, None, 2023)),
        ("TIME_SERIES(DATAPOINT_COUNT(e))", minutes(*[3] * 5)),
        ("TIME_SERIES(METRIC_COUNT(METRICS()))", minutes(*[3] * 5)),
        ("TIME_SERIES(PERIOD(e))", minutes(*[60] * 5)),
        ("IF(e > 1, i, 7)", minutes(7, 10, None, None, 10)),
        ("IF(e > 1, i)", minutes(None, 10, None, None, 10)),
        ("IF(i, e, i)", minutes(1, 2, None, None, 5)),
        ("IF(1, e)", minutes(1, 2, None, None, 5)),
        ("IF(0, e)", {}),
        ("IF(0, i, e)", minutes(1, 2, None, None, 5)),
        ("IF(SUM(e) > 7, 4, e)", minutes(*[4] * 5)),
        ("IF(SUM(e) > 8, e, 4)", minutes(*[4] * 5)),
        ("TIME_SERIES(IF(1, 2, 3))", minutes(*[2] * 5)),
        ("TIME_SERIES(IF(0, 2, 3))", minutes(*[3] * 5)),
        ("FILL(e, 0)", minutes(1, 2, 0, 0, 5)),
        ("FILL(e, i)", minutes(1, 2, 10, 10, 5)),
        ("FILL(e, REPEAT)", minutes(1, 2, 2, 2, 5)),
        ("FILL(DIFF(e), REPEAT)", minutes(None, 1, 1, 1, 3)),
        ("FILL(e, LINEAR)", minutes(1, 2, 3, 4, 5)),
        ("FILL(DIFF(e) * 3, LINEAR)", minutes(None, 3, 5, 7, 9)),
        ("FILL(IF(e < 5, e), LINEAR)", minutes(1, 2)),
        ("FILL(none, REPEAT)", {}),
        ("FILL(none, LINEAR)", {}),
        ("FIRST(METRICS())", minutes(1, 2, None, None, 5)),
        ("LAST([i, e])", minutes(1, 2, None, None, 5)),
        ("FIRST(REMOVE_EMPTY([none]))", {}),
        ("SLICE(METRICS(), 1)", minutes(10, 10, 10, 10, 10)),
        ("SLICE(METRICS(), -3)", minutes(1, 2, None, None, 5)),
        ("SLICE(METRICS(), 3)", {}),
        ("SLICE(METRICS(), -4)", {}),
        ("SLICE(METRICS(), AVG(none))", minutes(1, 2, None, None, 5)),
        ("TIME_SERIES(1.5)", minutes(*[1.5] * 5)),
    ],
)
def test_a_function_gives_one_series_of_its_own_label(expression, expected):
    result = ask(expression)
    assert (result.label, result.period) == ("q", 60)
    assert dict(result.points) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MAX([e, t])", TWOS | {NOON + 60: 2.0}),
        ("MAX([t, e])", TWOS | {NOON + 60: 2.0}),
        ("e + t", {NOON: 21.0, NOON + 240: 15.0}),
        ("IF(1, t, e)", TWOS),
        ("IF(0, t, 4)", {NOON: 4.0, NOON + 120: 4.0, NOON + 240: 4.0}),
        ("IF(t > 10, e, t)", {NOON: 1.0, NOON + 240: 10.0}),
        ("FILL(IF(t > 10, t), 3)", {NOON: 20.0, NOON + 120: 20.0, NOON + 240: 3.0}),
        ("TIME_SERIES(2)", {NOON: 2.0, NOON + 120: 2.0, NOON + 240: 2.0}),
        ('AVG(METRICS("no such id"))', {}),
        ("FIRST(REMOVE_EMPTY([none]))", {}),
        ("LAST(REMOVE_EMPTY([none]))", {}),
    ],
)
def test_the_longest_period_is_the_results(expression, expected):
    assert ask(expression, t=stat("Invocations", 120)) == Series("q", 120, expected)


OF_E, OF_I, OF_NONE = (
    Series("Errors", 60, ERRORS),
    Series("Invocations", 60, CALLS),
    Series("Throttles", 60, {}),
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("METRICS()", [OF_E, OF_I, OF_NONE]),
        ('METRICS("n")', [OF_NONE]),
        ("[i, e]", [OF_I, OF_E]),
        ("METRICS() * 2", [OF_E.mapped(lambda _, value: 2 * value), OF_I.mapped(lambda _, value: 2 * value), OF_NONE]),
        ("ABS([e])", [OF_E]),
        ("REMOVE_EMPTY([none, i, none, e])", [OF_I, OF_E]),
        ("RUNNING_SUM([e, none])", [OF_E.with_points(minutes(1, 3, None, None, 8)), OF_NONE]),
        ("DIFF([i])", [OF_I.with_points(minutes(None, 0, 0, 0, 0))]),
        ("HOUR([e])", [OF_E.with_points(minutes(12, 12, None, None, 12))]),
        ("FILL([e, none], 7)", [OF_E.with_points(minutes(1, 2, 7, 7, 5)), OF_NONE.with_points(minutes(7, 7, 7, 7, 7))]),
        ("FILL([e], REPEAT)", [OF_E.with_points(minutes(1, 2, 2, 2, 5))]),
        ("SORT([e, i], SUM, ASC)", [OF_E, OF_I]),
        ("SORT([e, i], SUM, DESC)", [OF_I, OF_E]),
        ("SORT([e, i], MIN, DESC)", [OF_I, OF_E]),
        ("SORT([e, i, e - 7], MAX, ASC, 1)", [Series("q", 60, minutes(-6, -5, None, None, -2))]),
        ("SORT([i, e, i], AVG, ASC, 2)", [OF_E, OF_I]),
        ("SORT([i, e], AVG, ASC, 0)", []),
        ("SORT([i, e], AVG, ASC, -1)", []),
        ("SORT([i, e], AVG, ASC, 1.9)", [OF_E]),
        ("SLICE(METRICS(), 0, 2)", [OF_E, OF_I]),
        ("SLICE(METRICS(), 1, 3)", [OF_I, OF_NONE]),
        ("SLICE(METRICS(), 1.9, 2.9)", [OF_I]),
        ("SLICE(METRICS(), 1, 9)", [OF_I, OF_NONE]),
        ("SEARCH('lambda', 'Sum')", [OF_E, OF_I]),
        ("SEARCH('Errors', 'Maximum', 300)", [Series("Errors", 300, {NOON: 5.0})]),
        ("SEARCH('Errors', 'SampleCount', 300.9)", [Series("Errors", 300, {NOON: 3.0})]),
    ],
)
def test_an_array_gives_several_series_with_their_own_labels(expression, expected):
    assert ask(expression) == expected


MADE = [
    *("-e", "e + i", "2 * e", "e > 1", "e AND i", "e || i", "ABS(e)", "AVG([e, i])", 'SUM(METRICS("no such id"))'),
    *("IF(e, 1)", "IF(1, 2, e)", "SLICE(METRICS(), 9)", "FIRST(REMOVE_EMPTY([none]))", "LAST(REMOVE_EMPTY([none]))"),
    "TIME_SERIES(1)",
]
CHANGED = [
    "DIFF(e)",
    "RATE(e)",
    "RUNNING_SUM(e)",
    "MINUTE(e)",
    "FILL(e, 0)",
    "FILL(e, REPEAT)",
    "IF(1, e)",
    "LAST([e])",
]


def test_what_an_expression_makes_has_its_label_and_what_it_only_changes_keeps_its_own():
    assert [each.label for each in ask(f"[{', '.join(MADE)}]")] == ["q"] * len(MADE)
    assert [each.label for each in ask(f"[{', '.join(CHANGED)}]")] == ["Errors"] * len(CHANGED)


SORTED = [("AVG", "i", "e"), ("MIN", "e", "i"), ("MAX", "i", "e"), ("SUM", "e", "i")]


@pytest.mark.parametrize(("by", "first", "last"), SORTED)
def test_series_are_sorted_by_what_is_asked_for(by, first, last):
    """Of 1 and 7 against five times 3: the first has the higher average and maximum, the lower minimum and sum."""
    changed = {"e": "IF(e == 1, 1, IF(e == 2, 7))", "i": "IF(i, 3)"}
    ranked = ask(f"SORT([{changed['e']}, {changed['i']}], {by}, ASC)")
    values = {"e": minutes(1, 7), "i": minutes(3, 3, 3, 3, 3)}
    assert [dict(each.points) for each in ranked] == [values[first], values[last]]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("MEDIAN(e)", "Unsupported function MEDIAN"),
        ("ABS()", "Function ABS can't take 0 arguments"),
        ("AVG(e, i)", "Function AVG can't take 2 arguments"),
        ("FILL(e)", "Function FILL can't take 1 arguments"),
        ("FILL(e, 1, 2)", "Function FILL can't take 3 arguments"),
        ("IF(e)", "Function IF can't take 1 arguments"),
        ("IF(e, 1, 2, 3)", "Function IF can't take 4 arguments"),
        ("SLICE(METRICS())", "Function SLICE can't take 1 arguments"),
        ("SLICE(METRICS(), 1, 2, 3)", "Function SLICE can't take 4 arguments"),
        ("SORT(METRICS(), SUM)", "Function SORT can't take 2 arguments"),
        ("SORT(METRICS(), SUM, ASC, 1, 2)", "Function SORT can't take 5 arguments"),
        ("METRICS('a', 'b')", "Function METRICS can't take 2 arguments"),
        ("SEARCH('a')", "Function SEARCH can't take 1 arguments"),
        ("SEARCH('a', 'Sum', 60, 1)", "Function SEARCH can't take 4 arguments"),
        ("AVG('x')", "Function AVG can't take these arguments"),
        ("IF(e, ASC, DESC)", "Function IF can't take these arguments"),
        ("SLICE(METRICS(), ASC)", "Function SLICE can't take these arguments"),
        ("SUM(1)", "Function SUM can't take these arguments"),
        ("DIFF(1)", "Function DIFF can't take these arguments"),
        ("PERIOD(METRICS())", "Function PERIOD can't take these arguments"),
        ("SEARCH('a', 'Median')", "Function SEARCH can't take these arguments"),
        ("IF(METRICS(), 1, e)", "IF can't take an array of time series"),
        ("IF(e, METRICS(), e)", "IF can't take an array of time series"),
        ("IF(e, 1, METRICS())", "IF can't take an array of time series"),
        ("FILL(e, UP)", "FILL takes a number, a time series, REPEAT or LINEAR"),
        ("FILL(e, METRICS())", "FILL takes a number, a time series, REPEAT or LINEAR"),
        ("METRICS(1)", "METRICS takes a text that ids contain"),
        ("SEARCH(1, 'Sum')", "SEARCH takes what to search for and a statistic, both in quotes"),
        ("SEARCH('a', 1)", "SEARCH takes what to search for and a statistic, both in quotes"),
        ("SEARCH('a', 'Sum', 0)", "SEARCH takes a period of at least 1 second"),
        ("SEARCH('a', 'Sum', 0.9)", "SEARCH takes a period of at least 1 second"),
        ("SEARCH('(', 'Sum')", "Invalid search syntax: ("),
        ("SORT(METRICS(), COUNT, ASC)", "SORT takes an array, AVG, MIN, MAX or SUM, and ASC or DESC"),
        ("SORT(METRICS(), SUM, UP)", "SORT takes an array, AVG, MIN, MAX or SUM, and ASC or DESC"),
        ("SORT(e, SUM, ASC)", "It takes an array of time series"),
        ("SORT([e, 1], SUM, ASC)", "It takes an array of time series"),
        ("FIRST(e)", "It takes an array of time series"),
        ("LAST([1])", "It takes an array of time series"),
        ("SLICE(METRICS(), e)", "It takes a number"),
        ("SORT(METRICS(), SUM, ASC, e)", "It takes a number"),
    ],
)
def test_what_a_function_can_not_take_is_refused_in_words(expression, reason):
    with pytest.raises(ExpressionError) as error:
        ask(expression)
    assert str(error.value) == f"Error in expression 'q': {reason}"


def test_a_period_of_one_second_may_be_searched_for():
    assert [each.period for each in ask("SEARCH('Errors', 'Sum', 1)")] == [1]


def test_a_change_of_each_point_sees_its_time_and_value_and_leaves_out_what_is_no_number():
    changed = OF_E.mapped(lambda at, value: value / 2 if at > NOON else float("nan"))
    assert changed == Series("Errors", 60, minutes(None, 1, None, None, 2.5))
