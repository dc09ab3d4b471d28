"""Whatever Terraform answers, each command ends with success or with a sentence of ours.

The program is a script here, because its answer is the input. It answers what lies in the file ``answer``.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from async_lab.errors import LabError
from async_lab.terraform import Terraform, find_terraform
from async_lab.terraform.progress import read

TYPES = ["diagnostic", "planned_change", "apply_start", "apply_complete", "apply_errored", "log", "version", "outputs"]
NAMES = ["type", "@message", "diagnostic", "hook", "change", "resource", "addr", "action", "severity", "summary"]
NAMES += ["detail", "range", "start", "line", "filename", "elapsed_seconds", "terraform_version", "value", "address"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([*TYPES, "error"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda kind, rest: {**(rest if isinstance(rest, dict) else {}), "type": kind}, st.sampled_from(TYPES), JSON
)
LINES = (JSON | EVENTS).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20)
ANSWERS = st.lists(LINES, max_size=4).map(b"\n".join)
CODES = st.sampled_from([0, 1, 2, 3, 127])
COMMANDS: dict[str, Callable[[Terraform], object]] = {
    "init": lambda terraform: terraform.init(),
    "plan": lambda terraform: terraform.plan(Path("x.tfvars")),
    "apply": lambda terraform: terraform.apply(Path("x.tfvars")),
    "destroy": lambda terraform: terraform.destroy(Path("x.tfvars")),
    "output": lambda terraform: terraform.output(),
    "version": lambda terraform: find_terraform({"PATH": f"{terraform.executable.parent}:/usr/bin:/bin"}),
}
DEEP = b"[" * 5_000
ERROR = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": 7, "range": {"start": {"line": "x"}}}}


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    directory = tmp_path_factory.mktemp("odd")
    program = directory / "terraform"
    program.write_text(f"#!/bin/sh\ncat {directory}/answer\nexit $(cat {directory}/code)\n")
    program.chmod(0o755)
    return Terraform(directory, {"PATH": "/usr/bin:/bin"}, directory / "terraform.log", executable=program)


@pytest.mark.parametrize("command", COMMANDS)
@given(ANSWERS, CODES)
@example(b"", 0)
@example(DEEP, 0)
@example(b'{"type": "diagnostic"}', 1)
@example(json.dumps(ERROR).encode(), 1)
@example(b'{"terraform_version": "\xc2\xb2.9"}', 0)
@example(b'{"terraform_version": "99999999999999999999"}', 0)
@example(b'{"a": {}}', 0)
@example(b"\xff\xfe", 1)
@settings(max_examples=40)
def test_a_command_ends_with_success_or_a_sentence(
    terraform: Terraform, command: str, answer: bytes, code: int
) -> None:
    (terraform.directory / "answer").write_bytes(answer)
    (terraform.directory / "code").write_text(str(code))
    try:
        COMMANDS[command](terraform)
    except LabError as error:
        assert str(error)  # noqa: PT017 - both ends are right


@given(LINES)
@example(DEEP)
@settings(max_examples=300)
def test_any_line_is_read_or_passed_over(line: bytes) -> None:
    said = read(line)
    assert said is None or str(said) is not None


def test_outputs_that_are_none_are_told(terraform: Terraform) -> None:
    (terraform.directory / "answer").write_bytes(b"")
    (terraform.directory / "code").write_text("0")
    with pytest.raises(LabError, match="terraform output answers what is no outputs as JSON"):
        terraform.output()
