"""Whatever expression is accepted when an alarm is put evaluates, whatever the metrics then hold."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from async_lab.cloudwatch.functions import FUNCTIONS
from async_lab.cloudwatch.labels import MetricStat
from async_lab.cloudwatch.queries import Query, evaluate
from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.series import Series, Span
from async_lab.cloudwatch.store import MINUTE, Metric, MetricStore

METRICS = {name: MetricStat(Metric("N", name), "Sum", MINUTE) for name in ("m1", "m2")}
SPAN = Span(0, 5 * MINUTE)

leaves = st.sampled_from(
    ["m1", "m2", "0", "1", "-1", "2.5", "1e308", "METRICS()", 'METRICS("m1")', "AVG", "REPEAT", "LINEAR", "ASC", '"m"']
)


def _grown(inner):
    binary = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^", ">", "==", "AND", "||"]), inner)
    calls = st.tuples(st.sampled_from(sorted({*FUNCTIONS} - {"SEARCH"})), st.lists(inner, min_size=0, max_size=4))
    return st.one_of(
        binary.map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"(-{part})"),
        calls.map(lambda parts: f"{parts[0]}({', '.join(parts[1])})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.tuples(inner, inner, inner).map(lambda parts: f"IF({', '.join(parts)})"),
        st.tuples(inner, st.sampled_from(["AVG", "MAX"])).map(lambda parts: f"SORT({parts[0]}, {parts[1]}, ASC)"),
    )


expressions = st.recursive(leaves, _grown, max_leaves=8)
values = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.0, 1.0, -1.0, 1e308, -1e308]))
observations = st.dictionaries(st.sampled_from(range(0, 300, MINUTE)), values, max_size=5)


def value(expression, store, span=SPAN):
    queries = [Query(name, stat, returns_data=False) for name, stat in METRICS.items()]
    return evaluate([*queries, Query("q", expression=expression)], store, span)["q"]


def stored(**metrics):
    store = MetricStore()
    for name, points in metrics.items():
        for at, observed in points.items():
            store.put("N", name, (), at, observed)
    return store


@settings(max_examples=6 * settings.default.max_examples)
@given(expressions, observations, observations)
@example("IF(SUM(m1) > 0, 5, m1)", {0: 1.0}, {})
@example("SUM(REMOVE_EMPTY(METRICS()))", {}, {})
@example("FIRST(REMOVE_EMPTY(METRICS()))", {}, {})
@example("SUM(METRICS())", {0: 1e308}, {0: 1e308})
@example("SLICE(METRICS(), SUM(m1))", {0: 7.0}, {})
@example("FILL(m1, METRICS())", {0: 7.0}, {})
@example("TIME_SERIES(SUM(m1))", {}, {})
@example("(-AVG)", {}, {})
def test_what_is_accepted_without_data_evaluates_with_any(expression, first, second):
    try:
        accepted = value(expression, MetricStore(), Span(0, MINUTE))
    except ExpressionError:
        return
    evaluated = value(expression, stored(m1=first, m2=second))
    assert isinstance(evaluated, Series) is isinstance(accepted, Series)


@pytest.mark.parametrize(("observed", "expected"), [({0: 1.0}, [5.0] * 5), ({0: -1.0}, [-1.0]), ({}, [])])
def test_a_condition_that_is_a_number_chooses_for_all_of_the_time(observed, expected):
    assert list(value("IF(SUM(m1) > 0, 5, m1)", stored(m1=observed)).points.values()) == expected


@pytest.mark.parametrize("expression", ["ABS(" * 300 + "m1" + ")" * 300, "m1 + " * 1_000 + "m1"])
def test_what_is_nested_too_deeply_or_too_long_is_refused(expression):
    with pytest.raises(ExpressionError, match=r"deep|longer"):
        value(expression, MetricStore())
