"""The lab for tests: what a test does to it, and asks of it."""

import os
import subprocess
import sys
import time

import boto3
import pytest

from async_lab import Lab
from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.testing import StillWaiting


def outcomes(event):
    return [attempt.outcome for attempt in event.attempts]


# Events


def test_event_that_fails_is_told_with_its_attempts_logs_and_delivery(async_lab, failing):
    function = async_lab.function(failing, failure_queue=True, dead_letter_queue=True)
    sent = function.send({"n": 1})
    assert (sent.attempts, sent.is_pending, sent.payload, sent.json) == ((), True, b'{"n": 1}', {"n": 1})
    async_lab.run_until_idle()

    [event] = function.events
    assert event == async_lab.event(sent)
    assert outcomes(event) == ["error"] * 3
    assert event.condition == "RetriesExhausted"
    assert event.delivered_to == [function.dead_letter_queue, function.failure_queue]
    assert [attempt.is_cold for attempt in event.attempts] == [True, False, False]
    for attempt in event.attempts:
        assert attempt.log_lines[0].startswith(f"START RequestId: {event.request_id}")
        assert attempt.log_lines[1] == "got {'n': 1}"
        assert sum(line.startswith("START") for line in attempt.log_lines) == 1
    [record] = async_lab.messages(function.failure_queue)
    assert record.json["requestPayload"] == {"n": 1}
    [dead] = async_lab.messages(function.dead_letter_queue)
    assert (dead.json, dead.attributes["ErrorMessage"]) == ({"n": 1}, "no rows")


def test_repr_of_an_event_is_its_timeline(async_lab, failing):
    function = async_lab.function(failing, name="orders", retries=1, failure_queue=True)
    function.send()
    async_lab.run_until_idle()

    first, *attempts, delivered = repr(function.events).splitlines()
    assert first.startswith(f"Event {function.events[0].request_id} of orders, accepted 20")
    assert "UTC: RetriesExhausted after " in first
    assert attempts[0].split()[2:] == ["error", "cold", "1", "ms", "ValueError:", "no", "rows"]
    assert "warm" in attempts[1]
    assert delivered.strip() == f"delivered to destination {function.failure_queue}"
    assert repr(async_lab.events("orders")[:0]) == "[]"


def test_one_queue_keeps_the_failed_events_of_several_functions(async_lab, failing):
    kept = async_lab.queue("kept")
    for name in ("one", "other"):
        async_lab.function(failing, name=name, retries=0, on_failure=kept).send({"of": name})
    async_lab.run_until_idle()
    assert kept == f"arn:aws:sqs:{async_lab.region}:123456789012:kept"
    assert [message.json["requestPayload"]["of"] for message in async_lab.messages(kept)] == ["one", "other"]


def test_messages_stay_in_the_queue_and_are_found_by_name_url_and_arn(async_lab):
    sqs = async_lab.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    sqs.receive_message(QueueUrl=url)  # one is in flight
    arn = f"arn:aws:sqs:{async_lab.region}:123456789012:orders"

    for queue in ("orders", url, arn, arn):
        assert [message.body for message in async_lab.messages(queue)] == [str(number) for number in range(12)]


