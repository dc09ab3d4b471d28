"""What a run on AWS is said to make and to need, against what it makes and calls, Terraform's provider included."""

import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from calls import Recorder, standing_before_endpoints
from program import call, copy_of_checkout

from async_lab import scenario
from async_lab.account import forecast
from async_lab.account.permissions import ALSO_NEEDED, CALLED, needed
from async_lab.endpoint.embedded import Endpoint
from async_lab.target.environment import endpoint_variables

pytestmark = pytest.mark.e2e

REGION = "eu-west-1"
PROGRAM = (sys.executable, Path(__file__).with_name("aws_program.py"))


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    with standing_before_endpoints(recorder):
        yield recorder


@pytest.fixture
def account(recorder: Recorder) -> Iterator[Endpoint]:
    with Endpoint(seed=0) as endpoint:
        yield endpoint


def named(permissions: dict[str, tuple[str, ...]]) -> set[str]:
    return {f"{service}:{action}" for service, actions in permissions.items() for action in actions}


def test_the_permissions_asked_for_are_those_that_runs_and_their_removal_use(recorder, account, tmp_path):
    checkout = copy_of_checkout(tmp_path)

    def lab(*arguments: str) -> None:
        ended = call(
            checkout, *arguments, "--yes", "--target", "aws", program=PROGRAM, **endpoint_variables(account.url, REGION)
        )
        assert ended.returncode == 0, ended.stderr

    chosen = ["baseline", "scenario-3", "scenario-1"]
    lab("run", "scenario-3", "--keep")
    cloudwatch = boto3.client(
        "cloudwatch",
        region_name=REGION,
        endpoint_url=account.url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    metrics = [[query for query in alarm.get("Metrics", [{}]) if "Expression" not in query] for alarm in alarms]
    told = " ".join(forecast.sentences([scenario.find(checkout, "scenario-3")], None))
    assert f" {len(alarms)} alarms, a composite alarm and a dashboard" in told
    reserved = 1
    assert sum(map(len, metrics)) == forecast.METRICS_IN_ALARMS + reserved

    (checkout.terraform / "terraform.tfstate").unlink()
    lab("destroy")  # by the lab itself
    lab("run", *chosen)  # by Terraform
    assert recorder.actions == named(CALLED)


EVERYTHING = """
title              = "Everything that only some scenarios have"
behavior           = { action = "invoke_itself" }
on_failure         = { type = "queue" }
on_success         = { type = "topic" }
dead_letter_target = { type = "topic", problem = "forbidden" }
other_functions    = { other = { events = 1 } }
observe_seconds    = 0
"""


@pytest.mark.long
def test_what_only_some_scenarios_need_is_told_of_them_alone(recorder, account, tmp_path):
    checkout = copy_of_checkout(tmp_path)
    services = ("sns", "eventbridge", "s3")
    for service in services:
        text = f'{EVERYTHING}trigger = {{ service = "{service}" }}\n'
        (checkout.scenarios / f"with-{service}.tfvars").write_text(text)
    chosen = [scenario.find(checkout, f"with-{service}") for service in services]
    plain = [scenario.find(checkout, "baseline")]

    def lab(*arguments: str) -> None:
        ended = call(
            checkout, *arguments, "--yes", "--target", "aws", program=PROGRAM, **endpoint_variables(account.url, REGION)
        )
        assert ended.returncode == 0, ended.stderr

    lab("run", "with-eventbridge", "with-sns", "with-s3")  # by Terraform
    lab("run", "with-eventbridge", "--keep")
    (checkout.terraform / "terraform.tfstate").unlink()
    lab("destroy")  # by the lab itself
    told = named(needed(chosen)) - named(needed(plain))
    assert sorted(recorder.actions - named(needed(plain))) == sorted(told - UNSEEN)
    assert not {"sns", "sqs", "events", "s3"} & set(needed(plain))


UNSEEN = {"sns:TagResource", "sqs:TagQueue", "events:TagResource"}
"""What AWS checks with another call."""


def test_what_is_told_has_each_permission_once():
    assert named(needed([])) == named(CALLED) | named(ALSO_NEEDED)
    assert not named(CALLED) & named(ALSO_NEEDED)
