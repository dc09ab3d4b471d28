"""The root module and the modules: formatted, valid, without a deprecated argument, and as their own tests say."""

import json
import re
import subprocess

import pytest
from conftest import said

from runner.project import Project

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
def test_a_directory_is_valid_and_warns_of_nothing(initialised, name):
    completed = initialised(name).run("validate", "-json")
    answer = json.loads(completed.stdout)
    assert answer["valid"], completed.stdout
    assert answer["diagnostics"] == []


@pytest.mark.parametrize("name", [".", *MODULES])
def test_a_modules_own_tests_pass(initialised, name):
    completed = initialised(name).run("test")
    assert completed.returncode == 0, said(completed)
    passed = re.search(r"(\d+) passed, 0 failed", completed.stdout)
    assert passed, said(completed)
    assert int(passed[1]) > 0


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
    assert not re.search(r"\bany\b", path.read_text())