def test_messages_are_gone_after_the_retention_period(async_lab):
    sqs = async_lab.client("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="1", DelaySeconds=60)
    assert len(async_lab.messages("orders")) == 1
    async_lab.advance(hours=2)
    assert async_lab.messages("orders") == []


def test_logs_of_one_event_are_its_own(async_lab, failing):
    function = async_lab.function(failing, retries=0)
    first, second = function.send({"n": 1}), function.send({"n": 2})
    async_lab.run_until_idle()

    assert "got {'n': 1}" in async_lab.logs(function, first.request_id)
    assert "got {'n': 2}" not in async_lab.logs(function, first.request_id)
    assert "got {'n': 2}" in async_lab.logs(function, second.request_id)
    assert len(function.logs) == sum(len(async_lab.logs(function, event.request_id)) for event in (first, second))


def test_function_that_logs_json_has_its_lines_by_event_too(async_lab, failing):
    function = async_lab.function(failing, retries=0)
    async_lab.client("lambda").update_function_configuration(
        FunctionName=function.name, LoggingConfig={"LogFormat": "JSON"}
    )
    event = function.send({"n": 1})
    async_lab.run_until_idle()
    assert async_lab.logs(function, event.request_id) == function.logs != []


def test_metrics_and_alarms_are_those_since_the_test_began(async_lab, failing):
    function = async_lab.function(failing, retries=0)
    async_lab.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    async_lab.advance(minutes=2)
    function.send()
    async_lab.advance(minutes=5)

    assert function.metrics["Errors"].total == 1
    assert async_lab.metrics(function.name)["AsyncEventsDropped"].total == 1
    [alarm] = async_lab.alarms()
    assert (alarm.name, alarm.state) == ("errors", "OK")
    assert [change.state for change in alarm.history] == ["OK", "ALARM", "OK"]


def test_function_invoked_synchronously_returns_its_result_or_says_what_it_failed_with(async_lab, working, failing):
    assert async_lab.function(working).invoke({"a": 1}) == {"seen": {"a": 1}}
    function = async_lab.function(failing)
    with pytest.raises(UsageError, match=r"^app failed: ValueError: no rows$"):
        function.invoke()


# Time


def test_time_stands_still_and_passes_when_a_test_says_so(async_lab):
    begun = async_lab.now
    async_lab.client("sqs").list_queues()
    assert async_lab.now == begun
    async_lab.advance(hours=6, minutes=1, seconds=2)
    assert async_lab.now == begun + 6 * 3_600 + 62


def test_running_until_idle_passes_no_more_time_than_needed(async_lab, failing, working):
    begun = async_lab.now
    async_lab.run_until_idle()
    assert async_lab.now == begun
    async_lab.function(working).send()
    async_lab.run_until_idle()
    assert async_lab.now - begun < 1
    async_lab.function(failing).send()
    async_lab.run_until_idle()
    assert 150 < async_lab.now - begun < 220


def test_limit_that_is_too_short_names_the_event_what_it_waits_for_and_until_when(async_lab, failing):
    event = async_lab.function(failing).send()
    with pytest.raises(StillWaiting) as raised:
        async_lab.run_until_idle(limit=30)
    said = str(raised.value)
    assert said.startswith(f"Event {event.request_id} of app waits for its attempt 2 (the last: error) until 20")
    assert "beyond the limit of 30 s" in said
    async_lab.run_until_idle()  # nothing is lost by it
    assert outcomes(async_lab.event(event)) == ["error"] * 3


def test_limit_names_an_event_that_runs(async_lab, handler):
    slow = handler("import time\ndef handler(event, context):\n    time.sleep(800)\n")
    async_lab.function(slow, timeout=900).send()
    with pytest.raises(StillWaiting, match=r"of app is still running its attempt 1, beyond the limit of 10 s"):
        async_lab.run_until_idle(limit=10)


def test_running_until_something_stops_as_soon_as_it_is_so(async_lab, failing):
    function = async_lab.function(failing)
    event = function.send()
    async_lab.run_until(lambda: len(async_lab.event(event).attempts) == 2)
    assert len(async_lab.event(event).attempts) == 2
    begun = async_lab.now
    with pytest.raises(StillWaiting, match="didn't come within 5 min"):
        async_lab.run_until(lambda: False, limit=300)
    assert async_lab.now == begun + 300


# Beginning anew


def test_reset_leaves_nothing_and_repeats_what_happened(async_lab, failing):
    def run():
        function = async_lab.function(failing, failure_queue=True)
        function.send()
        async_lab.run_until_idle()
        [event] = function.events
        return [attempt.age_seconds for attempt in event.attempts], event.request_id, event.accepted_at

    first = run()
    async_lab.throttle("app")
    async_lab.deny("sqs:*")
    async_lab.system_errors(1.0)
    async_lab.reset()

    assert async_lab.events() == []
    assert async_lab.client("lambda").list_functions()["Functions"] == []
    assert "QueueUrls" not in async_lab.client("sqs").list_queues()
    assert async_lab.client("iam").list_roles()["Roles"] == []
    assert run() == first


def test_schedule_of_the_same_name_fires_after_a_reset_as_before(async_lab, working):
    def fired():
        function, events = async_lab.function(working), async_lab.client("events")
        source = events.put_rule(Name="often", ScheduleExpression="rate(5 minutes)")["RuleArn"]
        events.put_targets(Rule="often", Targets=[{"Id": "1", "Arn": function.arn}])
        async_lab.client("lambda").add_permission(
            FunctionName=function.name,
            StatementId="often",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=source,
        )
        async_lab.advance(minutes=11)
        return [event.accepted_at - async_lab.began_at for event in function.events]

    assert fired() == [300, 600]
    async_lab.reset()
    assert fired() == [300, 600]


def test_batch_under_way_is_gone_after_a_reset(async_lab, handler):
    slow = handler("import time\ndef handler(event, context):\n    time.sleep(20)\n")
    function = async_lab.function(slow, timeout=30)
    async_lab.client("lambda").create_event_source_mapping(
        FunctionName=function.name, EventSourceArn=async_lab.queue("orders")
    )
    async_lab.client("sqs").send_message(QueueUrl="orders", MessageBody="1")
    async_lab.advance(seconds=5)
    with pytest.raises(StillWaiting):
        async_lab.run_until_idle(limit=0)
    async_lab.reset()
    async_lab.run_until_idle(limit=0)


def test_snapshot_is_put_back_as_often_as_one_likes(async_lab, failing):
    function = async_lab.function(failing, failure_queue=True)
    s3 = async_lab.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="kept", Body=b"before")
    async_lab.advance(minutes=3)
    stood, at = async_lab.snapshot(), async_lab.now

    for _ in range(2):
        s3.put_object(Bucket="files", Key="kept", Body=b"after")
        s3.put_object(Bucket="files", Key="more", Body=b"")
        function.send()
        async_lab.run_until_idle()
        assert len(async_lab.messages(function.failure_queue)) == 1
        async_lab.restore(stood)
        assert s3.get_object(Bucket="files", Key="kept")["Body"].read() == b"before"
        assert [found["Key"] for found in s3.list_objects_v2(Bucket="files")["Contents"]] == ["kept"]
        assert (async_lab.events(), async_lab.messages(function.failure_queue), async_lab.now) == ([], [], at)


