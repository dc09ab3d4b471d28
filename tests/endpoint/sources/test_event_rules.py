"""EventBridge's rules: what they pass on, to whom, and what becomes of what can't be delivered."""

import json

import pytest
from botocore.exceptions import ClientError
from measured import payloads, total

ANY = "arn:aws:lambda:eu-west-1:123456789012:function:any"


@pytest.fixture
def rule(events, allow):
    """Makes a rule for the shop's events with targets; returns its name and ARN."""

    def make(*targets, allowed=(), name="orders"):
        arn = events.put_rule(Name=name, EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
        events.put_targets(Rule=name, Targets=[{"Id": str(n), **each} for n, each in enumerate(targets)])
        for function in allowed:
            allow(function, "events", arn)
        return name, arn

    return make


@pytest.fixture
def put(events):
    """Puts an event of the shop, or of another source."""

    def entry(detail=None, source="shop"):
        event = {"Source": source, "DetailType": "Order", "Detail": json.dumps(detail or {"order": 1})}
        assert events.put_events(Entries=[event])["FailedEntryCount"] == 0

    return entry


def test_a_function_gets_the_event(as_told, rule, put):
    function = as_told()
    rule({"Arn": function.arn}, allowed=[function])
    put()
    put(source="elsewhere")
    [event] = payloads(function)
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
def test_a_rule_passes_on_what_its_target_says(as_told, rule, passes_on, expected, put):
    function = as_told()
    made, _ = rule({"Arn": function.arn, **passes_on}, allowed=[function])
    put({"order": {"id": 7, "lines": ["a", "b"]}, "name": 'a "b"'})
    if isinstance(expected, dict) and "rule" in expected:
        expected = expected | {"rule": made}
    assert payloads(function) == [expected]


def test_a_queue_gets_what_a_transformer_makes(async_lab, rule, open_queue, put):
    queue = open_queue("events")
    transformer = {"InputPathsMap": {"order": "$.detail.order"}, "InputTemplate": '{"number": <order>}'}
    rule({"Arn": queue, "InputTransformer": transformer})
    put()
    assert [message.json for message in async_lab.messages(queue)] == [{"number": 1}]


def test_without_permission_nothing_arrives_and_the_rule_counts_it(async_lab, as_told, rule, put):
    function, other = as_told(), as_told()
    made, _ = rule({"Arn": function.arn}, {"Arn": other.arn}, allowed=[other])
    put()
    assert (len(payloads(function)), len(payloads(other))) == (0, 1)
    assert total(async_lab, "AWS/Events", "TriggeredRules", RuleName=made) == 1
    assert total(async_lab, "AWS/Events", "Invocations", RuleName=made) == 2
    assert total(async_lab, "AWS/Events", "FailedInvocations", RuleName=made) == 1


@pytest.mark.parametrize("is_gone", [True, False])
def test_what_a_target_can_not_get_is_in_its_dead_letter_queue(
    async_lab, as_told, lambda_, rule, is_gone, open_queue, put
):
    queue = open_queue("events")
    function = as_told()
    made, arn = rule({"Arn": function.arn, "DeadLetterConfig": {"Arn": queue}})
    if is_gone:
        lambda_.delete_function(FunctionName=function.name)
    put()
    [message] = async_lab.messages(queue)
    assert message.json["detail"] == {"order": 1}
    told = message.attributes
    assert (told["RULE_ARN"], told["ERROR_CODE"]) == (arn, "NO_RESOURCE" if is_gone else "NO_PERMISSIONS")
    assert total(async_lab, "AWS/Events", "InvocationsSentToDlq", RuleName=made) == 1


def test_a_dead_letter_says_what_could_not_be_delivered_and_that_it_was_not_tried_again(
    async_lab, as_told, rule, open_queue, put
):
    queue = open_queue("events")
    function = as_told()
    small = open_queue("events", MaximumMessageSize="1024")
    letters = {"DeadLetterConfig": {"Arn": queue}, "RetryPolicy": {"MaximumRetryAttempts": 185}}
    bare = {"InputPathsMap": {"order": "$.detail.order"}, "InputTemplate": "order <order>"}
    rule({"Arn": function.arn, "InputTransformer": bare, **letters}, {"Arn": small, **letters}, allowed=[function])
    put({"order": 1, "text": "x" * 1024})
    told = {}
    for message in async_lab.messages(queue):
        attributes = message.attributes
        told[attributes["TARGET_ARN"]] = (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"])
        assert "EXHAUSTED_RETRY_CONDITION" not in attributes
    assert told == {function.arn: ("INVALID_JSON", "0"), small: ("INVALID_PARAMETER", "0")}
    assert (payloads(function), async_lab.messages(small)) == ([], [])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"RetryPolicy": {"MaximumEventAgeInSeconds": 86_401}},
            "maximumEventAgeInSeconds' .* less than or equal to 86400",
        ),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "maximumRetryAttempts' .* less than or equal to 185"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q.fifo"}}, "must be a standard SQS queue"),
    ],
)
def test_retries_and_dead_letter_queues_that_no_rule_can_have_are_refused(rule, settings, said):
    with pytest.raises(ClientError, match=said):
        rule({"Arn": ANY, **settings})


