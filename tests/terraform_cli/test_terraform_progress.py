import json

import pytest

from async_lab.errors import Interrupted
from async_lab.terraform.progress import DeferredErrors, Diagnostic, Progress, Step, read


def line(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind, "@level": "info", "@message": "as Terraform says it", **fields}).encode()


RESOURCE = {"addr": "module.function.aws_lambda_function.this", "resource_type": "aws_lambda_function"}


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("apply_start", Step.STARTED),
        ("apply_progress", Step.GOING_ON),
        ("apply_complete", Step.DONE),
        ("apply_errored", Step.FAILED),
    ],
)
def test_a_resource_is_followed_from_start_to_end(kind: str, step: Step) -> None:
    said = read(line(kind, hook={"resource": RESOURCE, "action": "create", "elapsed_seconds": 10}))
    assert said == Progress(step, "as Terraform says it", RESOURCE["addr"], "create", 10.0)


def test_a_planned_change_names_the_resource_and_the_action() -> None:
    said = read(line("planned_change", change={"resource": RESOURCE, "action": "replace", "reason": "tainted"}))
    assert said == Progress(Step.PLANNED, "as Terraform says it", RESOURCE["addr"], "replace")


def test_a_diagnostic_is_one_sentence_with_its_place() -> None:
    said = read(
        line(
            "diagnostic",
            diagnostic={
                "severity": "error",
                "summary": "Invalid value for variable",
                "detail": "The timeout is\n1 to 900.\n\nThis was checked by the rule at variables.tf:7,2-12.",
                "address": "aws_lambda_function.this",
                "range": {"filename": "variables.tf", "start": {"line": 4, "column": 1}},
            },
        )
    )
    assert isinstance(said, Diagnostic)
    assert str(said) == (
        "aws_lambda_function.this, variables.tf:4: Invalid value for variable: The timeout is 1 to 900."
    )


def test_a_diagnostic_without_place_or_detail_is_its_summary() -> None:
    said = read(line("diagnostic", diagnostic={"severity": "error", "summary": "execution halted", "detail": ""}))
    assert str(said) == "execution halted"


@pytest.mark.parametrize(
    "useless", [b"", b"panic: runtime error", b"[1, 2]", b'{"@level":"debug"}', line("refresh_start"), b"\xff\xfe"]
)
def test_what_is_not_of_the_stream_is_passed_over(useless: bytes) -> None:
    assert read(useless) is None


def test_a_listener_that_fails_is_not_called_again_and_its_failure_comes_at_the_end() -> None:
    calls = []

    def listener(progress: Progress) -> None:
        calls.append(progress)
        raise BrokenPipeError

    tell = DeferredErrors(listener)
    tell(Progress(Step.NOTE, "one"))
    tell(Progress(Step.NOTE, "two"))
    assert len(calls) == 1
    with pytest.raises(BrokenPipeError):
        tell.raise_failure()


@pytest.mark.parametrize("end", [KeyboardInterrupt, Interrupted])
def test_an_interruption_in_a_listener_is_not_kept_back(end: type[BaseException]) -> None:
    def listener(_: Progress) -> None:
        raise end

    with pytest.raises(end):
        DeferredErrors(listener)(Progress(Step.NOTE, "one"))
