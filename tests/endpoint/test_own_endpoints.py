"""Labs with settings of their own, and what one leaves to the next. One runs in a process at a time."""

import json

import pytest
from opened import opened
from packages import deployed, package

from async_lab import Lab
from async_lab.endpoint.embedded import Endpoint
from async_lab.errors import EnvironmentFailure
from async_lab.target.local import LocalTarget

RETURNS = "def handler(event, context): return {!r}"
SENDS = """
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=event, MessageBody="x")
"""


@pytest.fixture
def _open_lab(lab_settings):
    """One for each test, with its settings."""
    with opened(**lab_settings) as lab:
        yield lab


def with_settings(**settings):
    return pytest.mark.parametrize("lab_settings", [settings], ids=str)


@with_settings(account_concurrency=10)
def test_two_functions_share_what_is_not_reserved_and_throttle_each_other(async_lab, as_told):
    functions = one, other = as_told(), as_told()
    for function in functions:
        for number in range(8):
            function.send({"sleep": 30, "number": number})
    async_lab.advance(seconds=300)
    of_one, of_other = one.metrics, other.metrics
    assert of_one["Throttles"].total + of_other["Throttles"].total >= 6
    assert (of_one["Invocations"].total, of_other["Invocations"].total) == (8, 8)
    assert max(of_one["ConcurrentExecutions"].maximum, of_other["ConcurrentExecutions"].maximum) <= 8


def test_alias_with_weights_sends_each_version_its_share_and_the_same_again_for_the_same_seed(handler):
    code = handler(RETURNS.format("one"))

    def versions():
        with Lab(seed=7) as lab:
            function, kept, lambda_ = lab.function(code), lab.queue("kept"), lab.client("lambda")
            lambda_.publish_version(FunctionName=function.name)
            two = package(RETURNS.format("two"))
            version = lambda_.update_function_code(FunctionName=function.name, ZipFile=two, Publish=True)["Version"]
            weights = {"AdditionalVersionWeights": {version: 0.25}}
            lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1", RoutingConfig=weights)
            destinations = {"DestinationConfig": {"OnSuccess": {"Destination": kept}}}
            lambda_.put_function_event_invoke_config(FunctionName=function.name, Qualifier="live", **destinations)
            for number in range(60):
                lab.send(f"{function}:live", {"number": number})
            lab.run_until_idle()
            records = [message.json for message in lab.messages(kept)]
        ran = {record["requestPayload"]["number"]: record["responsePayload"] for record in records}
        assert {record["responseContext"]["executedVersion"] for record in records} == {"1", "2"}
        return [ran[number] for number in range(60)]

    first = versions()
    assert 5 <= first.count("two") <= 27  # 15 expected; beyond five standard deviations otherwise
    assert versions() == first


def test_event_that_only_meets_system_errors_is_dropped_for_its_age_with_500(async_lab, as_told):
    async_lab.system_errors(1.0)
    function = as_told(maximum_age=60, failure_queue=True)
    function.send()
    async_lab.run_until_idle()
    [message] = async_lab.messages(function.failure_queue)
    record = message.json
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["responseContext"] == {"statusCode": 500}


@with_settings(account_concurrency=10)
def test_account_without_concurrency_left_says_so(async_lab, as_told, lambda_):
    function, other = as_told(), as_told()
    for _ in range(10):
        function.send({"sleep": 60})
    async_lab.advance(seconds=1)
    with pytest.raises(lambda_.exceptions.TooManyRequestsException) as throttled:
        lambda_.invoke(FunctionName=other.name)
    assert throttled.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert throttled.value.response["Type"] == "User"
    invalid = lambda_.exceptions.InvalidParameterValueException
    with pytest.raises(invalid, match=r"below its minimum value of \[10\]"):
        lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)


def test_a_handler_behind_a_proxy_of_its_own_still_reaches_the_endpoint(async_lab, handler):
    source = "import boto3\ndef handler(event, context):\n    return boto3.client('sns').list_topics()['Topics']"
    variables = dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:1") | {"NO_PROXY": "intranet"}
    assert async_lab.function(handler(source), environment=variables, timeout=100).invoke() == []


def test_roles_need_not_be_asked():
    with Endpoint(enforce_roles=False) as endpoint:
        client = LocalTarget(endpoint, "eu-west-1").client
        name, iam = deployed(client, Code={"ZipFile": package(SENDS)}), client("iam")
        iam.delete_role_policy(RoleName=f"{name}-role", PolicyName="all")
        url = client("sqs").create_queue(QueueName="orders")["QueueUrl"]
        answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(url))
        assert "FunctionError" not in answer
        absent = "arn:aws:iam::123456789012:role/absent"
        assert client("sts").assume_role(RoleArn=absent, RoleSessionName="anybody")["Credentials"]


def test_what_lambda_itself_needs_of_a_role_counts_though_no_call_is_refused():
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    with Endpoint(enforce_roles=False) as endpoint:
        client = LocalTarget(endpoint, "eu-west-1").client
        lambda_, iam = client("lambda"), client("iam")
        role = iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}))
        settings = {"Runtime": "python3.12", "Handler": "app.handler", "Code": {"ZipFile": package(SENDS)}}
        with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match="cannot be assumed by Lambda"):
            lambda_.create_function(FunctionName="other", Role=role["Role"]["Arn"], **settings)


# One at a time


def test_one_after_another_begins_with_nothing_of_the_one_before(handler):
    for _ in range(2):
        with Lab() as lab:
            assert lab.client("lambda").list_functions()["Functions"] == []
            lab.function(handler(RETURNS.format("one")))


def test_an_endpoint_that_lost_its_state_to_a_later_one_does_not_begin():
    earlier, later = Endpoint(), Endpoint()
    with pytest.raises(EnvironmentFailure, match="in this process already"), earlier:
        pass
    with later:
        assert later.is_settled
