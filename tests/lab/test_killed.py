"""What is killed in the middle of a run, what is left of it, and who clears it away."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from processes import is_alive, wait_until, with_command
from program import PROJECT, Started, call, copy_of_checkout, started

from async_lab.checkout.project import Project
from async_lab.errors import ExitCode

pytestmark = pytest.mark.long


@pytest.fixture
def checkout(tmp_path: Path) -> Project:
    return copy_of_checkout(tmp_path / "checkout")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary directory with a short name: a socket's is limited."""
    with tempfile.TemporaryDirectory(prefix="lab-test-") as directory:
        yield Path(directory)


def descendants(run: Started) -> dict[str, psutil.Process]:
    """The guard, the provider and Terraform, by their names."""
    children = psutil.Process(run.process.pid).children(recursive=True)
    provider = next(child for child in children if child.name().startswith("terraform-provid"))
    terraform = [child for child in children if child.name() == "terraform"]
    return {"provider": provider, "guard": provider.parent(), **{child.name(): child for child in terraform}}


def copies(checkout: Project) -> list[str]:
    """What is in the runs' directories but their logs and results."""
    kept = {"terraform.log", "endpoint.log", "result.json", "report.html"}
    return [file.name for file in checkout.runs.glob("*/*") if file.name not in kept]


def test_the_next_command_clears_away_what_a_killed_run_has_left(checkout: Project, temporary: Path) -> None:
    with started(checkout, "run", "scenario-2", "--verbose", variables={"TMPDIR": str(temporary)}) as run:
        run.wait_for("aws_iam_role.this[0] created")
        ours = descendants(run)
        ours["guard"].kill()  # it would have ended the provider
        run.process.kill()
        run.process.wait()
        assert is_alive(ours["terraform"])
        assert is_alive(ours["provider"])
        assert {"terraform", "build"} <= set(copies(checkout))
        assert len(list(temporary.iterdir())) == 2  # sockets, handlers
        forgotten = call(checkout, "destroy", TMPDIR=str(temporary))
        assert forgotten.stdout == "1 local stack went with its endpoint. Nothing is left.\n"
        wait_until(lambda: not any(map(is_alive, ours.values())))
    assert copies(checkout) == []
    assert list(temporary.iterdir()) == []


def test_it_leaves_alone_what_belongs_to_a_run_that_goes_on(checkout: Project, temporary: Path) -> None:
    with started(checkout, "run", "scenario-2", "--keep", variables={"TMPDIR": str(temporary)}) as run:
        run.wait_for("Ctrl-C takes it down.")
        destroyed = call(checkout, "destroy", TMPDIR=str(temporary))
        assert (destroyed.returncode, destroyed.stdout) == (
            ExitCode.AS_EXPECTED,
            "1 local stack belongs to a run that goes on, which takes it down itself.\n",
        )
        assert len(list(checkout.stacks.glob("*"))) == 1
        run.press_ctrl_c()
        code, said = run.end()
    assert code == ExitCode.AS_EXPECTED
    assert "16 resources destroyed; nothing is left" in said
    assert list(checkout.stacks.glob("*")) == []
    assert list(temporary.iterdir()) == []


def test_a_run_takes_itself_down_even_if_its_note_is_gone(checkout: Project) -> None:
    with started(checkout, "run", "scenario-2", "--keep") as run:
        run.wait_for("Ctrl-C takes it down.")
        shutil.rmtree(checkout.stacks)
        run.press_ctrl_c()
        code, said = run.end()
    assert code == ExitCode.AS_EXPECTED
    assert "16 resources destroyed; nothing is left" in said


@pytest.mark.parametrize("moment", ["Preparing Terraform", "aws_iam_role.this[0] created"])
def test_an_interrupted_run_leaves_its_log_alone(checkout: Project, temporary: Path, moment: str) -> None:
    with started(checkout, "run", "scenario-2", "--verbose", variables={"TMPDIR": str(temporary)}) as run:
        run.wait_for(moment)
        run.press_ctrl_c()
        code, _ = run.end()
    assert code == ExitCode.INTERRUPTED
    assert copies(checkout) == []
    assert list(temporary.iterdir()) == []


