"""EventBridge's rules: what they pass on, to whom, and what becomes of what can't be delivered."""

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def rule(lab):
    """Makes a rule for the shop's events with targets; returns its name and ARN."""
    made = []

    def make(*targets, allow=(), source="shop"):
        lab.made += 1
        name = f"rule-{lab.made}"
        arn = lab.events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))["RuleArn"]
        lab.events.put_targets(Rule=name, Targets=[{"Id": str(n), **each} for n, each in enumerate(targets)])
        for function in allow:
            lab.allow(function, "events", arn)
        made.append(name)
        return name, arn

    yield make
    for name in made:
        ids = [target["Id"] for target in lab.events.list_targets_by_rule(Rule=name)["Targets"]]
        lab.events.remove_targets(Rule=name, Ids=ids)
        lab.events.delete_rule(Name=name)


def put(lab, detail=None, source="shop"):
    entry = {"Source": source, "DetailType": "Order", "Detail": json.dumps(detail or {"order": 1})}
    answer = lab.events.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def test_a_function_gets_the_event(lab, rule):
    name = lab.function()
    rule({"Arn": lab.arn(name)}, allow=[name])
    put(lab)
    put(lab, source="elsewhere")
    [event] = lab.invoked(name)
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Order",
        "source": "shop",
        "account": "123456789012",
        "time": "2026-11-23T08:23:45Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"order": 1},
    }


@pytest.mark.parametrize(
    ("passes_on", "expected"),
    [
        ({"Input": '{"constant": true}'}, {"constant": True}),
        ({"InputPath": "$.detail"}, {"order": {"id": 7, "lines": ["a", "b"]}, "name": 'a "b"'}),
        ({"InputPath": "$.detail.order.lines[1]"}, "b"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {
                        "id": "$.detail.order.id",
                        "name": "$.detail.name",
                        "lines": "$.detail.order.lines",
                        "none": "$.detail.none",
                    },
                    "InputTemplate": '{"id": <id>, "name": <name>, "said": "<name> has <id>", "lines": <lines>, '
                    '"none": "<none>", "rule": "<aws.events.rule-name>"}',
                }
            },
            {"id": 7, "name": 'a "b"', "said": 'a "b" has 7', "lines": ["a", "b"], "none": "", "rule": "RULE"},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"id": "$.detail.order.id"}, "InputTemplate": '"order <id>"'}},
            "order 7",
        ),
    ],
)
def test_a_rule_passes_on_what_its_target_says(lab, rule, passes_on, expected):
    name = lab.function()
    made, _ = rule({"Arn": lab.arn(name), **passes_on}, allow=[name])
    put(lab, {"order": {"id": 7, "lines": ["a", "b"]}, "name": 'a "b"'})
    if isinstance(expected, dict) and "rule" in expected:
        expected = expected | {"rule": made}
    assert lab.invoked(name) == [expected]


def test_a_queue_gets_what_a_transformer_makes(lab, rule):
    url, queue = lab.open_queue("events")
    transformer = {"InputPathsMap": {"order": "$.detail.order"}, "InputTemplate": '{"number": <order>}'}
    rule({"Arn": queue, "InputTransformer": transformer})
    put(lab)
    assert [json.loads(message["Body"]) for message in lab.messages(url)] == [{"number": 1}]


def test_without_permission_nothing_arrives_and_the_rule_counts_it(lab, rule):
    name, other = lab.function(), lab.function()
    made, _ = rule({"Arn": lab.arn(name)}, {"Arn": lab.arn(other)}, allow=[other])
    put(lab)
    assert (len(lab.invoked(name)), len(lab.invoked(other))) == (0, 1)
    assert lab.count("AWS/Events", "TriggeredRules", "RuleName", made) == 1
    assert lab.count("AWS/Events", "Invocations", "RuleName", made) == 2
    assert lab.count("AWS/Events", "FailedInvocations", "RuleName", made) == 1


