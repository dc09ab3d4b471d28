"""Queries that name each other: what they are asked over, in which order, and how they are refused."""

import pytest

from async_lab.cloudwatch.expression import references
from async_lab.cloudwatch.labels import MetricStat
from async_lab.cloudwatch.queries import Answer, Query, answer, evaluate
from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.series import Series, Span
from async_lab.cloudwatch.store import Metric, MetricStore

AGE = Metric("AWS/Lambda", "AsyncEventAge", (("FunctionName", "f"),))


def stored():
    store = MetricStore()
    for at, value, unit in ((0, 100.0, "Milliseconds"), (60, 300.0, "Milliseconds"), (60, 2.0, "Seconds")):
        store.put(AGE.namespace, AGE.name, AGE.dimensions, at, value, unit)
    store.put("AWS/Lambda", "Errors", AGE.dimensions, 9_000, 1.0, "Count")
    return store


def ask(*queries):
    return evaluate(queries, stored(), Span(0, 600))


def expression(text, **more):
    return Query("q", expression=text, **more)


@pytest.mark.parametrize(
    ("unit", "points"),
    [
        (None, {0: 100.0, 60: 302.0}),
        ("Milliseconds", {0: 100.0, 60: 300.0}),
        ("Seconds", {60: 2.0}),
        ("Bytes", {}),
    ],
)
def test_a_unit_leaves_out_what_was_observed_in_another(unit, points):
    assert ask(Query("q", MetricStat(AGE, "Sum", 60, unit)))["q"] == Series("AsyncEventAge", 60, points)


def test_what_returns_no_data_is_left_out_and_the_rest_answered_in_the_order_of_the_queries():
    queries = [
        expression("a * 2", label="twice"),
        Query("a", MetricStat(AGE, "Maximum", 300), returns_data=False),
        Query("b", MetricStat(AGE, "Minimum", 300)),
        Query("c", expression="[b, a]"),
    ]
    assert answer(queries, stored(), Span(0, 300)) == [
        Answer("q", "twice", {0: 600.0}),
        Answer("b", "AsyncEventAge Minimum", {0: 2.0}),
        Answer("c", "AsyncEventAge Minimum", {0: 2.0}),
        Answer("c", "AsyncEventAge Maximum", {0: 300.0}),
    ]


@pytest.mark.parametrize(
    ("queries", "period"),
    [
        ([expression("TIME_SERIES(1)")], 300),
        ([expression("TIME_SERIES(1)", period=120)], 120),
        ([expression("TIME_SERIES(1)"), Query("a", MetricStat(AGE, "Sum", 60))], 60),
        (
            [
                Query("a", MetricStat(AGE, "Sum", 60)),
                Query("b", MetricStat(AGE, "Sum", 200)),
                expression("TIME_SERIES(1)"),
            ],
            200,
        ),
        ([Query("a", MetricStat(AGE, "Sum", 60)), expression("TIME_SERIES(1)", period=120)], 120),
    ],
)
def test_an_expression_has_its_own_period_or_the_longest_of_the_metrics_or_five_minutes(queries, period):
    assert ask(*queries)["q"] == Series("q", period, dict.fromkeys(range(0, 600, period), 1.0))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SEARCH('AsyncEventAge', 'Maximum')", [Series("AsyncEventAge", 300, {0: 300.0})]),
        ("SEARCH('AsyncEventAge', 'Maximum', 60)", [Series("AsyncEventAge", 60, {0: 100.0, 60: 300.0})]),
        ("SEARCH('lambda', 'Sum')", [Series("AsyncEventAge", 300, {0: 402.0})]),  # no error in this time
        ("SEARCH('Errors', 'Sum')", []),
    ],
)
def test_a_search_gives_what_has_data_points_in_the_time(text, found):
    assert ask(expression(text))["q"] == found


def test_metrics_are_the_queries_of_metrics_alone():
    found = ask(Query("a", MetricStat(AGE, "Sum", 300)), Query("b", expression="a * 2"), expression("METRICS()"))
    assert found["q"] == [Series("AsyncEventAge", 300, {0: 402.0})]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1 + 2", set()),
        ("a", {"a"}),
        ("a + METRICS('b') * IF(c > 1, d_2, AVG(eX9))", {"a", "c", "d_2", "eX9"}),
        ("FILL(a, REPEAT) / a", {"a"}),
    ],
)
def test_an_expression_names_the_ids_in_it(text, names):
    assert references(text) == names


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a $ b", "Unexpected text at position 2"),
        ("a)", "Unexpected text at position 1"),
        (" ) a", "Unexpected text at position 1"),
        ("$", "Unexpected text at position 0"),
        ("a" * 2_049, "The expression is longer than 2048 characters"),
        ("-" * 100 + "a", "The expression is nested more than 100 levels deep"),
        ("q + 1", "the expression refers to itself"),
        ("b", "Undefined variable b"),
        ("[a, [a]]", "An array can only have numbers and time series in it"),
        ("[a, 'a']", "An array can only have numbers and time series in it"),
        ("[a] + [a]", "An operation can't be applied to two arrays of time series"),
        ("[a] AND [a]", "An operation can't be applied to two arrays of time series"),
        ("[a] OR [a]", "An operation can't be applied to two arrays of time series"),
        ("a + 'x'", "x is neither a number nor a time series"),
        ("AVG * a", "AVG is neither a number nor a time series"),
        ("-ASC", "ASC is neither a number nor a time series"),
        ("1 + 2", "The final result of the expression must be a time series or an array of time series"),
        ("[a, 1]", "The final result of the expression must be a time series or an array of time series"),
        ("'x'", "The final result of the expression must be a time series or an array of time series"),
    ],
)
def test_an_expression_that_is_wrong_is_refused_by_its_id_and_in_words(text, reason):
    with pytest.raises(ExpressionError) as error:
        ask(Query("a", MetricStat(AGE, "Sum", 300)), expression(text))
    assert str(error.value) == f"Error in expression 'q': {reason}"


@pytest.mark.parametrize(("text", "value"), [("a" + " " * 2_047, 402.0), ("-" * 99 + "a", -402.0)])
def test_an_expression_may_be_as_long_and_deep_as_that(text, value):
    assert ask(Query("a", MetricStat(AGE, "Sum", 300)), expression(text))["q"].points == {0: value}


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("(-a) ^ 0.5", {}),  # no real number
        ("0 ^ (-a)", {}),
        ("10 ^ (a * 9)", {}),
        ("a ^ -1 * 402", {0: 1.0}),
        ("2 ^ 3 ^ 2 + 0 * a", {0: 512.0}),
        ("2 ^ 3 ^ 2 - 0 * a", {0: 512.0}),
        ("a > 1 OR a / 0 > 1", {}),
        ("a > 500 OR a > 400 AND a > 500", {0: 0.0}),
        ("(a > 400 OR a > 500) AND a > 401", {0: 1.0}),
        ("a <= 402", {0: 1.0}),
        ("a < 402", {0: 0.0}),
        ("a >= 402", {0: 1.0}),
        ("a > 402", {0: 0.0}),
        ("a == 402 && a != 402", {0: 0.0}),
    ],
)
def test_operators_are_those_of_metric_math(text, points):
    assert ask(Query("a", MetricStat(AGE, "Sum", 300)), expression(text))["q"] == Series("q", 300, points)


def test_expressions_that_go_in_a_circle_are_refused():
    with pytest.raises(ExpressionError, match=r"^Error in expression '[ab]': the expression refers to itself$"):
        ask(Query("a", expression="b + 1"), Query("b", expression="a + 1"))
