"""The root module and the modules: formatted, valid, without a deprecated argument, and as their own tests say."""

import json
import re
import subprocess

import pytest
from conftest import said

from async_lab.checkout.project import Project

pytestmark = pytest.mark.e2e

TERRAFORM = Project.locate().terraform
EXAMPLES = sorted(path.parent.relative_to(TERRAFORM).as_posix() for path in TERRAFORM.glob("examples/*/main.tf"))
MODULES = ["modules/async-function", "modules/async-observability"]


def test_every_file_is_formatted():
    completed = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "-no-color"],
        cwd=TERRAFORM,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout.split() == [], said(completed)


@pytest.mark.parametrize("name", [".", *MODULES, *EXAMPLES])
def test_a_directory_is_valid_and_warns_of_nothing(initialized, name):
    completed = initialized(name).run("validate", "-json")
    answer = json.loads(completed.stdout)
    assert answer["valid"], completed.stdout
    assert answer["diagnostics"] == []


@pytest.mark.parametrize("name", [".", *MODULES])
def test_a_modules_own_tests_pass(initialized, name):
    completed = initialized(name).run("test")
    assert completed.returncode == 0, said(completed)
    passed = re.search(r"(\d+) passed, 0 failed", completed.stdout)
    assert passed, said(completed)
    assert int(passed[1]) > 0


@pytest.mark.parametrize("name", MODULES)
def test_a_readmes_example_is_valid_and_formatted(tree, initialized, name):
    example = re.search(r"^```hcl\n(.*?)^```", (tree / name / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    directory = tree / f"readme-of-{name.rpartition('/')[2]}"
    directory.mkdir()
    (directory / "main.tf").write_text(example[1].replace('"./modules/', '"../modules/'))
    completed = initialized(directory.name).run("validate")
    assert completed.returncode == 0, said(completed)
    formatted = initialized(directory.name).run("fmt", "-check")
    assert formatted.returncode == 0, said(formatted)


def dependencies(initialized, name):
    """Return which resources wait for which, as Terraform's graph has them."""
    graph = initialized(name).run("graph").stdout
    edges = re.findall(r'"(\S+?)" -> "(\S+?)"', graph)
    assert edges
    return {later: {earlier for this, earlier in edges if this == later} for later, _ in edges}


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("aws_lambda_function.this", "aws_iam_role_policy.this"),
        ("aws_lambda_function.this", "aws_cloudwatch_log_group.this"),
        ("aws_lambda_function_event_invoke_config.this", "aws_lambda_alias.this"),
        ("aws_lambda_provisioned_concurrency_config.this", "aws_lambda_function_event_invoke_config.this"),
    ],
)
def test_what_lambda_refuses_too_early_or_at_once_waits_for_its_turn(initialized, later, earlier):
    """Lambda checks the role when it is told of a target, and takes one change of a function at a time."""
    waits_for = dependencies(initialized, "modules/async-function")
    reached, open_ = set(), {later}
    while open_:
        reached |= open_
        open_ = {found for one in open_ for found in waits_for.get(one, ())} - reached
    assert earlier in reached


def test_alarms_do_not_wait_for_the_function(initialized):
    waits_for = dependencies(initialized, ".")
    alarms = {name: earlier for name, earlier in waits_for.items() if "observability" in name}
    assert alarms
    assert not [name for name, earlier in alarms.items() if any("module.function" in one for one in earlier)]


@pytest.mark.parametrize("name", [".", *MODULES])
def test_every_variable_with_a_validation_is_refused_somewhere(tree, name):
    """A bound that no test sees refused may as well not be there."""
    validated = {
        variable
        for variable, body in re.findall(
            r'^variable "(\w+)" \{(.*?)^\}', (tree / name / "variables.tf").read_text(), re.DOTALL | re.MULTILINE
        )
        if "validation {" in body
    }
    tested = "".join(path.read_text() for path in (tree / name / "tests").glob("*.tftest.hcl"))
    assert validated
    assert validated - set(re.findall(r"\bvar\.(\w+),", tested)) == set()


@pytest.mark.parametrize(
    "path", sorted(TERRAFORM.glob("modules/*/*.tf")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_module_knows_nothing_of_the_lab(path):
    assert not re.search(r"\blab\b|LAB_|make package", path.read_text())


@pytest.mark.parametrize("path", sorted(TERRAFORM.glob("**/variables.tf")), ids=lambda path: path.parent.name)
def test_variables_are_in_order_and_typed_to_the_last_field(path):
    names = re.findall(r'^variable "(\w+)"', path.read_text(), re.MULTILINE)
    assert names == sorted(names)
    assert not re.search(r"[=(]\s*any\b", path.read_text())
