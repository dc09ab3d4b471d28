"""Schedules fire in virtual time."""

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from measured import payloads

from async_lab.testing.base import TRUST

ANY_TIME = {"Mode": "OFF"}
TRUST_OF_SCHEDULER = json.dumps(TRUST).replace("lambda.amazonaws", "scheduler.amazonaws")


ANY = "arn:aws:lambda:eu-west-1:123456789012:function:any"
MAY_INVOKE = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}}


@pytest.fixture
def rule(events, allow):
    """Makes a rule with a schedule and a function as its target; returns the rule's name."""

    def make(function, expression, **target):
        arn = events.put_rule(Name="often", ScheduleExpression=expression)["RuleArn"]
        events.put_targets(Rule="often", Targets=[{"Id": "1", "Arn": function.arn, **target}])
        allow(function, "events", arn)
        return "often"

    return make


@pytest.fixture
def role(async_lab):
    """Makes a role with a policy for the scheduler, or with none; returns its ARN."""
    iam = async_lab.client("iam")

    def make(policy=None):
        arn = iam.create_role(RoleName="scheduler", AssumeRolePolicyDocument=TRUST_OF_SCHEDULER)["Role"]["Arn"]
        if policy:
            iam.put_role_policy(RoleName="scheduler", PolicyName="it", PolicyDocument=json.dumps(policy))
        return arn

    return make


@pytest.fixture
def schedule(scheduler, role):
    """Makes a schedule of EventBridge Scheduler; returns its name."""

    def make(arn, expression, policy=MAY_INVOKE, target=None, **settings):
        scheduler.create_schedule(
            Name="often",
            ScheduleExpression=expression,
            Target={"Arn": arn, "RoleArn": role(policy), **(target or {})},
            **{"FlexibleTimeWindow": ANY_TIME} | settings,
        )
        return "often"

    return make


def test_a_rule_fires_at_its_rate(async_lab, as_told, rule):
    function, start = as_told(), async_lab.now
    rule(function, "rate(5 minutes)")
    async_lab.advance(seconds=299)
    assert payloads(function) == []
    async_lab.advance(seconds=602)
    fired = [event.accepted_at - start for event in function.events]
    assert fired == [300, 600, 900]


def test_a_scheduled_event_is_as_event_bridge_sends_it(async_lab, as_told, events, rule):
    function = as_told()
    made = rule(function, "rate(1 minute)")
    async_lab.advance(seconds=61)
    [event] = payloads(function)
    assert event.pop("id")
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "region": "eu-west-1",
        "resources": [f"arn:aws:events:eu-west-1:123456789012:rule/{made}"],
        "detail": {},
    }


def test_a_rule_fires_at_its_times_with_its_input_until_it_is_disabled(async_lab, as_told, events, rule):
    function = as_told()
    made = rule(function, "cron(0/10 * * * ? *)", Input='{"constant": 1}')
    async_lab.advance(seconds=1_200)
    assert payloads(function) == [{"constant": 1}] * 2
    fired = [event.accepted_at for event in function.events]
    assert [at % 600 for at in fired] == [0, 0]
    events.disable_rule(Name=made)
    async_lab.advance(seconds=1_200)
    assert len(payloads(function)) == 2


def test_a_scheduled_rule_hears_of_no_other_event(as_told, events, rule):
    function = as_told()
    rule(function, "rate(1 hour)")
    events.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": "{}"}])
    assert payloads(function) == []


def test_a_schedule_that_was_due_while_nobody_looked_fires_once_for_each_time(async_lab, as_told, rule):
    function = as_told()
    rule(function, "rate(1 minute)")
    async_lab.advance(seconds=3 * 3_600)
    assert len(payloads(function)) == 180


def test_the_scheduler_fires_once_at_its_time_and_deletes_itself(async_lab, as_told, scheduler, schedule):
    function = as_told()
    at = async_lab.now + 90
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    made = schedule(function.arn, f"at({moment})", ActionAfterCompletion="DELETE")
    async_lab.advance(seconds=89)
    assert payloads(function) == []
    async_lab.advance(seconds=120)
    [event] = payloads(function)
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.scheduler", "Scheduled Event", "{}")
    assert event["resources"] == [f"arn:aws:scheduler:eu-west-1:123456789012:schedule/default/{made}"]
    assert made not in {each["Name"] for each in scheduler.list_schedules()["Schedules"]}


