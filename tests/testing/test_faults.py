"""What a test makes fail: throttles, denied actions, system errors, second deliveries."""

import boto3
import pytest
from measured import outcomes

from async_lab.errors import UsageError


def test_throttle_ends_after_so_many_attempts_or_so_long_or_with_its_block(async_lab, working):
    function = async_lab.function(working)
    async_lab.throttle(function, attempts=2)
    counted = function.send()
    async_lab.run_until_idle()
    async_lab.throttle(function, seconds=20)
    timed = function.send()
    async_lab.run_until_idle()
    with async_lab.throttle("works"):
        blocked = function.send()
        async_lab.advance(minutes=2)
        assert async_lab.event(blocked).is_pending
    async_lab.run_until_idle()

    assert outcomes(async_lab.event(counted)) == ["throttled"] * 2 + ["success"]
    assert outcomes(async_lab.event(timed)) == ["throttled"] * 5 + ["success"]  # at 0, 1, 3, 7 and 15 s
    assert outcomes(async_lab.event(blocked))[-2:] == ["throttled", "success"]
    assert function.metrics["Throttles"].total >= 14


def test_throttle_concerns_one_function_and_its_synchronous_calls_too(async_lab, working):
    one, other = async_lab.function(working, name="one"), async_lab.function(working, name="other")
    with async_lab.throttle(one):
        assert other.invoke(1) == {"seen": 1}
        with pytest.raises(UsageError, match="one can't be invoked: Rate Exceeded"):
            one.invoke(1)


def test_event_of_a_stopped_function_is_dropped_though_it_is_throttled(async_lab, working):
    function = async_lab.function(working, reserved_concurrency=0)
    async_lab.throttle(function)
    function.send()
    async_lab.run_until_idle()
    assert function.events[0].condition == "ZeroReservedConcurrency"


def test_denied_action_fails_in_the_handler_and_not_in_the_test(async_lab, handler):
    source = """
        import boto3
        def handler(event, context):
            boto3.client("s3").get_object(Bucket="files", Key="a")
    """
    function = async_lab.function(handler(source), timeout=30)
    s3 = async_lab.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="a", Body=b"")
    with async_lab.deny("s3:Get*"):
        denied = function.send()
        async_lab.advance(seconds=5)
        assert s3.get_object(Bucket="files", Key="a")["Body"].read() == b""
    async_lab.run_until_idle()

    first, second = async_lab.event(denied).attempts
    assert first.error_message == (
        "An error occurred (AccessDenied) when calling the GetObject operation: The test denies s3:GetObject."
    )
    assert second.outcome == "success"


def test_denied_action_of_a_delivery_loses_the_event_and_says_so(async_lab, failing):
    function = async_lab.function(failing, retries=0, failure_queue=True)
    async_lab.deny("sqs:SendMessage")
    function.send()
    async_lab.run_until_idle()

    [event] = function.events
    assert (event.delivered_to, async_lab.messages(function.failure_queue)) == ([], [])
    assert function.metrics["DestinationDeliveryFailures"].total == 1
    assert "may not sqs:SendMessage" in event.deliveries[0].failure


@pytest.mark.parametrize("call", ["send_message", "send_message_batch"])
def test_denied_message_is_denied_in_a_batch_too(async_lab, call):
    async_lab.queue("orders")
    messages = {
        "send_message": {"MessageBody": "1"},
        "send_message_batch": {"Entries": [{"Id": "1", "MessageBody": "1"}]},
    }
    with async_lab.deny("sqs:SendMessage"):
        client = boto3.client("sqs")
        with pytest.raises(client.exceptions.ClientError, match=r"The test denies sqs:SendMessage\."):
            getattr(client, call)(QueueUrl="orders", **messages[call])
    assert async_lab.messages("orders") == []


@pytest.mark.parametrize(
    ("action", "call", "arguments"),
    [
        ("s3:ListBucket", "list_objects_v2", {"Bucket": "files"}),
        ("s3:ListBucket", "head_bucket", {"Bucket": "files"}),
        ("s3:ListAllMyBuckets", "list_buckets", {}),
        ("s3:GetObject", "head_object", {"Bucket": "files", "Key": "a"}),
        ("s3:DeleteObject", "delete_objects", {"Bucket": "files", "Delete": {"Objects": [{"Key": "a"}]}}),
    ],
)
def test_denied_action_of_s3_is_iams_and_not_the_operations(async_lab, action, call, arguments):
    s3 = async_lab.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="a", Body=b"")
    client = boto3.client("s3")
    with async_lab.deny(action), pytest.raises(client.exceptions.ClientError, match=r"AccessDenied|403"):
        getattr(client, call)(**arguments)
    getattr(client, call)(**arguments)


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:ListBucket", "states:StartExecution", "lambda:InvokeFunction"])
def test_actions_of_iam_can_be_denied_by_their_names_there(async_lab, action):
    async_lab.deny(action).end()


def test_alias_named_by_its_arn_is_what_is_invoked(async_lab, working):
    function, lambda_ = async_lab.function(working), async_lab.client("lambda")
    lambda_.publish_version(FunctionName=function.name)
    alias = lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")["AliasArn"]
    assert async_lab.send(alias).qualifier == "live"


def test_logs_of_an_event_may_be_asked_for_by_the_event(async_lab, failing):
    function = async_lab.function(failing, retries=0)
    first, second = function.send({"n": 1}), function.send({"n": 2})
    async_lab.run_until_idle()
    assert async_lab.logs(function, first) == async_lab.logs(function, first.request_id)
    assert "got {'n': 2}" in async_lab.logs(function, second)


def test_denied_invocation_is_denied_to_code_and_json_protocols_have_their_own_code(async_lab, working):
    async_lab.function(working)
    async_lab.deny("lambda:InvokeFunction")
    async_lab.deny("logs:*")
    clients = boto3.client("lambda"), boto3.client("logs")
    with pytest.raises(clients[0].exceptions.ClientError, match=r"AccessDenied.*lambda:InvokeFunction"):
        clients[0].invoke(FunctionName="works")
    with pytest.raises(clients[1].exceptions.ClientError, match=r"AccessDeniedException.*logs:DescribeLogGroups"):
        clients[1].describe_log_groups()


def test_system_errors_are_backed_off_from_and_end(async_lab, working):
    function = async_lab.function(working)
    with async_lab.system_errors(rate=1.0):
        event = function.send()
        async_lab.advance(seconds=10)
    async_lab.run_until_idle()
    *failed, last = outcomes(async_lab.event(event))
    assert (set(failed), last) == ({"system error"}, "success")


def test_duplicate_runs_the_function_twice_for_one_event(async_lab, working):
    function = async_lab.function(working)
    with async_lab.duplicate():
        event = function.send()
    async_lab.run_until_idle()
    assert outcomes(async_lab.event(event)) == ["success"] * 2
    assert function.metrics["AsyncEventsReceived"].total == 1
    assert function.metrics["Invocations"].total == 2