def test_a_target_that_is_missing_keeps_no_other_from_its_event(as_told, sqs, rule, put):
    function = as_told()
    missing = "arn:aws:sqs:eu-west-1:123456789012:missing"
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:missing"
    rule({"Arn": missing}, {"Arn": group}, {"Arn": function.arn}, allowed=[function])
    put()
    assert len(payloads(function)) == 1


def test_a_rule_that_is_disabled_sends_nothing(as_told, events, rule, put):
    function = as_told()
    made, _ = rule({"Arn": function.arn}, allowed=[function])
    events.disable_rule(Name=made)
    put()
    assert payloads(function) == []


def test_an_event_goes_from_bus_to_bus(as_told, events, rule, allow, put):
    function = as_told()
    bus = events.create_event_bus(Name="orders")["EventBusArn"]
    inner = events.put_rule(Name="inner", EventBusName="orders", EventPattern='{"source": ["shop"]}')["RuleArn"]
    events.put_targets(Rule="inner", EventBusName="orders", Targets=[{"Id": "1", "Arn": function.arn}])
    allow(function, "events", inner)
    rule({"Arn": bus})
    put()
    assert [event["detail"] for event in payloads(function)] == [{"order": 1}]


def test_targets_that_would_never_get_anything_are_refused_by_name(events, rule):
    stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
    with pytest.raises(ClientError, match="async-lab sends no events of a rule to kinesis yet"):
        rule({"Arn": stream})


def test_a_path_that_can_not_be_followed_is_refused(rule):
    with pytest.raises(ClientError, match="Invalid JSON path"):
        rule({"Arn": ANY, "InputPath": "$..order"})


@pytest.mark.parametrize(("spare_bytes", "is_taken"), [(0, True), (-1, False)])
def test_a_request_takes_a_megabyte_of_entries(events, rule, spare_bytes, is_taken):
    whole = 1024 * 1024 - len("shopOrder")
    detail = json.dumps({"text": "x" * (whole - spare_bytes - len('{"text": ""}'))})
    entry = {"Source": "shop", "DetailType": "Order", "Detail": detail}
    if is_taken:
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    else:
        with pytest.raises(ClientError, match="Total size of the entries"):
            events.put_events(Entries=[entry])


def test_a_pattern_can_be_tried(events):
    event = dict.fromkeys(("id", "account", "time", "region", "detail-type"), "x")
    event |= {"source": "shop", "resources": [], "detail": {"lines": [{"kind": "a"}, {"kind": "b"}]}}

    def tried(pattern, event=event):
        return events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"]

    assert tried({"source": ["shop"], "detail": {"lines": {"kind": ["b"]}}})
    assert not tried({"source": [{"anything-but": "shop"}]})
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        tried({"source": "shop"})
    with pytest.raises(ClientError, match="source is a required field"):
        tried({"source": ["shop"]}, {name: value for name, value in event.items() if name != "source"})


@pytest.mark.parametrize("pattern", ["[]", "{", '{"source": [{"like": "x"}]}', '{"a": [{"numeric": ["~", 1]}]}'])
def test_what_is_no_pattern_makes_no_rule(events, pattern):
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        events.put_rule(Name="none", EventPattern=pattern)
    assert events.list_rules()["Rules"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": '{"order": NaN}'}, "MalformedDetail"),
        ({"Source": "aws.shop"}, "NotAuthorizedForSourceException"),
    ],
)
def test_an_entry_that_is_wrong_fails_alone(as_told, events, rule, wrong, code):
    function = as_told()
    rule({"Arn": function.arn}, allowed=[function])
    entry = {"Source": "shop", "DetailType": "Order", "Detail": '{"order": 1}'}
    answer = events.put_events(Entries=[entry | wrong, entry])
    assert answer["FailedEntryCount"] == 1
    assert [each.get("ErrorCode") for each in answer["Entries"]] == [code, None]
    assert len(payloads(function)) == 1


