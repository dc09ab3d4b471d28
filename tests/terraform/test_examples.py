"""Every example applies as it stands, plans nothing more, and takes everything down again.

All in one apply, side by side: an SQS queue costs the provider 25 s however many there are.
"""

import json

import pytest
from conftest import Directory, said

from async_lab.checkout.project import Project

pytestmark = pytest.mark.long

EXAMPLES = sorted(path.parent.name for path in Project.locate().terraform.glob("examples/*/main.tf"))


@pytest.fixture(scope="module")
def all_examples(tree, keep):
    path = tree / "all-examples"
    path.mkdir()
    (path / "main.tf").write_text("".join(map(call_of, EXAMPLES)))
    with keep(path) as attached:
        directory = Directory(path, attached)
        initialized = directory.run("init")
        assert initialized.returncode == 0, said(initialized)
        yield directory


def call_of(name):
    return f'module "{name}" {{\n  source = "../examples/{name}"\n}}\n'


def in_state(directory):
    return directory.run("state", "list").stdout.split()


def planned_changes(directory):
    """Return the addresses that a second plan would change."""
    completed = directory.run("plan", "-detailed-exitcode", "-out=second.tfplan")
    changes = json.loads(directory.run("show", "-json", "second.tfplan").stdout).get("resource_changes", [])
    changed = [change["address"] for change in changes if change["change"]["actions"] not in (["no-op"], ["read"])]
    assert completed.returncode == (2 if changed else 0), said(completed)
    return changed


@pytest.fixture(scope="module")
def applied(all_examples):
    completed = all_examples.run("apply", "-auto-approve")
    addresses, changes = in_state(all_examples), planned_changes(all_examples)
    destroyed = all_examples.run("destroy", "-auto-approve")
    return completed, addresses, changes, destroyed, in_state(all_examples)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_applies_without_a_warning(applied, name):
    completed, addresses, *_ = applied
    assert completed.returncode == 0, said(completed)
    assert "Warning" not in said(completed)
    assert [address for address in addresses if address.startswith(f"module.{name}.")]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_examples_second_plan_is_empty(applied, name):
    assert [address for address in applied[2] if address.startswith(f"module.{name}.")] == []


def test_nothing_is_left_of_the_examples(applied):
    destroyed, left = applied[3:]
    assert destroyed.returncode == 0, said(destroyed)
    assert left == []
