"""The lab for tests: what a test does to it, and asks of it."""

import os
import subprocess
import sys
import time

import pytest
from measured import outcomes

from async_lab import Lab
from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.testing import StillWaiting


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