@pytest.mark.parametrize("is_gone", [True, False])
def test_what_a_target_can_not_get_is_in_its_dead_letter_queue(lab, rule, is_gone):
    url, queue = lab.open_queue("events")
    name = lab.function()
    made, arn = rule({"Arn": lab.arn(name), "DeadLetterConfig": {"Arn": queue}})
    if is_gone:
        lab.lambda_.delete_function(FunctionName=name)
    put(lab)
    [message] = lab.messages(url)
    assert json.loads(message["Body"])["detail"] == {"order": 1}
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (told["RULE_ARN"], told["ERROR_CODE"]) == (arn, "NO_RESOURCE" if is_gone else "NO_PERMISSIONS")
    assert lab.count("AWS/Events", "InvocationsSentToDlq", "RuleName", made) == 1


def test_a_dead_letter_says_what_could_not_be_delivered_and_that_it_was_not_tried_again(lab, rule):
    url, queue = lab.open_queue("events")
    name = lab.function()
    small, arn = lab.open_queue("events", MaximumMessageSize="1024")
    letters = {"DeadLetterConfig": {"Arn": queue}, "RetryPolicy": {"MaximumRetryAttempts": 185}}
    bare = {"InputPathsMap": {"order": "$.detail.order"}, "InputTemplate": "order <order>"}
    rule({"Arn": lab.arn(name), "InputTransformer": bare, **letters}, {"Arn": arn, **letters}, allow=[name])
    put(lab, {"order": 1, "text": "x" * 1024})
    told = {}
    for message in lab.messages(url):
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        told[attributes["TARGET_ARN"]] = (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"])
        assert "EXHAUSTED_RETRY_CONDITION" not in attributes
    assert told == {lab.arn(name): ("INVALID_JSON", "0"), arn: ("INVALID_PARAMETER", "0")}
    assert (lab.invoked(name), lab.messages(small)) == ([], [])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 86_401}}, "MaximumEventAgeInSeconds must be 60 to 86400"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "MaximumRetryAttempts must be 0 to 185"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q.fifo"}}, "must be a standard SQS queue"),
    ],
)
def test_retries_and_dead_letter_queues_that_no_rule_can_have_are_refused(lab, rule, settings, said):
    with pytest.raises(ClientError, match=said):
        rule({"Arn": lab.arn("any"), **settings})


def test_a_target_that_is_missing_keeps_no_other_from_its_event(lab, rule):
    name = lab.function()
    missing = "arn:aws:sqs:eu-west-1:123456789012:missing"
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:missing"
    rule({"Arn": missing}, {"Arn": group}, {"Arn": lab.arn(name)}, allow=[name])
    put(lab)
    assert len(lab.invoked(name)) == 1


def test_a_rule_that_is_disabled_sends_nothing(lab, rule):
    name = lab.function()
    made, _ = rule({"Arn": lab.arn(name)}, allow=[name])
    lab.events.disable_rule(Name=made)
    put(lab)
    assert lab.invoked(name) == []


def test_an_event_goes_from_bus_to_bus(lab, rule):
    name = lab.function()
    bus = lab.events.create_event_bus(Name="orders")["EventBusArn"]
    inner = lab.events.put_rule(Name="inner", EventBusName="orders", EventPattern='{"source": ["shop"]}')["RuleArn"]
    lab.events.put_targets(Rule="inner", EventBusName="orders", Targets=[{"Id": "1", "Arn": lab.arn(name)}])
    lab.allow(name, "events", inner)
    rule({"Arn": bus})
    put(lab)
    assert [event["detail"] for event in lab.invoked(name)] == [{"order": 1}]


def test_targets_that_would_never_get_anything_are_refused_by_name(lab, rule):
    stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
    with pytest.raises(ClientError, match="async-lab sends no events of a rule to kinesis yet"):
        rule({"Arn": stream})


def test_a_path_that_can_not_be_followed_is_refused(lab, rule):
    with pytest.raises(ClientError, match="Invalid JSON path"):
        rule({"Arn": lab.arn("any"), "InputPath": "$..order"})


