import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.cloudwatch.store import SECOND, Metric, MetricStore

AGE = Metric("AWS/Lambda", "AsyncEventAge", (("FunctionName", "f"),))


def put(store, at, value, unit="Milliseconds", metric=AGE):
    store.put(metric.namespace, metric.name, metric.dimensions, at, value, unit)


def sums(periods):
    return {at: seen.total for at, seen in periods.items()}


def test_a_period_without_observations_is_not_there():
    store = MetricStore()
    put(store, 60, 1.0)
    put(store, 181, 0.0)
    assert sums(store.periods(AGE, 0, 600, 60)) == {60: 1.0, 180: 0.0}


def test_periods_are_counted_from_the_start_of_the_question():
    store = MetricStore()
    for minute in range(10):
        put(store, minute * 60, 1.0)
    assert sums(store.periods(AGE, 120, 600, 300)) == {120: 5.0, 420: 3.0}


def test_the_end_is_exclusive_and_the_start_inclusive():
    store = MetricStore()
    put(store, 60, 1.0)
    put(store, 120, 2.0)
    assert sums(store.periods(AGE, 60, 120, 60)) == {60: 1.0}


def test_another_set_of_dimensions_is_another_metric():
    store = MetricStore()
    put(store, 0, 1.0)
    put(store, 0, 2.0, metric=Metric("AWS/Lambda", "AsyncEventAge"))
    assert sums(store.periods(AGE, 0, 60, 60)) == {0: 1.0}
    assert store.metrics() == [Metric("AWS/Lambda", "AsyncEventAge"), AGE]


def test_units_are_kept_apart_and_added_up_when_none_is_named():
    store = MetricStore()
    put(store, 0, 1.0, "Seconds")
    put(store, 0, 2.0, "Milliseconds")
    assert sums(store.periods(AGE, 0, 60, 60, "Seconds")) == {0: 1.0}
    assert sums(store.periods(AGE, 0, 60, 60)) == {0: 3.0}
    assert sums(store.periods(AGE, 0, 60, 60, "Bytes")) == {}
    assert store.units(AGE) == ["Milliseconds", "Seconds"]


