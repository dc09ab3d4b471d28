"""What triggers do with events that they can't deliver."""

import json

import pytest

from async_lab.observation.gaps import Looks
from async_lab.observation.look import look_at, look_closer
from async_lab.observation.triggers import Trigger, read_triggers


@pytest.fixture(scope="module")
def lab_settings():
    return {"region": "eu-west-1", "start": 1_692_778_920.0}


def allow(lambda_, function, service, source):
    lambda_.add_permission(
        FunctionName=function.name,
        StatementId=service,
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )


def test_topics_and_rules_with_and_without_a_queue_of_their_own(async_lab, as_told, lambda_, sqs, target, open_queue):
    function, other = as_told(), as_told()
    queue = open_queue("sns", "events")
    sns, events = async_lab.client("sns"), async_lab.client("events")
    topic = sns.create_topic(Name="incoming")["TopicArn"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn, ReturnSubscriptionArn=True)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=other.arn)
    sns.set_subscription_attributes(
        SubscriptionArn=subscribed["SubscriptionArn"],
        AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": queue}),
    )
    rule = events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")["RuleArn"]
    events.put_targets(Rule="nightly", Targets=[{"Id": "one", "Arn": function.arn}])
    allow(lambda_, function, "sns", topic)
    allow(lambda_, function, "events", rule)
    allow(lambda_, function, "s3", "arn:aws:s3:::incoming")
    sqs.send_message(QueueUrl=queue.rpartition(":")[2], MessageBody="given up")

    now = async_lab.now
    seen = look_closer(target.client, look_at(target.client, function.name, None, now - 600, now), None)
    assert set(seen.triggers) == {Trigger(topic, queue, 1), Trigger(rule, None, None)}


def test_what_can_not_be_seen_is_a_gap(target):
    class Invoker:
        source_arn = "arn:aws:events:eu-west-1:123456789012:rule/gone"

    looks = Looks()
    assert read_triggers(target.client, "arn", [Invoker()], looks) == ()
    assert [gap.subject for gap in looks.gaps] == [f"whether {Invoker.source_arn} keeps what it can't deliver"]
