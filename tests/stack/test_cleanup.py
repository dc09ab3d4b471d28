"""What clean-up takes down. That Terraform's own part of it works is in tests/lab."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import standing
from botocore.exceptions import ClientError
from program import copy_of_checkout

from async_lab.endpoint.embedded import Endpoint
from async_lab.errors import ExitCode, Interrupted, LeftBehind, UsageError
from async_lab.owned import Owned
from async_lab.process.interrupts import Interrupts
from async_lab.stack import cleanup, leftovers
from async_lab.stack.journal import Journal
from async_lab.target.local import LocalTarget

REGION = "eu-west-1"


class Account(LocalTarget):
    """The embedded endpoint as an account that outlives a run."""

    name = "aws"
    is_disposable = False


def nobody(_news): ...


@pytest.fixture
def account():
    with Endpoint() as endpoint:
        yield Account(endpoint, REGION)


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path)


@pytest.fixture
def entry(checkout, account):
    """A stack that is noted, and that no state of Terraform's knows."""
    var_file = str(checkout.scenarios / "baseline.tfvars")
    noted = standing.noted(account, "async-lab", directory=str(checkout.terraform), var_file=var_file)
    Journal(checkout.stacks).write(noted)
    return noted


def test_what_is_standing_is_told_by_stack_and_resource(checkout, account, entry):
    assert [str(stack) for stack in cleanup.standing(checkout, account)] == ["async-lab: nothing that AWS still shows"]
    account.client("logs").create_log_group(
        logGroupName="/aws/lambda/async-lab", tags={"Project": "async-lab", "Stack": "async-lab"}
    )
    assert [str(stack) for stack in cleanup.standing(checkout, account)] == [
        "async-lab: aws_cloudwatch_log_group /aws/lambda/async-lab"
    ]


@pytest.mark.parametrize("elsewhere", [{"region": "eu-north-1"}, {"account_id": "210987654321"}, {"target": "local"}])
def test_stacks_of_other_places_are_none_of_its_business(checkout, account, entry, elsewhere):
    Journal(checkout.stacks).erase(entry)
    Journal(checkout.stacks).write(replace(entry, **elsewhere))
    assert cleanup.standing(checkout, account) == []


def test_what_a_run_that_goes_on_has_made_is_left_to_it(checkout, account, entry, tmp_path):
    (tmp_path / "run").mkdir()
    used = replace(entry, run=str(tmp_path / "run"))
    Journal(checkout.stacks).write(used)
    run = Owned(tmp_path / "run")
    with pytest.raises(UsageError, match="A run that goes on uses async-lab: wait for its end"):
        cleanup.standing(checkout, account)
    run.release()
    assert [stack.entry for stack in cleanup.standing(checkout, account)] == [used]


def test_local_stacks_are_forgotten_but_those_of_runs_that_go_on(checkout, entry, tmp_path):
    journal = Journal(checkout.stacks)
    gone, goes_on = (
        replace(entry, target="local", directory=name, run=str(tmp_path / name)) for name in ("gone", "goes-on")
    )
    for note in (gone, goes_on):
        Path(note.run).mkdir()
        journal.write(note)
    run = Owned(Path(goes_on.run))
    assert cleanup.forget_local(checkout) == (
        "1 local stack went with its endpoint. 1 local stack belongs to a run that goes on, which takes it down itself."
    )
    assert journal.entries("local") == [goes_on]
    run.release()
    assert cleanup.forget_local(checkout) == "1 local stack went with its endpoint. Nothing is left."


def remove(checkout, account):
    stacks = cleanup.standing(checkout, account)
    return cleanup.remove(checkout, account, stacks, nobody, nobody, Interrupts())


@pytest.mark.e2e
def test_what_terraform_does_not_know_is_deleted_by_its_name(checkout, account, entry):
    standing.make(account, "async-lab")
    assert remove(checkout, account) == f"Nothing is left in account {account.account_id}, {REGION}."
    assert leftovers.find(account, entry) == []
    assert Journal(checkout.stacks).entries("aws") == []


def test_where_terraform_can_not_work_any_more_resources_are_deleted_all_the_same(checkout, account, entry):
    (checkout.terraform / "main.tf").write_text("this is an error")
    standing.make(account, "async-lab")
    remove(checkout, account)
    assert leftovers.find(account, entry) == []


def test_what_aws_refuses_to_delete_is_named_and_stays_noted(checkout, account, entry):
    (checkout.terraform / "main.tf").write_text("this is an error")
    standing.make(account, "async-lab")
    # A role in an instance profile can't be deleted, by anybody.
    account.client("iam").create_instance_profile(InstanceProfileName="somebodys")
    account.client("iam").add_role_to_instance_profile(InstanceProfileName="somebodys", RoleName="async-lab")
    with pytest.raises(LeftBehind) as left:
        remove(checkout, account)
    assert str(left.value) == (
        f"Still standing in account {account.account_id}, {REGION}: aws_iam_role async-lab. "
        "Remove it with: async-lab destroy --target aws"
    )
    assert "aws_iam_role async-lab can't be deleted: " in str(left.value.__cause__)
    assert "DeleteConflict" in str(left.value.__cause__)
    assert Journal(checkout.stacks).entries("aws") == [entry]


