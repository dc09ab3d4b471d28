"""The root module as somebody uses it with Terraform alone."""

import pytest
from conftest import said

from async_lab import scenario
from async_lab.checkout.project import Project

pytestmark = pytest.mark.e2e

SCENARIO = "-var-file=scenarios/scenario-2.tfvars"


@pytest.fixture(scope="module")
def applied(initialized):
    root = initialized(".")
    completed = root.run("apply", "-auto-approve", SCENARIO)
    yield completed
    destroyed = root.run("destroy", "-auto-approve", SCENARIO)
    assert destroyed.returncode == 0, said(destroyed)


def test_a_scenario_applies_without_a_warning(applied):
    assert applied.returncode == 0, said(applied)
    assert "Warning" not in said(applied)


@pytest.mark.usefixtures("applied")
def test_a_second_plan_is_empty(initialized):
    completed = initialized(".").run("plan", "-detailed-exitcode", SCENARIO)
    assert completed.returncode == 0, said(completed)


@pytest.mark.usefixtures("applied")
def test_another_title_changes_the_function_alone(initialized):
    completed = initialized(".").run("plan", SCENARIO, "-var=title=Another")
    assert completed.returncode == 0, said(completed)
    changed = [line.split()[1] for line in completed.stdout.splitlines() if " will be updated" in line]
    assert changed == ["module.function.aws_lambda_function.this"]
    assert "0 to add, 1 to change, 0 to destroy" in completed.stdout


@pytest.mark.usefixtures("applied")
def test_another_description_changes_nothing(initialized):
    """The provider waits 5 s after each change of the function's configuration, on AWS as here."""
    completed = initialized(".").run("plan", "-detailed-exitcode", SCENARIO, "-var=description=Another")
    assert completed.returncode == 0, said(completed)


@pytest.mark.parametrize(
    "name",
    [
        name if name.startswith("scenario-") else pytest.param(name, marks=pytest.mark.long)
        for name in scenario.names(Project.locate())
    ],
)
def test_no_scenario_warns(initialized, name):
    completed = initialized(".").run("plan", f"-var-file=scenarios/{name}.tfvars")
    assert completed.returncode == 0, said(completed)
    assert "Warning" not in said(completed)


def test_without_its_package_it_says_how_to_build_it(initialized):
    completed = initialized(".").run("plan", SCENARIO, "-var=package=../build/nothing.zip")
    assert completed.returncode == 1
    assert completed.stderr.count("Error:") == 1
    assert "make package" in completed.stderr