def test_snapshot_of_events_under_way_is_refused(async_lab, failing):
    async_lab.function(failing).send()
    with pytest.raises(UsageError, match="no events under way"):
        async_lab.snapshot()


# Faults


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


# What is configured


CONFIGURED = [
    ({}, None),
    ({"dead_letter_queue": True, "reserved_concurrency": 1, "timeout": 9}, None),
    ({"retries": 0}, {"MaximumRetryAttempts": 0}),
    ({"retries": 2}, {"MaximumRetryAttempts": 2}),
    ({"maximum_age": 60}, {"MaximumEventAgeInSeconds": 60}),
    ({"maximum_age": 3_600.0, "retries": 1}, {"MaximumEventAgeInSeconds": 3_600, "MaximumRetryAttempts": 1}),
]


@pytest.mark.parametrize(("arguments", "settings"), CONFIGURED, ids=str)
def test_event_invoke_config_has_what_was_asked_for_and_is_none_without(async_lab, working, arguments, settings):
    function, lambda_ = async_lab.function(working, **arguments), async_lab.client("lambda")
    if settings is None:
        with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
            lambda_.get_function_event_invoke_config(FunctionName=function.name)
    else:
        found = lambda_.get_function_event_invoke_config(FunctionName=function.name)
        assert {key: found[key] for key in found if key.startswith("Maximum")} == settings


def test_destination_alone_leaves_lambdas_own_retries_and_age(async_lab, failing):
    function = async_lab.function(failing, failure_queue=True)
    found = async_lab.client("lambda").get_function_event_invoke_config(FunctionName=function.name)
    assert not [key for key in found if key.startswith("Maximum")]
    assert found["DestinationConfig"]["OnFailure"] == {"Destination": function.failure_queue}


# What is wrong