@pytest.mark.parametrize(("spare_bytes", "is_taken"), [(0, True), (-1, False)])
def test_a_request_takes_a_megabyte_of_entries(lab, rule, spare_bytes, is_taken):
    whole = 1024 * 1024 - len("shopOrder")
    detail = json.dumps({"text": "x" * (whole - spare_bytes - len('{"text": ""}'))})
    entry = {"Source": "shop", "DetailType": "Order", "Detail": detail}
    if is_taken:
        assert lab.events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    else:
        with pytest.raises(ClientError, match="Total size of the entries"):
            lab.events.put_events(Entries=[entry])


def test_a_pattern_can_be_tried(lab):
    event = dict.fromkeys(("id", "account", "time", "region", "detail-type"), "x")
    event |= {"source": "shop", "resources": [], "detail": {"lines": [{"kind": "a"}, {"kind": "b"}]}}

    def tried(pattern, event=event):
        return lab.events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"]

    assert tried({"source": ["shop"], "detail": {"lines": {"kind": ["b"]}}})
    assert not tried({"source": [{"anything-but": "shop"}]})
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        tried({"source": "shop"})
    with pytest.raises(ClientError, match="source is a required field"):
        tried({"source": ["shop"]}, {name: value for name, value in event.items() if name != "source"})


@pytest.mark.parametrize("pattern", ["[]", "{", '{"source": [{"like": "x"}]}', '{"a": [{"numeric": ["~", 1]}]}'])
def test_what_is_no_pattern_makes_no_rule(lab, pattern):
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        lab.events.put_rule(Name="none", EventPattern=pattern)
    assert "none" not in [each["Name"] for each in lab.events.list_rules()["Rules"]]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Source": "aws.shop"}, "NotAuthorizedForSourceException"),
    ],
)
def test_an_entry_that_is_wrong_fails_alone(lab, rule, wrong, code):
    name = lab.function()
    rule({"Arn": lab.arn(name)}, allow=[name])
    entry = {"Source": "shop", "DetailType": "Order", "Detail": '{"order": 1}'}
    answer = lab.events.put_events(Entries=[entry | wrong, entry])
    assert answer["FailedEntryCount"] == 1
    assert [each.get("ErrorCode") for each in answer["Entries"]] == [code, None]
    assert len(lab.invoked(name)) == 1


def test_a_rule_has_five_targets(lab, rule):
    _, queue = lab.queue()
    name, _ = rule(*[{"Arn": queue}] * 5)
    lab.events.put_targets(Rule=name, Targets=[{"Id": "4", "Arn": queue}])
    with pytest.raises(ClientError, match="LimitExceededException"):
        lab.events.put_targets(Rule=name, Targets=[{"Id": "sixth", "Arn": queue}])
    assert len(lab.events.list_targets_by_rule(Rule=name)["Targets"]) == 5


def test_a_replay_sends_what_its_span_and_its_rules_say(lab, rule):
    source = lab.events.describe_event_bus(Name="default")["Arn"]
    archive = lab.events.create_archive(ArchiveName="kept", EventSourceArn=source)["ArchiveArn"]
    begin = lab.target.now()
    put(lab, {"order": 1})
    lab.endpoint.wait(60)
    put(lab, {"order": 2})
    (one_url, one), (other_url, other) = lab.open_queue("events"), lab.open_queue("events")
    _, wanted = rule({"Arn": one})
    rule({"Arn": other})
    lab.events.start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=begin + 30,
        EventEndTime=begin + 90,
        Destination={"Arn": source, "FilterArns": [wanted]},
    )
    [message] = lab.messages(one_url)
    assert (json.loads(message["Body"])["detail"], json.loads(message["Body"])["replay-name"]) == (
        {"order": 2},
        "again",
    )
    assert lab.messages(other_url) == []
    assert lab.events.describe_replay(ReplayName="again")["State"] == "COMPLETED"
    lab.events.delete_archive(ArchiveName="kept")
