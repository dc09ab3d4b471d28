"""Unknown names in one plan, and what is switched off goes in an order that AWS accepts."""

import shutil
from pathlib import Path

import boto3
import pytest
from conftest import REGION, Directory, said

pytestmark = pytest.mark.long

PREFIX = "async-switching-orders"


@pytest.fixture(scope="module")
def client(endpoint):
    return lambda service: boto3.client(
        service, endpoint_url=endpoint.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture(scope="module")
def switching(tree, keep, client):
    path = tree / "switching"
    shutil.copytree(Path(__file__).parent / "switching", path)
    client("cloudwatch").put_metric_alarm(AlarmName="switching-orders-errors", **alarm())
    with keep(path) as attached:
        directory = Directory(path, attached)
        initialized = directory.run("init")
        assert initialized.returncode == 0, said(initialized)
        apply(directory)
        yield directory
        destroyed = directory.run("destroy", "-auto-approve")
        assert destroyed.returncode == 0, said(destroyed)


def alarm():
    """Somebody else's alarm, of the name that the module gave once."""
    return {
        "Namespace": "Legacy",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 7,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def apply(directory, *variables):
    completed = directory.run("apply", "-auto-approve", *(f"-var={variable}" for variable in variables))
    assert completed.returncode == 0, said(completed)
    assert "Warning" not in said(completed)
    again = directory.run("plan", "-detailed-exitcode", *(f"-var={variable}" for variable in variables))
    assert again.returncode == 0, said(again)


def alarms(client):
    described = client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    metric = {one["AlarmName"] for one in described["MetricAlarms"]} - {"switching-orders-errors"}
    return metric, {one["AlarmName"]: one["AlarmRule"] for one in described["CompositeAlarms"]}


@pytest.mark.usefixtures("switching")
def test_names_that_are_known_after_the_apply_alone_are_applied_in_one_plan(client):
    metric, composite = alarms(client)
    assert {f"{PREFIX}-failure-queue", f"{PREFIX}-concurrency", f"{PREFIX}-dropped"} <= metric
    assert set(composite) == {f"{PREFIX}-any"}
    assert all(name in composite[f"{PREFIX}-any"] for name in metric)
    warm = client("lambda").get_provisioned_concurrency_config(FunctionName="switching-orders", Qualifier="live")
    assert warm["RequestedProvisionedConcurrentExecutions"] == 2


@pytest.mark.parametrize(
    ("variable", "gone"),
    [
        ("alarms={throttles={enabled=false}}", "throttles"),
        ("failure_queue=false", "failure-queue"),
        ("reserved_concurrent_executions=-1", "concurrency"),
    ],
)
def test_what_is_switched_off_goes_after_the_composite_alarm_forgot_it(switching, client, variable, gone):
    apply(switching)
    before, _ = alarms(client)
    apply(switching, variable)
    after, composite = alarms(client)
    assert before - after == {f"{PREFIX}-{gone}"}
    assert gone not in composite[f"{PREFIX}-any"]


def test_another_prefix_gives_all_alarms_new_names(switching, client):
    apply(switching)
    before, _ = alarms(client)
    apply(switching, "alarm_name_prefix=team-")
    after, composite = alarms(client)
    assert after == {name.replace("async-", "team-") for name in before}
    assert list(composite) == ["team-switching-orders-any"]


def test_somebody_elses_alarms_stay_as_they_are(switching, client):
    completed = switching.run("destroy", "-auto-approve", "-target=module.observability")
    assert completed.returncode == 0, said(completed)
    kept = client("cloudwatch").describe_alarms(AlarmNames=["switching-orders-errors"])["MetricAlarms"]
    assert [(one["Namespace"], one["Threshold"]) for one in kept] == [("Legacy", 7)]
    assert alarms(client) == (set(), {})
