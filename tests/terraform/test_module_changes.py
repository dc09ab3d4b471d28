"""The no-drift matrix: each feature of async-function is applied and changed, and no plan after that finds a change.

One function per feature, all in the same applies.
"""

import json
import shutil
from pathlib import Path

import boto3
import pytest
from conftest import REGION, Directory, said

pytestmark = pytest.mark.e2e

TOPIC = f"arn:aws:sns:{REGION}:123456789012:changing-"
CHANGES = {  # feature: what it is first, and then
    "sizes": (
        {"memory_size": 128, "timeout": 30, "description": "First", "ephemeral_storage_size": 512},
        {"memory_size": 256, "timeout": 60, "description": "Then", "ephemeral_storage_size": 1024},
    ),
    "code": (
        {"code": {"runtime": "python3.12", "architecture": "x86_64"}},
        {"code": {"runtime": "python3.13", "architecture": "arm64"}},
    ),
    "retries": ({"async": {"maximum_retry_attempts": 2}}, {"async": {"maximum_retry_attempts": 0}}),
    "age": ({"async": {"maximum_event_age_in_seconds": 60}}, {"async": {"maximum_event_age_in_seconds": 21600}}),
    "destination": (
        {"async": {"on_failure": {"arn": f"{TOPIC}one"}}},
        {"async": {"on_failure": {"arn": f"{TOPIC}two"}, "on_success": {"arn": f"{TOPIC}one"}}},
    ),
    "destination-gone": ({"async": {"on_failure": {"arn": f"{TOPIC}one"}}}, {}),
    "dead-letter": ({"dead_letter_target": {"arn": f"{TOPIC}one"}}, {"dead_letter_target": {"arn": f"{TOPIC}two"}}),
    "dead-letter-gone": ({"dead_letter_target": {"arn": f"{TOPIC}one"}}, {}),
    "environment": ({"environment": {"variables": {"MODE": "a"}}}, {"environment": {"variables": {"MODE": "b"}}}),
    "environment-gone": ({"environment": {"variables": {"MODE": "a"}}}, {}),
    "reservation": ({"reserved_concurrent_executions": 5}, {"reserved_concurrent_executions": 0}),
    "reservation-gone": ({"reserved_concurrent_executions": 0}, {}),
    "logging": (
        {"logging": {"retention_in_days": 7}},
        {"logging": {"retention_in_days": 30, "format": "JSON", "application_level": "INFO", "system_level": "WARN"}},
    ),
    "tracing": ({"tracing_mode": "PassThrough"}, {"tracing_mode": "Active"}),
    "tags": ({"tags": {"Team": "one"}}, {"tags": {"Team": "two", "Cost": "3"}}),
    "alias": (
        {"alias": {"name": "live"}, "async": {"maximum_retry_attempts": 1}},
        {"alias": {"name": "live"}, "async": {"maximum_retry_attempts": 0}, "memory_size": 256},
    ),
    "alias-added": ({}, {"alias": {"name": "live"}}),
    "trigger": (
        {"allowed_triggers": {"topic": {"principal": "sns.amazonaws.com", "source_arn": f"{TOPIC}one"}}},
        {"allowed_triggers": {"topic": {"principal": "sns.amazonaws.com", "source_arn": f"{TOPIC}two"}}},
    ),
}


@pytest.fixture(scope="module")
def changing(tree, keep):
    path = tree / "changing"
    shutil.copytree(Path(__file__).parent / "changing", path)
    with keep(path) as attached:
        directory = Directory(path, attached)
        write(directory, 0)
        initialized = directory.run("init")
        assert initialized.returncode == 0, said(initialized)
        yield directory


def write(directory, moment):
    settings = {feature: moments[moment] for feature, moments in CHANGES.items()}
    (directory.path / "settings.json").write_text(json.dumps(settings))


def apply_and_plan(directory, moment):
    """Return the functions that the plan after the apply would still change."""
    write(directory, moment)
    applied = directory.run("apply", "-auto-approve", "-parallelism=50")
    assert applied.returncode == 0, said(applied)
    directory.run("plan", "-out=next.tfplan")
    changes = json.loads(directory.run("show", "-json", "next.tfplan").stdout)["resource_changes"]
    return {
        change["address"]: change["change"]["actions"] for change in changes if change["change"]["actions"] != ["no-op"]
    }


@pytest.fixture(scope="module")
def matrix(changing, endpoint):
    client = boto3.client(
        "lambda", endpoint_url=endpoint.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    first, then = apply_and_plan(changing, 0), apply_and_plan(changing, 1)
    configs = {
        feature: client.get_function_event_invoke_config(
            FunctionName=f"changing-{feature}", **({"Qualifier": "live"} if feature.startswith("alias") else {})
        )
        for feature in CHANGES
    }
    destroyed = changing.run("destroy", "-auto-approve", "-parallelism=50")
    return first, then, configs, destroyed, client.list_functions()["Functions"]


@pytest.mark.parametrize("feature", CHANGES)
def test_a_features_plan_is_empty_after_its_apply_and_after_its_change(matrix, feature):
    address = f'module.function["{feature}"]'
    assert {name: actions for plan in matrix[:2] for name, actions in plan.items() if name.startswith(address)} == {}


@pytest.mark.parametrize("feature", CHANGES)
def test_lambda_has_what_was_asked_for_last(matrix, feature):
    wanted, config = CHANGES[feature][1].get("async", {}), matrix[2][feature]
    assert config["MaximumRetryAttempts"] == wanted.get("maximum_retry_attempts", 2)
    assert config["MaximumEventAgeInSeconds"] == wanted.get("maximum_event_age_in_seconds", 21600)
    destinations = config["DestinationConfig"]
    assert destinations["OnFailure"].get("Destination") == wanted.get("on_failure", {}).get("arn")
    assert destinations["OnSuccess"].get("Destination") == wanted.get("on_success", {}).get("arn")


def test_nothing_is_left(matrix):
    assert matrix[3].returncode == 0, said(matrix[3])
    assert matrix[4] == []