WRONG = {
    "function": (lambda lab: lab.events("wroks"), "There is no function 'wroks' in us-east-1: did you mean works?"),
    "function sent to": (lambda lab: lab.send("none"), "There is no function 'none' in us-east-1: there is works."),
    "metrics": (lambda lab: lab.metrics("none"), "There is no function 'none' in us-east-1: there is works."),
    "throttled": (lambda lab: lab.throttle("none"), "There is no function 'none' in us-east-1: there is works."),
    "event": (lambda lab: lab.event("none"), "There is no event 'none' in this lab."),
    "queue": (lambda lab: lab.messages("none"), "There is no queue 'none': us-east-1 has none."),
    "payload": (
        lambda lab: lab.send("works", "x" * 1024 * 1024),
        "The payload has 1,048,578 bytes; Lambda takes 1,048,576 of an asynchronous event.",
    ),
    "no JSON": (
        lambda lab: lab.send("works", object),
        "The payload is nothing that JSON has: Object of type type is not JSON serializable.",
    ),
    "broken bytes": (lambda lab: lab.send("works", b"{"), "works can't be invoked: Could not parse request body"),
    "queue taken": (lambda lab: [lab.queue("kept") for _ in range(2)], "There is a queue kept already: give this one"),
    "queue's name": (lambda lab: lab.queue("k.fifo"), "name is 'k.fifo'; AWS allows 1 to 80 letters, digits, hyphens"),
    "no queue's name": (lambda lab: lab.queue(7), "name is 7; AWS allows 1 to 80 letters, digits, hyphens and"),
    "empty name": (lambda lab: lab.function(print, name=""), "name is ''; AWS allows 1 to 64 letters, digits, hyphens"),
    "no function": (lambda lab: lab.events(7), "The function is 7; give its name, its ARN, or what function()"),
    "alias": (lambda lab: lab.events("works:live"), "works:live is a version or alias: give works, the function."),
    "another region": (
        lambda lab: lab.send("arn:aws:lambda:eu-west-1:123456789012:function:works"),
        "arn:aws:lambda:eu-west-1:123456789012:function:works is of eu-west-1, and the lab's functions are of",
    ),
    "no event": (
        lambda lab: lab.event(None),
        "The event is None; give its request id, or the event as it was earlier.",
    ),
    "no event for logs": (lambda lab: lab.logs("works", 7), "The event is 7; give its request id, or the event as it"),
    "metric": (
        lambda lab: lab.metrics("works")["Errorz"],
        "There is no metric 'Errorz' among these: did you mean Errors?",
    ),
    "no queue": (lambda lab: lab.messages(None), "messages() was given None; it takes a queue's name, URL or ARN"),
    "no region": (
        lambda lab: lab.messages("arn:aws:sqs:moon:1:q"),
        "There is no queue 'arn:aws:sqs:moon:1:q': moon is no region of AWS.",
    ),
    "predicate": (lambda lab: lab.run_until(7), "run_until() was given 7; it takes a function without arguments."),
    "endless wait": (
        lambda lab: lab.run_until(bool, limit=float("inf")),
        "limit is inf; it must be a number of seconds,",
    ),
    "timeout": (lambda lab: lab.function(print, timeout=1.5), "timeout is 1.5; Lambda allows 1 to 900 whole seconds."),
    "memory": (
        lambda lab: lab.function(print, memory_size="1 GB"),
        "memory_size is '1 GB'; Lambda allows 128 to 10240 MB.",
    ),
    "reservation": (
        lambda lab: lab.function(print, reserved_concurrency=-1),
        "reserved_concurrency is -1; it must be a whole number, 0 (which stops the function) or more, or None.",
    ),
    "variables": (
        lambda lab: lab.function(print, environment=["A=1"]),
        "environment is ['A=1']; it must be a mapping of strings, such as {'STAGE': 'test'}.",
    ),
    "layers": (lambda lab: lab.function(print, layers="src"), "layers is 'src'; it must be a list, such as ["),
    "policy": (lambda lab: lab.function(print, policy={}), "policy is {}; it must be a list, such as [{'Effect':"),
    "queue of one's own": (
        lambda lab: lab.function(print, failure_queue="kept"),
        "failure_queue is 'kept'; it must be True or False.",
    ),
    "destination": (
        lambda lab: lab.function(print, on_failure="kept"),
        "on_failure is 'kept'; it must be an ARN, such as",
    ),
    "scope": (lambda lab: lab.apply("infra", scope="module"), "scope is 'module'; it must be 'test' or 'session'."),
    "variable": (
        lambda lab: lab.apply("infra", names={1}),
        "The variable names is {1}; Terraform takes what JSON has.",
    ),
    "no directory": (lambda lab: lab.apply(None), "apply() was given None; it takes a directory with Terraform files."),
    "open": (lambda lab: lab.open(), "The lab is open already: use it, or close it first."),
    "entered": (lambda lab: lab.__enter__(), "The lab is open already: use it, or close it first."),
    "seed": (lambda _: Lab(seed="x"), "seed is 'x'; it must be a whole number, 0 or more."),
    "start": (
        lambda _: Lab(start="now"),
        "start is 'now'; it must be epoch seconds, such as 1790000000.0, or None for",
    ),
    "account": (
        lambda _: Lab(account_concurrency=0),
        "account_concurrency is 0; it must be a whole number, 1 or more.",
    ),
    "no place": (lambda _: Lab(directory="/nowhere"), "directory is '/nowhere'; it must be a directory that is there."),
    "region": (lambda _: Lab(region="moon").open(), 'region is "moon"; it must be a region of AWS, such as eu-west-1.'),
    "no action": (
        lambda lab: lab.deny(["s3:*"]),
        "The action is ['s3:*']; it must be SERVICE:ACTION as in IAM, such as",
    ),
    "service of an action": (
        lambda lab: lab.deny("dynamo:*"),
        "There is no service 'dynamo' in dynamo:*: did you mean",
    ),
    "operation": (lambda lab: lab.deny("s3:ListObjectsV2"), "No request to s3 needs s3:ListObjectsV2: did you mean"),
    "unknown action": (
        lambda lab: lab.deny("s3:GetObjekt"),
        "No request to s3 needs s3:GetObjekt: did you mean s3:GetO",
    ),
    "name taken": (lambda lab: lab.function(print, name="works"), "There is a function works already: give this one"),
    "retries": (lambda lab: lab.function(print, retries=3), "retries is 3; Lambda allows 0 to 2."),
    "age": (
        lambda lab: lab.function(print, maximum_age=1),
        "maximum_age is 1; Lambda allows 60 to 21600 whole seconds",
    ),
    "age in words": (lambda lab: lab.function(print, maximum_age="1 h"), "maximum_age is '1 h'; Lambda allows 60 to"),
    "second age": (
        lambda lab: lab.function(print, maximum_age=float("inf")),
        "maximum_age is inf; Lambda allows 60 to",
    ),
    "age in parts": (lambda lab: lab.function(print, maximum_age=60.5), "maximum_age is 60.5; Lambda allows 60 to"),
    "retries in parts": (lambda lab: lab.function(print, retries=1.0), "retries is 1.0; Lambda allows 0 to 2."),
    "code": (lambda lab: lab.function("app"), "The function's code is 'app'; it must be PATH:HANDLER"),
    "no code": (lambda lab: lab.function(7), "The function's code is 7; it must be PATH:HANDLER or a callable."),
    "two destinations": (
        lambda lab: lab.function(print, failure_queue=True, on_failure="arn:aws:sqs:us-east-1:1:q"),
        "A function has one",
    ),
    "Lambda's limits": (
        lambda lab: lab.function(print, environment={"A B": ""}),
        "The function print can't be made: ",
    ),
    "reserved variable": (
        lambda lab: lab.function(print, environment={"AWS_REGION": "eu-west-1"}),
        "The function print can't be made: Lambda was unable to configure your environment variables because",
    ),
    "layer": (lambda lab: lab.function(print, layers=["nowhere"]), "The layer "),
    "time": (lambda lab: lab.advance(seconds=-1), "-1 seconds can't pass at once: give 0 to 31 days."),
    "much time": (lambda lab: lab.advance(days=32), "2,764,800 seconds can't pass at once: give 0 to 31 days."),
    "no time": (lambda lab: lab.advance(seconds=float("nan")), "seconds is nan; it must be a number."),
    "endless time": (lambda lab: lab.advance(days=float("inf")), "days is inf; it must be a number."),
    "time in words": (lambda lab: lab.advance(seconds="1"), "seconds is '1'; it must be a number."),
    "limit": (
        lambda lab: lab.run_until_idle(limit="1 h"),
        "limit is '1 h'; it must be a number of seconds, 0 to 2678400 (31 days).",
    ),
    "limit below 0": (lambda lab: lab.run_until(bool, limit=-1), "limit is -1; it must be a number of seconds, 0 to"),
    "snapshot": (lambda lab: lab.restore(None), "restore() was given None; it takes what snapshot() returned."),
    "service": (lambda lab: lab.client("lamda"), "There is no service 'lamda': did you mean lambda?"),
    "action": (lambda lab: lab.deny("GetObject"), "The action is 'GetObject'; it must be SERVICE:ACTION as in IAM"),
    "rate": (lambda lab: lab.system_errors(2), "rate is 2; it must be 0 to 1."),
    "rate in words": (lambda lab: lab.duplicate("all"), "rate is 'all'; it must be 0 to 1."),
    "attempts": (lambda lab: lab.throttle("works", attempts=0), "attempts is 0; it must be a whole number, 1 or more."),
    "directory": (lambda lab: lab.apply("/nowhere"), "There is no directory /nowhere: give one with Terraform files."),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_in_a_sentence(async_lab, working, what):
    call, sentence = WRONG[what]
    async_lab.function(working)
    with pytest.raises(UsageError) as raised:
        call(async_lab)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)
    assert async_lab.events("works") == []


