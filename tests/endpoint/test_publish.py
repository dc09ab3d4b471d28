"""Which dimension sets a sample is filed under."""

import pytest

from async_lab.endpoint.invocation.publish import dimension_sets
from async_lab.twin import FunctionRef


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


def test_metrics_of_an_alias_are_in_all_of_its_dimension_sets(lab):
    name, since = lab.function(Publish=True), lab.target.now()
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lab.send(name, {}, Qualifier="live")
    lab.target.wait(60)
    resource = {"FunctionName": name, "Resource": f"{name}:live"}
    for dimensions in ({}, {"FunctionName": name}, resource, {**resource, "ExecutedVersion": "1"}):
        assert lab.maximum("Invocations", since, **dimensions) == 1
    assert lab.maximum("Invocations", since, FunctionName=name, Resource=name) is None
