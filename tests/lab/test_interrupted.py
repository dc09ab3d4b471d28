"""Ctrl-C at several moments of a whole run: what is said, and that nothing is left of it."""

from collections.abc import Iterator

import psutil
import pytest
from processes import is_alive, wait_until, with_command
from program import Started, call, copy_of_checkout, started

from async_lab.checkout.project import Project
from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return copy_of_checkout(tmp_path_factory.mktemp("interrupted"))


@pytest.fixture
def run(checkout: Project) -> Iterator[Started]:
    with started(checkout, "run", "scenario-2", "--verbose") as program:
        yield program


def assert_nothing_is_left(run: Started) -> None:
    code, said = run.end()
    assert run.processes() == []
    assert list(run.project.stacks.glob("*")) == []
    assert (code, said.splitlines()[-1]) == (ExitCode.INTERRUPTED, "Interrupted; nothing is left behind.")
    assert "Traceback" not in said


def test_while_it_prepares(run: Started) -> None:
    run.wait_for("Preparing Terraform")
    run.press_ctrl_c()
    assert_nothing_is_left(run)


def test_in_the_middle_of_the_apply_which_is_finished_and_taken_down(run: Started) -> None:
    run.wait_for("aws_iam_role.this[0] created")
    run.press_ctrl_c()
    run.wait_for("Finishing the apply so that nothing is orphaned. Press Ctrl-C again to stop Terraform.")
    run.wait_for("aws_lambda_function.this created")
    run.wait_for("Taking everything down")
    run.wait_for("resources destroyed; nothing is left")
    assert_nothing_is_left(run)


def test_twice_in_the_middle_of_the_apply_which_is_stopped_and_taken_down(run: Started) -> None:
    run.wait_for("aws_iam_role.this[0] created")
    run.press_ctrl_c()
    run.wait_for("Finishing the apply")
    run.press_ctrl_c()
    run.wait_for("Stopping Terraform. Press Ctrl-C again to leave things as they are.")
    run.wait_for("Taking everything down")
    assert_nothing_is_left(run)


def test_three_times_in_the_middle_of_the_apply_which_goes_with_its_endpoint(run: Started) -> None:
    run.wait_for("aws_iam_role.this[0] created")
    run.press_ctrl_c()
    run.wait_for("Finishing the apply")
    run.press_ctrl_c()
    run.wait_for("Stopping Terraform")
    run.press_ctrl_c()
    assert_nothing_is_left(run)


def test_while_everything_is_taken_down(run: Started) -> None:
    run.wait_for("Taking everything down")
    started_by_it = psutil.Process(run.process.pid).children(recursive=True)
    run.press_ctrl_c()
    run.wait_for("Everything is being taken down already.")
    assert_nothing_is_left(run)
    assert not any(map(is_alive, started_by_it))


def test_what_is_killed_leaves_no_process_and_can_be_forgotten(checkout: Project) -> None:
    with started(checkout, "run", "baseline", "--keep") as run:
        run.wait_for("Ctrl-C takes it down.")
        started_by_it = psutil.Process(run.process.pid).children(recursive=True)
        assert with_command(started_by_it, "terraform-provider-aws")
        assert with_command(started_by_it, "lab_child")
        run.process.kill()
        wait_until(lambda: not any(map(is_alive, started_by_it)))
    assert len(list(checkout.stacks.glob("*"))) == 1
    forgotten = call(checkout, "destroy")
    assert (forgotten.returncode, forgotten.stdout) == (
        ExitCode.AS_EXPECTED,
        "1 local stack went with its endpoint. Nothing is left.\n",
    )
    assert list(checkout.stacks.glob("*")) == []