def test_queue_that_was_there_is_refused_and_stays(async_lab, working):
    async_lab.queue("works-failed")
    with pytest.raises(UsageError, match="There is a queue works-failed already"):
        async_lab.function(working, failure_queue=True)
    assert async_lab.messages("works-failed") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"reserved_concurrency": -4},
        {"on_success": "arn:aws:sqs:us-east-1:123456789012:orders.fifo"},
        {"memory_size": 1},
        {"layers": ["nowhere"]},
        {"policy": [{"Effect": "Maybe"}]},
        {"policy": [], "timeout": 0},
    ],
    ids=str,
)
def test_nothing_is_there_of_a_function_that_could_not_be_made(async_lab, working, wrong):
    with pytest.raises(UsageError):
        async_lab.function(working, failure_queue=True, dead_letter_queue=True, **wrong)

    assert async_lab.client("lambda").list_functions()["Functions"] == []
    assert async_lab.client("sqs").list_queues().get("QueueUrls", []) == []
    assert async_lab.client("logs").describe_log_groups()["logGroups"] == []
    assert "works" not in [role["RoleName"] for role in async_lab.client("iam").list_roles()["Roles"]]
    async_lab.function(working, failure_queue=True, policy=[])


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def handle(event, context): ...", "defines no 'handler'"),
        ("def handler(event context): ...", "app.py:1: "),
        ("import nowhere_to_be_found\ndef handler(event, context): ...", "No module named 'nowhere_to_be_found'"),
    ],
)
def test_handler_that_cannot_be_imported_is_said_with_the_reason(async_lab, handler, source, why):
    where = handler(source)

    def use():
        async_lab.function(where).send()
        async_lab.run_until_idle()

    with pytest.raises(UsageError, match="can't be imported") as raised:
        use()
    assert why in str(raised.value)


