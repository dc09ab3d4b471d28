"""Schedules fire in virtual time."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

ANY_TIME = {"Mode": "OFF"}


@pytest.fixture
def rule(lab):
    """Makes a rule with a schedule and a function as its target; returns the rule's name."""
    made = []

    def make(name, expression, **target):
        lab.made += 1
        rule = f"schedule-{lab.made}"
        arn = lab.events.put_rule(Name=rule, ScheduleExpression=expression)["RuleArn"]
        lab.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": lab.arn(name), **target}])
        lab.allow(name, "events", arn)
        made.append(rule)
        return rule

    yield make
    for each in made:
        lab.events.remove_targets(Rule=each, Ids=["1"])
        lab.events.delete_rule(Name=each)


@pytest.fixture
def schedule(lab):
    """Makes a schedule of EventBridge Scheduler; returns its name."""
    made = []

    def make(arn, expression, role=None, target=None, **settings):
        lab.made += 1
        name = f"schedule-{lab.made}"
        lab.scheduler.create_schedule(
            Name=name,
            ScheduleExpression=expression,
            Target={"Arn": arn, "RoleArn": role or lab.role, **(target or {})},
            **{"FlexibleTimeWindow": ANY_TIME} | settings,
        )
        made.append(name)
        return name

    yield make
    left = {each["Name"] for each in lab.scheduler.list_schedules()["Schedules"]}
    for name in left & set(made):
        lab.scheduler.delete_schedule(Name=name)


def test_a_rule_fires_at_its_rate(lab, rule):
    name, start = lab.function(), lab.target.now()
    rule(name, "rate(5 minutes)")
    lab.endpoint.wait(299)
    assert lab.invoked(name) == []
    lab.endpoint.wait(602)
    fired = [event.accepted_at - start for event in lab.endpoint.events() if event.function == name]
    assert fired == [300, 600, 900]


def test_a_scheduled_event_is_as_event_bridge_sends_it(lab, rule):
    name = lab.function()
    made = rule(name, "rate(1 minute)")
    lab.endpoint.wait(61)
    [event] = lab.invoked(name)
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


def test_a_rule_fires_at_its_times_with_its_input_until_it_is_disabled(lab, rule):
    name = lab.function()
    made = rule(name, "cron(0/10 * * * ? *)", Input='{"constant": 1}')
    lab.endpoint.wait(1_200)
    assert lab.invoked(name) == [{"constant": 1}] * 2
    fired = [event.accepted_at for event in lab.endpoint.events() if event.function == name]
    assert [at % 600 for at in fired] == [0, 0]
    lab.events.disable_rule(Name=made)
    lab.endpoint.wait(1_200)
    assert len(lab.invoked(name)) == 2


def test_a_scheduled_rule_hears_of_no_other_event(lab, rule):
    name = lab.function()
    rule(name, "rate(1 hour)")
    lab.events.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": "{}"}])
    assert lab.invoked(name) == []


def test_a_schedule_that_was_due_while_nobody_looked_fires_once_for_each_time(lab, rule):
    name = lab.function()
    rule(name, "rate(1 minute)")
    lab.endpoint.wait(3 * 3_600)
    assert len(lab.invoked(name)) == 180


def test_the_scheduler_fires_once_at_its_time_and_deletes_itself(lab, schedule):
    name = lab.function()
    at = lab.target.now() + 90
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    made = schedule(lab.arn(name), f"at({moment})", ActionAfterCompletion="DELETE")
    lab.endpoint.wait(89)
    assert lab.invoked(name) == []
    lab.endpoint.wait(120)
    [event] = lab.invoked(name)
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.scheduler", "Scheduled Event", "{}")
    assert event["resources"] == [f"arn:aws:scheduler:eu-west-1:123456789012:schedule/default/{made}"]
    assert made not in {each["Name"] for each in lab.scheduler.list_schedules()["Schedules"]}


def test_the_scheduler_fills_its_context_in(lab, schedule):
    name = lab.function()
    told = '{"at": "<aws.scheduler.scheduled-time>", "try": <aws.scheduler.attempt-number>}'
    schedule(lab.arn(name), "rate(1 minute)", target={"Input": told})
    lab.endpoint.wait(61)
    [event] = lab.invoked(name)
    assert (event["try"], event["at"][-1]) == (1, "Z")


def test_the_scheduler_acts_by_its_role_and_keeps_what_that_may_not(lab, schedule):
    lab.iam.create_role(RoleName="scheduler-may-nothing", AssumeRolePolicyDocument="{}")
    role, name, (url, queue) = "arn:aws:iam::123456789012:role/scheduler-may-nothing", lab.function(), lab.queue()
    schedule(lab.arn(name), "rate(1 minute)", role, target={"Input": '"x"', "DeadLetterConfig": {"Arn": queue}})
    lab.endpoint.wait(61)
    assert lab.invoked(name) == []
    [message] = lab.messages(url)
    assert message["Body"] == '"x"'
    assert "may not lambda:InvokeFunction" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


@pytest.mark.parametrize("expression", ["rate(1 minutes)", "cron(0 10 * * * *)"])
def test_an_expression_that_never_fires_is_refused(lab, rule, schedule, expression):
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        rule("any", expression)
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        schedule(lab.arn("any"), expression)


def test_targets_that_the_scheduler_does_not_have_are_refused_by_name(lab, schedule):
    with pytest.raises(ClientError, match="async-lab fires no schedule at scheduler yet"):
        schedule("arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "rate(1 hour)")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"GroupName": "elsewhere"}, "ResourceNotFoundException"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "MaximumWindowInMinutes"),
        ({"role": "nobody"}, "target.roleArn"),
        ({"target": {"RetryPolicy": {"MaximumRetryAttempts": 200}}}, "maximumRetryAttempts"),
        ({"State": "PAUSED"}, "enum value set"),
    ],
)
def test_a_schedule_that_there_can_not_be_is_refused(lab, schedule, wrong, code):
    with pytest.raises(ClientError, match=code):
        schedule(lab.queue()[1], "rate(1 hour)", **wrong)


@pytest.mark.parametrize(("settings", "expected"), [({"ActionAfterCompletion": "DELETE"}, "DELETE"), ({}, "NONE")])
def test_an_update_says_anew_what_is_done_at_the_end(lab, schedule, settings, expected):
    arn = lab.queue()[1]
    name = schedule(arn, "rate(1 hour)", ActionAfterCompletion="DELETE")
    target = {"Arn": arn, "RoleArn": lab.role}
    lab.scheduler.update_schedule(
        Name=name, ScheduleExpression="rate(2 hours)", FlexibleTimeWindow=ANY_TIME, Target=target, **settings
    )
    assert lab.scheduler.get_schedule(Name=name)["ActionAfterCompletion"] == expected


@pytest.mark.parametrize(("name", "code"), [("none", "ResourceNotFoundException"), ("default", "ValidationException")])
def test_a_group_that_can_not_be_deleted_is_not(lab, name, code):
    with pytest.raises(ClientError, match=code):
        lab.scheduler.delete_schedule_group(Name=name)
