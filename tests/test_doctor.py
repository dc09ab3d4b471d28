"""What the doctor finds. How the command says it is in test_cli.py and tests/lab."""

import os
import re

import pytest
import standing
from botocore.config import Config
from program import copy_of_checkout

from async_lab import doctor
from async_lab.errors import EnvironmentFailure
from async_lab.stack.journal import Entry, Journal


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path)


@pytest.fixture
def account(target):
    return target


def examine(checkout, open_target=None):
    return {check.subject: check for check in doctor.examine(checkout, open_target)}


def test_a_complete_machine_is_well(checkout):
    checks = examine(checkout)
    assert [check.subject for check in checks.values() if not check.is_well] == []
    assert "terraform-provider" not in checks["AWS provider"].found
    assert checks["Results"].found == "go to .lab/runs"


def test_every_missing_thing_is_told_and_the_others_are_looked_at_all_the_same(checkout, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (checkout.lab / "providers").unlink()
    checkout.lab.rmdir()
    checkout.lab.write_text("a file where the directory should be")
    checks = examine(checkout)
    assert {name for name, check in checks.items() if not check.is_well} == {"Terraform", "AWS provider", "Results"}
    assert "Terraform is not on the PATH: install" in checks["Terraform"].found
    assert "make it writable" in checks["Results"].found


def test_an_account_is_told_with_its_concurrency_limit_and_what_stands(checkout, account):
    entry = Entry("aws", account.account_id, account.region, "async-lab", os.devnull, os.devnull)
    Journal(checkout.stacks).write(entry)
    checks = examine(checkout, lambda: account)
    assert checks["AWS account"].found == f"{account.account_id}, {account.region}"
    assert checks["Concurrency"].found == "1000 of 1000 concurrent executions are free: enough for every scenario"
    assert checks["Left standing"].found.startswith(
        f"async-lab in {account.account_id}, {account.region}. Remove it with: "
    )


def test_a_new_accounts_limit_is_too_low_and_it_says_what_to_ask_for(checkout, account, monkeypatch):
    class New:
        """An account as AWS gives them since 2022."""

        account_id, region = account.account_id, account.region

        def client(self, service):
            lambda_client = account.client(service)
            lambda_client.meta.events.register("after-call.lambda.GetAccountSettings", lower)
            return lambda_client

    def lower(parsed, **_):
        parsed["AccountLimit"] |= {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}

    check = examine(checkout, New)["Concurrency"]
    assert not check.is_well
    assert check.found.startswith("10 of 10 concurrent executions are free")
    names, _, needed = check.found.partition(" need ")
    assert "scenario-2" in names
    assert re.match(r"1\d\d\. Ask for more: Service Quotas", needed)


def test_what_others_have_reserved_is_not_free(checkout, account):
    standing.reserve(account, "others", 900)
    check = examine(checkout, lambda: account)["Concurrency"]
    assert not check.is_well
    assert check.found.startswith("100 of 1000 concurrent executions are free, and Lambda lets nobody reserve of the")


def test_a_scenario_that_can_not_be_read_keeps_nobody_from_being_told(checkout, account):
    (checkout.scenarios / "broken.tfvars").write_text("title =")
    assert examine(checkout, lambda: account)["Concurrency"].is_well


def test_an_account_that_refuses_to_tell_is_no_reason_to_stop(checkout, account):
    checks = examine(checkout, lambda: OutOfReach(account))
    assert not checks["Concurrency"].is_well
    assert checks["Concurrency"].found.startswith("AWS doesn't tell: ")
    assert checks["Left standing"].found == "nothing"


class OutOfReach:
    """A target whose clients find nobody, and don't try again."""

    def __init__(self, target):
        self.account_id, self.region, self._session = target.account_id, target.region, target.session

    def client(self, service):
        once = Config(retries={"total_max_attempts": 1}, proxies={})
        return self._session.client(service, endpoint_url="http://127.0.0.1:9", config=once)


def test_an_account_that_can_not_be_opened_is_told(checkout):
    def refuse():
        raise EnvironmentFailure("log in again")

    check = examine(checkout, refuse)["AWS account"]
    assert (check.found, check.is_well) == ("log in again", False)
