"""What triggers do with events that they can't deliver."""

import json

import pytest
from queue_lab import Lab

from async_lab.endpoint.embedded import Endpoint
from async_lab.observation.gaps import Looks
from async_lab.observation.look import look_at, look_closer
from async_lab.observation.triggers import Trigger, read_triggers


@pytest.fixture(scope="module")
def lab():
    with Endpoint(start=1_692_778_920.0) as endpoint:
        yield Lab(endpoint)


def allow(lab, name, service, source):
    lab.lambda_.add_permission(
        FunctionName=name,
        StatementId=service,
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )


def test_topics_and_rules_with_and_without_a_queue_of_their_own(lab):
    name, other = lab.function(), lab.function()
    arn = lab.lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
    url, queue = lab.open_queue("sns", "events")
    sns, events = lab.target.client("sns"), lab.target.client("events")
    topic = sns.create_topic(Name="incoming")["TopicArn"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn, ReturnSubscriptionArn=True)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn.replace(name, other))
    sns.set_subscription_attributes(
        SubscriptionArn=subscribed["SubscriptionArn"],
        AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": queue}),
    )
    rule = events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")["RuleArn"]
    events.put_targets(Rule="nightly", Targets=[{"Id": "one", "Arn": arn}])
    allow(lab, name, "sns", topic)
    allow(lab, name, "events", rule)
    allow(lab, name, "s3", "arn:aws:s3:::incoming")
    lab.sqs.send_message(QueueUrl=url, MessageBody="given up")

    now = lab.target.now()
    seen = look_closer(lab.target.client, look_at(lab.target.client, name, None, now - 600, now), None)
    assert set(seen.triggers) == {Trigger(topic, queue, 1), Trigger(rule, None, None)}


def test_what_can_not_be_seen_is_a_gap(lab):
    class Invoker:
        source_arn = "arn:aws:events:eu-west-1:123456789012:rule/gone"

    looks = Looks()
    assert read_triggers(lab.target.client, "arn", [Invoker()], looks) == ()
    assert [gap.subject for gap in looks.gaps] == [f"whether {Invoker.source_arn} keeps what it can't deliver"]