@given(st.lists(st.floats(0, 86_399), min_size=1, max_size=50), st.sampled_from([60, 120, 300, 3600]))
def test_no_observation_is_lost_or_counted_twice_at_any_period(times, period):
    store = MetricStore()
    for at in times:
        put(store, at, 1.0)
    periods = store.periods(AGE, 0, 86_400, period)
    assert sum(seen.count for seen in periods.values()) == len(times)
    assert list(periods) == sorted({int(at // period) * period for at in times})


def test_reading_does_not_change_what_is_stored():
    store = MetricStore()
    put(store, 0, 1.0)
    put(store, 60, 2.0)
    first = sums(store.periods(AGE, 0, 120, 120))
    assert sums(store.periods(AGE, 0, 120, 120)) == first == {0: 3.0}
    put(store, 0, 4.0)
    assert sums(store.periods(AGE, 0, 60, 60)) == {0: 5.0}


@pytest.mark.parametrize(("at", "latest"), [(None, None), (61.5, 60)])
def test_the_latest_minute_is_known(at, latest):
    store, summarized = MetricStore(), MetricStore()
    if at is not None:
        put(store, at, 1.0)
        summarized.put_statistics(AGE, at, "Milliseconds", minimum=1.0, maximum=1.0, total=1.0, count=1.0)
    assert store.latest(AGE) == summarized.latest(AGE) == latest


def test_observations_of_several_threads_are_all_counted_while_others_read():
    store = MetricStore()

    def write():
        for second in range(3000):
            put(store, second % 600, 1.0)

    def read():
        for _ in range(100):
            store.periods(AGE, 0, 600, 60)

    threads = [threading.Thread(target=each) for each in (write, write, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seen.count for seen in store.periods(AGE, 0, 600, 60).values()) == 6000


def test_what_somebody_has_summarized_is_added_to_what_was_seen_in_the_same_minute():
    store = MetricStore()
    put(store, 61.5, 7.0)
    store.put_statistics(AGE, 119.9, "Milliseconds", minimum=2.0, maximum=5.0, total=10.0, count=3.0)
    store.put_statistics(AGE, 120.0, "Seconds", minimum=1.0, maximum=4.0, total=5.0, count=2.0)

    def of(unit):
        return {
            at: (seen.count, seen.total, seen.minimum, seen.maximum)
            for at, seen in store.periods(AGE, 0, 300, 60, unit).items()
        }

    assert of("Milliseconds") == {60: (4.0, 17.0, 2.0, 7.0)}
    assert of("Seconds") == {120: (2.0, 5.0, 1.0, 4.0)}
    assert store.units(AGE) == ["Milliseconds", "Seconds"]


def test_what_came_in_high_resolution_is_read_back_whole_by_second_and_by_minute():
    store = MetricStore()
    store.put_statistics(AGE, 119.9, "Milliseconds", minimum=2.0, maximum=5.0, total=10.0, count=3.0, resolution=SECOND)
    store.put_statistics(AGE, 118.0, "Seconds", minimum=1.0, maximum=4.0, total=5.0, count=2.0, resolution=SECOND)
    store.put(AGE.namespace, AGE.name, AGE.dimensions, 117.5, 7.0, "Bytes", 2.0, SECOND)

    def of(unit, period):
        return {
            at: (seen.count, seen.total, seen.minimum, seen.maximum)
            for at, seen in store.periods(AGE, 0, 300, period, unit).items()
        }

    seconds, minutes = {"Milliseconds": 119, "Seconds": 118, "Bytes": 117}, dict.fromkeys(store.units(AGE), 60)
    for period, at in ((1, seconds), (60, minutes)):
        assert of("Milliseconds", period) == {at["Milliseconds"]: (3.0, 10.0, 2.0, 5.0)}
        assert of("Seconds", period) == {at["Seconds"]: (2.0, 5.0, 1.0, 4.0)}
        assert of("Bytes", period) == {at["Bytes"]: (2.0, 14.0, 7.0, 7.0)}


def test_what_was_summarized_in_standard_resolution_is_in_no_second():
    store = MetricStore()
    store.put_statistics(AGE, 61, "Milliseconds", minimum=2.0, maximum=5.0, total=10.0, count=3.0, resolution=SECOND)
    store.put_statistics(AGE, 62, "Milliseconds", minimum=1.0, maximum=1.0, total=1.0, count=1.0)

    assert sums(store.periods(AGE, 0, 120, 1)) == {61: 10.0}
    assert sums(store.periods(AGE, 0, 120, 60)) == {60: 11.0}


def test_of_a_metric_that_was_never_observed_nothing_is_known():
    store = MetricStore()
    assert (store.metrics(), store.units(AGE), store.latest(AGE), store.periods(AGE, 0, 60, 60)) == ([], [], None, {})


def test_an_observation_counts_once_and_has_no_unit_unless_told():
    store = MetricStore()
    store.put("Lab", "Depth", (), 0, 3.0)
    store.put("Lab", "Depth", (), 0, 4.0, count=5.0)
    metric = Metric("Lab", "Depth")
    assert store.units(metric) == ["None"]
    assert [(seen.count, seen.total) for seen in store.periods(metric, 0, 60, 60).values()] == [(6.0, 23.0)]


@pytest.mark.parametrize("minutes", [1, 2, 3, 4, 5, 9])
def test_a_span_gives_the_same_whether_it_is_longer_or_shorter_than_what_is_stored(minutes):
    store = MetricStore()
    for at in (60, 120, 300):
        put(store, at, float(at))
    expected = {at: float(at) for at in (60, 120, 300) if at < 60 * minutes}
    assert sums(store.periods(AGE, 0, 60 * minutes, 60)) == expected
    assert sums(store.periods(AGE, 60, 60 + 60 * minutes, 60)) == {
        at: float(at) for at in (60, 120, 300) if at < 60 + 60 * minutes
    }


@given(st.lists(st.floats(0, 3_599), min_size=1, max_size=50), st.sampled_from([1, 5, 10, 20, 30, 60, 300]))
def test_no_observation_in_high_resolution_is_lost_or_counted_twice_at_any_period(times, period):
    store = MetricStore()
    for at in times:
        store.put(AGE.namespace, AGE.name, AGE.dimensions, at, 1.0, resolution=SECOND)
    periods = store.periods(AGE, 0, 3_600, period)
    assert sum(seen.count for seen in periods.values()) == len(times)
    assert list(periods) == sorted({int(at // period) * period for at in times})


@pytest.mark.parametrize("times", [(5, 10, 20, 30), (30, 10, 20, 5)])
def test_seconds_before_a_time_are_forgotten_and_it_and_later_ones_are_not(times):
    store = MetricStore()
    for at in times:
        store.put(AGE.namespace, AGE.name, AGE.dimensions, at, 1.0, resolution=SECOND)
    store.forget_seconds(20)
    assert list(store.periods(AGE, 0, 60, 1)) == [20, 30]
    assert sums(store.periods(AGE, 0, 60, 60)) == {0: 4.0}