def test_directory_without_terraform_is_refused(async_lab, tmp_path):
    with pytest.raises(UsageError, match=r"There is no Terraform in .*: it has no file that ends in \.tf"):
        async_lab.apply(tmp_path)


def test_lab_that_is_not_open_says_so():
    with pytest.raises(UsageError, match="isn't open"):
        Lab().events()


# The process around it


def test_second_lab_in_a_process_is_refused_and_leaves_the_first(async_lab):
    before = dict(os.environ)
    with pytest.raises(EnvironmentFailure, match="runs in this process already"), Lab():
        pass
    assert dict(os.environ) == before
    assert async_lab.events() == []


USERS = {"AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": "real", "AWS_SECRET_ACCESS_KEY": "real", "TF_VAR_x": "1"}
PROGRAM = """
import os, boto3
before = dict(os.environ)
from async_lab import Lab
early = boto3.client("s3", region_name="eu-west-1")
boto3.setup_default_session(region_name="eu-west-1")
with Lab() as lab:
    assert "AWS_PROFILE" not in os.environ and os.environ["AWS_ACCESS_KEY_ID"] == "local"
    assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.environ["AWS_CONFIG_FILE"] == os.devnull
    boto3.client("s3").create_bucket(Bucket="made-by-code")
    print([bucket["Name"] for bucket in lab.client("s3").list_buckets()["Buckets"]])
    try:
        early.list_buckets()
    except Exception as error:
        print(type(error).__name__, error)
assert dict(os.environ) == before, "not restored"
assert boto3.DEFAULT_SESSION.region_name == "eu-west-1"
"""


