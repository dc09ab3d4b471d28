"""What a stack refuses before anything of it is made. Whole stacks are applied in tests/lab."""

import json
import logging

import pytest
from program import copy_of_checkout

from async_lab import scenario
from async_lab.process.interrupts import Interrupts
from async_lab.stack.stack import open_stack


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path)


@pytest.fixture
def opened(target, checkout):
    wanted = scenario.find(checkout, "scenario-2")
    return open_stack(checkout, target, wanted, checkout.runs / "this", Interrupts(), lambda _: None)


@pytest.mark.e2e
def test_what_users_added_for_their_own_account_stays_out_of_a_local_run(opened, checkout):
    users_own = ["backend.tf", "terraform.tfstate", "mine.auto.tfvars", "terraform.tfvars", "main_override.tf"]
    for name in users_own:
        (checkout.terraform / name).write_text("this would be an error")
    with opened as stack:
        there = {path.name for path in stack.terraform.directory.iterdir()}
        assert {"main.tf", "variables.tf", "modules", "scenarios", ".terraform.lock.hcl"} <= there
        assert there.isdisjoint(users_own)
        assert stack.terraform.plan(checkout.scenarios / "scenario-2.tfvars").changes
    assert [path.name for path in (checkout.runs / "this").iterdir()] == ["terraform.log"]


@pytest.mark.e2e
def test_what_the_endpoint_logs_lies_beside_terraforms_log_and_not_on_the_terminal(opened, checkout, capfd):
    with opened:
        logging.getLogger("async_lab.endpoint.http.unanswered").error("POST / failed")
    assert (checkout.runs / "this" / "endpoint.log").read_text() == "POST / failed\n"
    assert "POST / failed" not in "".join(capfd.readouterr())


@pytest.mark.e2e
def test_a_policy_that_an_interrupted_apply_left_unknown_does_not_keep_the_role(opened, target, checkout):
    denial = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    wanted = scenario.find(checkout, "scenario-2")
    with opened as stack:
        stack.apply(wanted)
        target.client("iam").put_role_policy(
            RoleName=wanted.stack_name, PolicyName="orphan", PolicyDocument=json.dumps(denial)
        )
        stack.take_down()