def test_a_rule_has_five_targets(async_lab, events, rule):
    queue = async_lab.queue("orders")
    made, _ = rule(*[{"Arn": queue}] * 5)
    events.put_targets(Rule=made, Targets=[{"Id": "4", "Arn": queue}])
    with pytest.raises(ClientError, match="LimitExceededException"):
        events.put_targets(Rule=made, Targets=[{"Id": "sixth", "Arn": queue}])
    assert len(events.list_targets_by_rule(Rule=made)["Targets"]) == 5


def test_a_replay_sends_what_its_span_and_its_rules_say(async_lab, events, rule, open_queue, put):
    bus = events.describe_event_bus(Name="default")["Arn"]
    archive = events.create_archive(ArchiveName="kept", EventSourceArn=bus)["ArchiveArn"]
    begin = async_lab.now
    put({"order": 1})
    async_lab.advance(seconds=60)
    put({"order": 2})
    queue, other = open_queue("events"), open_queue("events")
    _, wanted = rule({"Arn": queue}, name="wanted")
    rule({"Arn": other}, name="other")
    events.start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=begin + 30,
        EventEndTime=begin + 90,
        Destination={"Arn": bus, "FilterArns": [wanted]},
    )
    [message] = async_lab.messages(queue)
    assert (message.json["detail"], message.json["replay-name"]) == ({"order": 2}, "again")
    assert async_lab.messages(other) == []
    assert events.describe_replay(ReplayName="again")["State"] == "COMPLETED"


def test_a_bus_is_changed_and_reads_back(events):
    events.create_event_bus(Name="orders", Description="old")
    events.update_event_bus(Name="orders", Description="new")
    assert events.describe_event_bus(Name="orders")["Description"] == "new"
    events.update_event_bus(Name="orders")
    assert "Description" not in events.describe_event_bus(Name="orders")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.update_event_bus(Name="missing", Description="x")


def test_a_bus_with_rules_is_not_deleted(events):
    events.create_event_bus(Name="orders")
    events.put_rule(Name="r", EventBusName="orders", EventPattern='{"source": ["a"]}')
    with pytest.raises(ClientError, match="EventBus can't be deleted since it has rules"):
        events.delete_event_bus(Name="orders")
    assert events.describe_event_bus(Name="orders")["Name"] == "orders"
    events.delete_rule(Name="r", EventBusName="orders")
    events.delete_event_bus(Name="orders")
    events.delete_event_bus(Name="orders")


def test_a_rule_that_eventbridge_manages_is_not_changed_unless_it_is_forced(events):
    bus = events.describe_event_bus(Name="default")["Arn"]
    events.create_archive(ArchiveName="kept", EventSourceArn=bus)
    name = events.list_rules()["Rules"][0]["Name"]
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    for call, arguments in (
        (events.put_rule, {"Name": name, "EventPattern": '{"source": ["a"]}'}),
        (events.put_targets, {"Rule": name, "Targets": targets}),
        (events.disable_rule, {"Name": name}),
        (events.enable_rule, {"Name": name}),
        (events.remove_targets, {"Rule": name, "Ids": [targets[0]["Id"]]}),
        (events.delete_rule, {"Name": name}),
    ):
        with pytest.raises(events.exceptions.ManagedRuleException):
            call(**arguments)
    events.remove_targets(Rule=name, Ids=[targets[0]["Id"]], Force=True)
    events.delete_rule(Name=name, Force=True)
    assert events.list_rules()["Rules"] == []


def test_an_event_for_a_bus_that_is_not_there_is_accepted_and_gone(async_lab, events, open_queue):
    queue = open_queue("events")
    events.put_rule(Name="all", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": queue}])
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    answer = events.put_events(Entries=[entry | {"EventBusName": "nowhere"}, entry])
    assert answer["FailedEntryCount"] == 0
    assert all(each["EventId"] for each in answer["Entries"])
    assert len(async_lab.messages(queue)) == 1


@pytest.mark.parametrize(("of", "is_taken"), [("rule/orders/r", True), ("rule/r", False)])
def test_a_targets_role_is_one_that_eventbridge_may_assume_for_the_rule(events, iam, open_queue, of, is_taken):
    events.create_event_bus(Name="orders")
    events.put_rule(Name="r", EventBusName="orders", EventPattern='{"source": ["a"]}')
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:eu-west-1:123456789012:{of}"}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="sends", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    asked = {"Rule": "r", "EventBusName": "orders", "Targets": [{"Id": "1", "Arn": open_queue(), "RoleArn": role}]}
    if is_taken:
        assert events.put_targets(**asked)["FailedEntryCount"] == 0
        return
    with pytest.raises(ClientError, match="cannot be assumed by principal"):
        events.put_targets(**asked)
