"""Which dimension sets a sample is filed under."""

from collections import Counter

import pytest
from measured import measured

from async_lab.cloudwatch.store import MetricStore
from async_lab.endpoint.invocation.metrics import dimension_sets, publish
from async_lab.twin import FunctionConfig, FunctionRef, Outcome, Rules, simulate


def resources(target, executed_version=None):
    return [dict(dimensions) for dimensions in dimension_sets(target, executed_version)]


@pytest.mark.parametrize(
    ("qualifier", "resource"),
    [("", "orders"), ("1", "orders:1"), ("live", "orders:live"), ("$LATEST", "orders:$LATEST")],
)
def test_sample_is_filed_for_the_region_the_function_and_the_resource(qualifier, resource):
    assert resources(FunctionRef("orders", qualifier)) == [
        {},
        {"FunctionName": "orders"},
        {"FunctionName": "orders", "Resource": resource},
    ]


@pytest.mark.parametrize(("qualifier", "version"), [("live", "3"), ("$LATEST", "$LATEST")])
def test_execution_through_an_alias_or_latest_by_name_is_filed_for_its_version_too(qualifier, version):
    assert resources(FunctionRef("orders", qualifier), version)[3:] == [
        {"FunctionName": "orders", "Resource": f"orders:{qualifier}", "ExecutedVersion": version}
    ]


@pytest.mark.parametrize("qualifier", ["", "3"])
def test_execution_of_the_function_or_of_a_version_is_not(qualifier):
    assert len(resources(FunctionRef("orders", qualifier), "3")) == 3


class Observed(MetricStore):
    """A store that remembers each single observation."""

    def __init__(self):
        super().__init__()
        self.all = Counter()

    def put(self, namespace, metric, dimensions, at, value, unit="None", count=1.0):
        self.all[namespace, metric, dimensions, at, value, unit] += count
        super().put(namespace, metric, dimensions, at, value, unit, count)


def test_every_sample_is_filed_once_in_each_of_its_dimension_sets_and_no_other_is():
    """Two events of an alias: one fails and isn't tried again, the other is throttled once, zeros among the samples."""
    alias, store = FunctionRef("orders", "live"), Observed()
    simulate(
        {alias: FunctionConfig(reserved_concurrency=1, maximum_retry_attempts=0, version="3")},
        [(0.0, alias), (0.0, alias)],
        lambda execution: Outcome(0.5, is_error=execution.event.number == 0),
        lambda record: publish(store, record),
        rules=Rules(jitter=0.0, dispatch_seconds=(0.25, 0.25)),
    )
    function = ("FunctionName", "orders")
    anywhere, resource = ((), (function,)), (function, ("Resource", "orders:live"))
    executed = (("ExecutedVersion", "3"), *resource)
    of_event = [
        *[("AsyncEventsReceived", 0.0, 1.0)] * 2,
        ("AsyncEventAge", 0.25, 250.0),
        ("AsyncEventAge", 0.25, 250.0),
        ("AsyncEventAge", 1.25, 1_250.0),
        ("Throttles", 0.25, 1.0),
        ("Errors", 0.25, 0.0),
        ("AsyncEventsDropped", 0.75, 1.0),
        ("AsyncEventsDropped", 1.75, 0.0),
    ]
    of_execution = [
        *[("Invocations", at, 1.0) for at in (0.25, 1.25)],
        *[("Throttles", at, 0.0) for at in (0.25, 1.25)],
        *[("Duration", at, 500.0) for at in (0.25, 1.25)],
        *[("ConcurrentExecutions", at, 1.0) for at in (0.25, 1.25)],
        ("Errors", 0.25, 1.0),
        ("Errors", 1.25, 0.0),
    ]
    ages = [("AsyncEventAge", 0.25, 250.0), ("AsyncEventAge", 1.25, 1_250.0)]  # an attempt that ran has a version
    filed = [(each, sets) for each in of_event for sets in (*anywhere, resource)]
    filed += [(each, sets) for each in of_execution for sets in (*anywhere, resource, executed)]
    filed += [(each, executed) for each in ages]
    units = {"AsyncEventAge": "Milliseconds", "Duration": "Milliseconds"}
    assert store.all == Counter(
        ("AWS/Lambda", metric, sets, at, value, units.get(metric, "Count"))
        for (metric, at, value), sets in filed
        if sets or metric != "ConcurrentExecutions"  # the region's own is counted over all functions
    )


def test_metrics_of_an_alias_are_in_all_of_its_dimension_sets(async_lab, as_told, lambda_):
    function = as_told()
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    async_lab.send(f"{function}:live")
    async_lab.advance(seconds=60)
    resource = {"FunctionName": function.name, "Resource": f"{function}:live"}
    for dimensions in ({}, {"FunctionName": function.name}, resource, {**resource, "ExecutedVersion": "1"}):
        assert measured(async_lab, "Sum", "AWS/Lambda", "Invocations", **dimensions) == [1]
    unqualified = {"FunctionName": function.name, "Resource": function.name}
    assert measured(async_lab, "Sum", "AWS/Lambda", "Invocations", **unqualified) == []