def test_a_killed_terraform_is_told_in_one_sentence_and_nothing_is_said_to_stand(checkout: Project) -> None:
    with started(checkout, "run", "scenario-2", "--verbose") as run:
        run.wait_for("aws_iam_role.this[0] created")
        descendants(run)["terraform"].kill()
        code, said = run.end()
        assert run.processes() == []
    errors = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert code == ExitCode.ENVIRONMENT
    assert len(errors) == 1
    assert errors[0].startswith("Error: terraform apply failed: it was killed by SIGKILL.")
    assert "123456789012" not in said
    assert copies(checkout) == []


@pytest.mark.parametrize("victim", ["guard", "provider"])
def test_whichever_of_the_providers_two_is_killed_nothing_is_left(checkout: Project, victim: str) -> None:
    with started(checkout, "run", "scenario-2", "--verbose") as run:
        run.wait_for("aws_iam_role.this[0] created")
        descendants(run)[victim].kill()
        code, said = run.end()
        assert run.processes() == []
    assert code == (ExitCode.AS_EXPECTED if victim == "guard" else ExitCode.ENVIRONMENT)
    assert "standing" not in said
    assert copies(checkout) == []


def test_three_first_runs_at_once_are_each_as_expected(tmp_path: Path) -> None:
    """In a checkout of which nothing is shared with ours."""
    checkout = copy_of_checkout(tmp_path)
    (checkout.lab / "providers").unlink()
    variables = {"PYTHONPATH": str(PROJECT.root)}
    with (
        started(checkout, "run", "scenario-2", "--verbose", variables=variables) as one,
        started(checkout, "run", "scenario-2", "--verbose", variables=variables) as two,
        started(checkout, "run", "scenario-2", "--verbose", variables=variables) as three,
    ):
        ends = [run.end() for run in (one, two, three)]
    for code, said in ends:
        assert code == ExitCode.AS_EXPECTED, said
    assert copies(checkout) == []
    assert [file.name for file in checkout.package_zip.parent.iterdir()] == ["function.zip"]


def test_a_package_that_was_never_finished_is_cleared_away(checkout: Project) -> None:
    with started(checkout, "package") as dead:
        dead.end()
    unfinished = checkout.package_zip.with_name(f"function.zip.{dead.process.pid}")
    unfinished.write_bytes(b"half")
    assert call(checkout, "destroy").returncode == ExitCode.AS_EXPECTED
    assert [file.name for file in checkout.package_zip.parent.iterdir()] == ["function.zip"]


def zygote_of(run: Started) -> psutil.Process:
    """The process that forks handlers, as soon as there is one."""

    def forkers() -> list[psutil.Process]:
        children = psutil.Process(run.process.pid).children()
        return [child for child in with_command(children, "lab_child") if child.children()]

    wait_until(lambda: bool(forkers()))
    return forkers()[0]


def test_lost_handlers_are_a_failure_of_this_machine_and_no_finding(checkout: Project) -> None:
    with started(checkout, "run", "baseline", "--events", "2000") as run:
        run.wait_for("Sending 2,000 events")
        zygote = zygote_of(run)
        zygote.kill()
        code, said = run.end()
        assert run.processes() == []
    assert code == ExitCode.ENVIRONMENT, said
    assert f"Error: The process that forks the handlers (process {zygote.pid}) was ended by SIGKILL" in said
    assert "Finding" not in said
    assert copies(checkout) == []


def test_ctrl_c_ends_a_run_whose_handlers_are_stopped(checkout: Project) -> None:
    with started(checkout, "run", "baseline", "--events", "2000") as run:
        run.wait_for("Sending 2,000 events")
        zygote_of(run).suspend()
        run.press_ctrl_c()
        code, said = run.end()
        assert run.processes() == []
    assert (code, said.splitlines()[-1]) == (ExitCode.INTERRUPTED, "Interrupted; nothing is left behind.")
