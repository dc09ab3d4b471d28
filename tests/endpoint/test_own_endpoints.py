"""Endpoints with settings of their own. One runs in a process at a time, so that these share none with other tests."""

import pytest
from queue_lab import Lab, package

from async_lab.endpoint.embedded import Endpoint
from async_lab.errors import EnvironmentFailure
from async_lab.twin import Rules

RETURNS = "def handler(event, context): return {!r}"


def publish(lab, name, source):
    """Make a version of its own of a handler; return its number."""
    return lab.lambda_.update_function_code(FunctionName=name, ZipFile=package(source), Publish=True)["Version"]


def test_two_functions_share_what_is_not_reserved_and_throttle_each_other():
    with Endpoint(account_concurrency=10) as endpoint:
        lab = Lab(endpoint)
        one, other, since = lab.function(), lab.function(), lab.target.now()
        for name in (one, other):
            for number in range(8):
                lab.send(name, {"sleep": 30, "number": number})
        lab.target.wait(300)
        of_one, of_other = lab.metrics(one, since), lab.metrics(other, since)
    assert of_one["Throttles"].total + of_other["Throttles"].total >= 6
    assert (of_one["Invocations"].total, of_other["Invocations"].total) == (8, 8)
    assert max(of_one["ConcurrentExecutions"].maximum, of_other["ConcurrentExecutions"].maximum) <= 8


def test_alias_with_weights_sends_each_version_its_share_and_the_same_again_for_the_same_seed():
    def versions():
        with Endpoint(seed=7) as endpoint:
            lab = Lab(endpoint)
            url, arn = lab.queue()
            name = lab.function(source=RETURNS.format("one"), Publish=True)
            weights = {"AdditionalVersionWeights": {publish(lab, name, RETURNS.format("two")): 0.25}}
            lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
            destinations = {"DestinationConfig": {"OnSuccess": {"Destination": arn}}}
            lab.lambda_.put_function_event_invoke_config(FunctionName=name, Qualifier="live", **destinations)
            for number in range(60):
                lab.send(name, {"number": number}, Qualifier="live")
            lab.target.wait(60)
            records = lab.records(url)
        ran = {record["requestPayload"]["number"]: record["responsePayload"] for record in records}
        assert {record["responseContext"]["executedVersion"] for record in records} == {"1", "2"}
        return [ran[number] for number in range(60)]

    first = versions()
    assert 5 <= first.count("two") <= 27  # 15 expected; beyond five standard deviations otherwise
    assert versions() == first


def test_event_that_only_meets_system_errors_is_dropped_for_its_age_with_500():
    with Endpoint(rules=Rules(system_error_rate=1.0)) as endpoint:
        lab = Lab(endpoint)
        url, arn = lab.queue()
        settings = {"MaximumEventAgeInSeconds": 60, "DestinationConfig": {"OnFailure": {"Destination": arn}}}
        lab.send(lab.function(asynchronous=settings))
        lab.target.wait(60)
        (record,) = lab.records(url)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["responseContext"] == {"statusCode": 500}


def test_account_without_concurrency_left_says_so():
    with Endpoint(account_concurrency=10) as endpoint:
        lab = Lab(endpoint)
        name = lab.function()
        for _ in range(10):
            lab.send(name, {"sleep": 60})
        lab.target.wait(1)
        with pytest.raises(lab.lambda_.exceptions.TooManyRequestsException) as throttled:
            lab.lambda_.invoke(FunctionName=lab.function())
        assert throttled.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"
        assert throttled.value.response["Type"] == "User"
        invalid = lab.lambda_.exceptions.InvalidParameterValueException
        with pytest.raises(invalid, match=r"below its minimum value of \[10\]"):
            lab.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)


def test_a_duplicate_delivery_runs_the_code_twice_for_one_event():
    with Endpoint(rules=Rules(duplicate_rate=1.0)) as endpoint:
        lab = Lab(endpoint)
        name, since = lab.function(), lab.target.now()
        lab.send(name, {"a": 1})
        lab.target.wait(60)
        metrics = lab.metrics(name, since)
    assert metrics["AsyncEventsReceived"].total == 1
    assert metrics["Invocations"].total == 2


# One at a time


def test_one_after_another_begins_with_nothing_of_the_one_before():
    for _ in range(2):
        with Endpoint() as endpoint:
            lab = Lab(endpoint)
            assert lab.lambda_.list_functions()["Functions"] == []
            lab.function()


def test_an_endpoint_that_lost_its_state_to_a_later_one_does_not_begin():
    earlier, later = Endpoint(), Endpoint()
    with pytest.raises(EnvironmentFailure, match="in this process already"), earlier:
        pass
    with later:
        Lab(later).function()


def test_a_handler_behind_a_proxy_of_its_own_still_reaches_the_endpoint():
    source = "import boto3\ndef handler(event, context):\n    return boto3.client('sns').list_topics()['Topics']"
    variables = dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:1") | {"NO_PROXY": "intranet"}
    with Endpoint() as endpoint:
        lab = Lab(endpoint)
        name = lab.function(source=source, Environment={"Variables": variables})
        answer = lab.lambda_.invoke(FunctionName=name)
        assert (answer.get("FunctionError"), answer["Payload"].read()) == (None, b"[]")