def test_an_account_that_does_not_tell_what_stands_leaves_it_noted(checkout, account, entry, monkeypatch):
    (checkout.terraform / "main.tf").write_text("this is an error")

    def refuse(_target, _name):
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "The token has expired"}}, "ListDashboards")

    monkeypatch.setattr(leftovers, "find", refuse)
    with pytest.raises(LeftBehind, match="AWS doesn't say what still stands of async-lab in account") as left:
        remove(checkout, account)
    assert "ExpiredToken" in str(left.value)
    assert str(left.value).endswith("Remove it with: async-lab destroy --target aws")
    assert Journal(checkout.stacks).entries("aws") == [entry]


@pytest.mark.parametrize("neighbor", ["async-lab-eu", "my-async-lab", "my-async-lab-eu"])
def test_a_neighbor_is_neither_told_nor_touched(checkout, account, entry, neighbor):
    (checkout.terraform / "main.tf").write_text("this is an error")
    standing.make(account, neighbor)
    assert [str(stack) for stack in cleanup.standing(checkout, account)] == ["async-lab: nothing that AWS still shows"]
    standing.make(account, "async-lab")
    remove(checkout, account)
    assert len(leftovers.find(account, standing.noted(account, neighbor))) == len(standing.resources(neighbor))


def busy(monkeypatch, times):
    """Let AWS refuse each deletion as often as this, as one that is too busy does."""
    really, asked = leftovers.delete, Counter()

    def delete(target, leftover):
        asked[leftover] += 1
        if asked[leftover] <= times:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "Delete")
        really(target, leftover)

    monkeypatch.setattr(leftovers, "delete", delete)
    return asked


def test_what_aws_is_too_busy_to_delete_is_deleted_later(checkout, account, entry, monkeypatch):
    (checkout.terraform / "main.tf").write_text("this is an error")
    standing.make(account, "async-lab")
    asked = busy(monkeypatch, times=2)
    before = account.now()
    remove(checkout, account)
    assert set(asked.values()) == {3}
    assert account.now() - before == pytest.approx(2 + 4)
    assert leftovers.find(account, entry) == []


def test_an_aws_that_stays_busy_is_given_up_at_last(checkout, account, entry, monkeypatch):
    (checkout.terraform / "main.tf").write_text("this is an error")
    account.client("sqs").create_queue(
        QueueName="async-lab-failures", tags={"Project": "async-lab", "Stack": "async-lab"}
    )
    busy(monkeypatch, times=100)
    with pytest.raises(LeftBehind, match="aws_sqs_queue async-lab-failures"):
        remove(checkout, account)
    assert Journal(checkout.stacks).entries("aws") == [entry]


def test_without_terraform_resources_are_deleted_all_the_same(checkout, account, entry, monkeypatch, tmp_path):
    standing.make(account, "async-lab")
    monkeypatch.setitem(account.environment, "PATH", str(tmp_path))
    remove(checkout, account)
    assert leftovers.find(account, entry) == []


def test_a_note_that_nobody_can_read_is_told_after_an_interruption(checkout, account, entry):
    for note in checkout.stacks.iterdir():
        note.write_text("no note")
    told = cleanup.after_interruption(checkout, "aws")
    assert isinstance(told, LeftBehind)
    assert "can't be read as the note of a stack" in str(told)


def test_an_interruption_on_aws_says_what_may_stand_and_how_to_remove_it(checkout, account, entry):
    told = cleanup.after_interruption(checkout, "aws")
    assert isinstance(told, LeftBehind)
    assert f"async-lab in account {account.account_id}, {REGION}" in str(told)
    assert "Remove them with: async-lab destroy --target aws" in str(told)


@pytest.mark.parametrize("target", ["aws", "local"])
def test_an_interruption_that_left_nothing_says_so(checkout, target):
    told = cleanup.after_interruption(checkout, target)
    assert isinstance(told, Interrupted)
    assert told.exit_code == ExitCode.INTERRUPTED


def test_local_stacks_went_with_their_endpoints(checkout, entry):
    Journal(checkout.stacks).write(replace(entry, target="local"))
    assert cleanup.forget_local(checkout) == "1 local stack went with its endpoint. Nothing is left."
    assert cleanup.forget_local(checkout) == "Nothing is left."
    assert [json.loads(path.read_text())["target"] for path in checkout.stacks.iterdir()] == ["aws"]
