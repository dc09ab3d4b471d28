from hypothesis import given
from hypothesis import strategies as st
from results import METRICS
from series import FIRST_MINUTE, metrics_of

from async_lab.observation.metrics import METRIC_NAMES
from async_lab.report.minutes import tabulate

minutes = st.lists(st.lists(st.integers(0, 1000), max_size=2), max_size=200)
any_metrics = st.fixed_dictionaries({}, optional=dict.fromkeys(METRIC_NAMES, minutes))


def row_of(table, metric, statistic):
    return next(row for row in table.rows if (row.metric, row.statistic) == (metric, statistic))


def test_scenario_3_has_the_figures_of_the_sample():
    table = tabulate(METRICS["scenario-3"], 6)

    assert table.starts == (FIRST_MINUTE, FIRST_MINUTE + 60)
    assert row_of(table, "AsyncEventsReceived", "Sum").cells == ("2", None)
    assert row_of(table, "AsyncEventsDropped", "Sum").cells == ("0", "1")
    assert row_of(table, "AsyncEventAge", "Minimum").cells == ("34 ms", "15.9 s")
    assert row_of(table, "AsyncEventAge", "Maximum").cells == ("7.8 s", "30.1 s")
    assert row_of(table, "Throttles", "Sum").cells == ("4", "2")
    assert table.absent == ("DeadLetterErrors", "DestinationDeliveryFailures")


def test_a_long_run_has_several_minutes_to_a_column():
    table = tabulate(metrics_of(Throttles=[[1]] * 30, AsyncEventAge=[[n, 100 - n] for n in range(30)]), 6)

    assert table.minutes_per_column == 10
    assert all(start % 600 == 0 for start in table.starts)
    assert sum(row_of(table, "Throttles", "Sum").values) == 30
    assert min(row_of(table, "AsyncEventAge", "Minimum").values) == 0
    assert max(row_of(table, "AsyncEventAge", "Maximum").values) == 100


def test_without_any_data_point_there_is_no_table():
    table = tabulate(metrics_of(), 6)

    assert (table.rows, table.starts, table.absent) == ((), (), METRIC_NAMES)


@given(any_metrics, st.integers(1, 12))
def test_no_sample_is_lost_whatever_the_number_of_columns(samples, most):
    metrics = metrics_of(**samples)

    table = tabulate(metrics, most)

    assert len(table.starts) <= most + 1
    assert {row.metric for row in table.rows} | set(table.absent) == set(METRIC_NAMES)
    for row in table.rows:
        if row.statistic == "Sum":
            assert sum(value for value in row.values if value is not None) == metrics[row.metric].total
