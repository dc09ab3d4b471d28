"""JSON that is nested deeper than a reader of JSON goes: no JSON to the endpoint, and no trouble of its own."""

import json

import pytest
from botocore.exceptions import ClientError
from measured import total

DEEP = [pytest.param("[" * 100_000, id="open"), pytest.param("[" * 3_000 + "]" * 3_000, id="closed")]
SHORTER = "[" * 2_000  # where AWS takes no longer ones
NESTED = "[" * 900 + "]" * 900


@pytest.fixture(autouse=True)
def no_trouble(caplog):
    """The endpoint doesn't fail by itself."""
    yield
    logged = caplog.get_records("call")
    assert [record.message for record in logged if record.name == "async_lab.endpoint.trouble"] == []


@pytest.mark.parametrize("payload", DEEP)
@pytest.mark.parametrize("how", ["Event", "RequestResponse", "DryRun"])
def test_no_function_is_invoked_with_it(as_told, lambda_, how, payload):
    with pytest.raises(lambda_.exceptions.InvalidRequestContentException, match="nested too deeply"):
        lambda_.invoke(FunctionName=as_told().name, InvocationType=how, Payload=payload)


def test_what_can_be_read_is_run_and_recorded(async_lab, as_told):
    function = as_told(retries=0, on_failure=async_lab.queue("failed"))
    function.send({"fail": "x", "nested": json.loads(NESTED)})
    async_lab.advance(seconds=1)
    [message] = async_lab.messages("failed")
    assert message.json["requestPayload"]["nested"] == json.loads(NESTED)


@pytest.mark.parametrize("detail", DEEP)
def test_an_entry_of_event_bridge_is_refused(events, detail):
    answer = events.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": detail}])
    assert [entry["ErrorCode"] for entry in answer["Entries"]] == ["MalformedDetail"]


def test_patterns_and_events_are_refused(events):
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name="r", EventPattern=SHORTER)
    with pytest.raises(ClientError, match="Parameter Event is not valid"):
        events.test_event_pattern(EventPattern='{"source": ["a"]}', Event=SHORTER)


def test_a_rule_whose_pattern_is_too_deep_is_refused_and_events_go_on(events):
    nested = '{"a":' * 300 + '["x"]' + "}" * 300
    with pytest.raises(events.exceptions.InvalidEventPatternException, match="nested more than 100 levels deep"):
        events.put_rule(Name="r", EventPattern=nested)
    events.put_rule(Name="r", EventPattern='{"detail": {"a": ["x"]}}')
    answer = events.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": f'{{"a": {NESTED}}}'}])
    assert answer["FailedEntryCount"] == 0


@pytest.mark.parametrize("message", DEEP)
def test_a_topics_message_for_each_protocol_is_refused(sns, message):
    topic = sns.create_topic(Name="t")["TopicArn"]
    with pytest.raises(sns.exceptions.InvalidParameterException, match="JSON message body failed to parse"):
        sns.publish(TopicArn=topic, Message=message, MessageStructure="json")


@pytest.mark.parametrize("body", DEEP)
def test_a_dashboard_is_refused(cloudwatch, body):
    with pytest.raises(ClientError, match="InvalidParameterInput"):
        cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body)


def test_an_alarms_state_is_refused(cloudwatch):
    alarm = {"MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(AlarmName="a", Threshold=1, ComparisonOperator="GreaterThanThreshold", **alarm)
    with pytest.raises(cloudwatch.exceptions.InvalidFormatFault):
        cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x", StateReasonData=SHORTER)


@pytest.mark.parametrize("message", DEEP)
def test_a_filter_of_bodies_does_not_let_it_through(async_lab, sns, open_queue, message):
    topic, queue = sns.create_topic(Name="t")["TopicArn"], open_queue("sns")
    by_body = {"FilterPolicy": '{"a": ["x"]}', "FilterPolicyScope": "MessageBody"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=by_body)
    sns.publish(TopicArn=topic, Message=message)
    sns.publish(TopicArn=topic, Message='{"a": "x"}')
    assert len(async_lab.messages(queue)) == 1


@pytest.mark.parametrize("message", DEEP)
def test_a_filter_of_a_log_finds_nothing_in_it(async_lab, message):
    logs = async_lab.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    metric = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="g", filterName="f", filterPattern="{ $.a = 1 }", metricTransformations=[metric]
    )
    at = round(async_lab.now * 1000)
    for each in (message, f'{{"_aws": {message}', '{"a": 1}'):
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": at, "message": each}])
    assert total(async_lab, "n", "m") == 1


def test_an_answer_that_deep_is_an_error(handler, async_lab, lambda_):
    source = """
        def handler(event, context):
            nested = []
            for _ in range(5_000):
                nested = [nested]
            return nested
    """
    async_lab.function(handler(source), name="nests", retries=0)
    answer = lambda_.invoke(FunctionName="nests")
    assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.MarshalError"