def test_the_scheduler_fills_its_context_in(async_lab, as_told, schedule):
    function = as_told()
    told = '{"at": "<aws.scheduler.scheduled-time>", "try": <aws.scheduler.attempt-number>}'
    schedule(function.arn, "rate(1 minute)", target={"Input": told})
    async_lab.advance(seconds=61)
    [event] = payloads(function)
    assert (event["try"], event["at"][-1]) == (1, "Z")


def test_the_scheduler_acts_by_its_role_and_keeps_what_that_may_not(async_lab, as_told, sqs, schedule):
    function, queue = as_told(), async_lab.queue("kept")
    target = {"Input": '"x"', "DeadLetterConfig": {"Arn": queue}}
    schedule(function.arn, "rate(1 minute)", None, target=target)
    async_lab.advance(seconds=61)
    assert payloads(function) == []
    [message] = async_lab.messages(queue)
    assert message.body == '"x"'
    assert "may not lambda:InvokeFunction" in message.attributes["ERROR_MESSAGE"]


@pytest.mark.parametrize("expression", ["rate(1 minutes)", "cron(0 10 * * * *)"])
def test_an_expression_that_never_fires_is_refused(as_told, rule, schedule, expression):
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        rule(as_told(), expression)
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        schedule(ANY, expression)


def test_targets_that_the_scheduler_does_not_have_are_refused_by_name(scheduler, schedule):
    with pytest.raises(ClientError, match="async-lab fires no schedule at scheduler yet"):
        schedule("arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "rate(1 hour)")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"GroupName": "elsewhere"}, "ResourceNotFoundException"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "MaximumWindowInMinutes"),
        ({"target": {"RoleArn": "nobody"}}, "target.roleArn"),
        ({"target": {"RetryPolicy": {"MaximumRetryAttempts": 200}}}, "maximumRetryAttempts"),
        ({"State": "PAUSED"}, "enum value set"),
    ],
)
def test_a_schedule_that_there_can_not_be_is_refused(async_lab, schedule, wrong, code):
    with pytest.raises(ClientError, match=code):
        schedule(async_lab.queue("orders"), "rate(1 hour)", **wrong)


@pytest.mark.parametrize(("settings", "expected"), [({"ActionAfterCompletion": "DELETE"}, "DELETE"), ({}, "NONE")])
def test_an_update_says_anew_what_is_done_at_the_end(async_lab, scheduler, schedule, settings, expected):
    made = schedule(async_lab.queue("orders"), "rate(1 hour)", ActionAfterCompletion="DELETE")
    target = scheduler.get_schedule(Name=made)["Target"]
    scheduler.update_schedule(
        Name=made, ScheduleExpression="rate(2 hours)", FlexibleTimeWindow=ANY_TIME, Target=target, **settings
    )
    assert scheduler.get_schedule(Name=made)["ActionAfterCompletion"] == expected


def test_a_group_that_is_there_is_not_made_again(scheduler):
    scheduler.create_schedule_group(Name="orders")
    for name in ("default", "orders"):
        with pytest.raises(scheduler.exceptions.ConflictException, match=f"Schedule group {name} already exists"):
            scheduler.create_schedule_group(Name=name)


@pytest.mark.parametrize(("name", "code"), [("none", "ResourceNotFoundException"), ("default", "ValidationException")])
def test_a_group_that_can_not_be_deleted_is_not(scheduler, name, code):
    with pytest.raises(ClientError, match=code):
        scheduler.delete_schedule_group(Name=name)


def test_a_schedule_whose_role_does_not_trust_the_scheduler_is_refused(async_lab, scheduler):
    role = async_lab.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
        "Arn"
    ]
    for arn in (role, f"{role}-missing"):
        with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
            scheduler.create_schedule(
                Name="once",
                ScheduleExpression="rate(1 hour)",
                FlexibleTimeWindow=ANY_TIME,
                Target={"Arn": ANY, "RoleArn": arn},
            )