def test_users_credentials_are_out_of_reach_and_back_afterward(tmp_path):
    (tmp_path / "credentials").write_text("[prod]\naws_access_key_id=real\naws_secret_access_key=real\n")
    users = USERS | {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | users, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    made, refused = ran.stdout.splitlines()
    assert made == "['made-by-code']"
    assert refused.startswith("UsageError A boto3 client from outside the lab would have sent GET to s3.eu-west-1")


def test_environment_points_a_program_at_the_lab(async_lab):
    program = "import boto3; boto3.client('sqs').create_queue(QueueName='from-outside')"
    subprocess.run([sys.executable, "-c", program], env=async_lab.environment, check=True)
    assert async_lab.messages("from-outside") == []


def test_importing_the_package_imports_neither_boto3_nor_moto():
    program = (
        "import sys, async_lab.testing.plugin, async_lab; async_lab.Lab; print({'boto3', 'moto'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_package_leaves_hidden_files_and_environments_out(async_lab, handler, tmp_path):
    code = handler("import os\ndef handler(event, context):\n    return sorted(os.listdir('/var/task'))\n")
    source = tmp_path / "src"
    (source / ".env").write_text("SECRET=1")
    (source / "venv").mkdir()
    (source / "venv" / "pyvenv.cfg").touch()
    (source / "data").mkdir()
    (source / "data" / "rates.json").write_text("{}")
    assert async_lab.function(code).invoke() == ["app.py", "data"]


def test_layers_are_directories_or_zips(async_lab, handler, tmp_path):
    layer = tmp_path / "layer" / "python"
    layer.mkdir(parents=True)
    (layer / "rates.py").write_text("RATE = 7\n")
    code = handler("import rates\ndef handler(event, context):\n    return rates.RATE\n")
    assert async_lab.function(code, layers=[tmp_path / "layer"]).invoke() == 7


def test_sleeping_in_a_handler_takes_no_time_of_the_test(async_lab, handler):
    function = async_lab.function(
        handler("import time\ndef handler(event, context):\n    time.sleep(600)\n"), timeout=900
    )
    begun = time.monotonic()
    function.send()
    async_lab.run_until_idle()
    assert function.events[0].attempts[0].duration_seconds == pytest.approx(600.001)
    assert time.monotonic() - begun < 300


READS = """
import boto3
def handler(event, context):
    print("reads")
    return boto3.client("s3").get_object(Bucket="files", Key="a")["Body"].read().decode()
"""


def test_policy_is_all_that_a_function_may_do_besides_its_log_and_destinations(async_lab, handler):
    s3 = async_lab.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="a", Body=b"content")
    code = handler(READS)
    reads = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::files/*"}]
    may = async_lab.function(code, name="may", policy=reads, success_queue=True)
    may_not = async_lab.function(code, name="may-not", policy=[], failure_queue=True, retries=0)
    may.send()
    may_not.send()
    async_lab.run_until_idle()

    assert async_lab.messages(may.success_queue)[0].json["responsePayload"] == "content"
    assert "AccessDenied" in async_lab.messages(may_not.failure_queue)[0].json["responsePayload"]["errorMessage"]
    assert "reads" in may_not.logs
