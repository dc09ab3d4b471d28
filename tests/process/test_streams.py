"""The standard streams: closed, full, or with nobody at their other end."""

import os
import pty
import shlex
import subprocess
import sys
from itertools import combinations

import pytest
from processes import MARK, processes_of, wait_until
from program import LONGEST_SECONDS, PROGRAM, PROJECT, copy_of_checkout, environment

from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e

LAB = shlex.join(PROGRAM)
CLOSED = ["0<&-", "1>&-", "2>&-"]
COMBINATIONS = [" ".join(closed) for number in (1, 2, 3) for closed in combinations(CLOSED, number)]


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path)


@pytest.fixture
def shell(checkout):
    """Runs a line of bash in a checkout."""

    def run(line):
        return subprocess.run(
            ["bash", "-c", line],
            cwd=checkout.root,
            env=environment(PYTHONPATH=str(PROJECT.root)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    return run


def test_a_closed_one_is_the_null_device_here_and_in_every_child():
    program = (
        "import os, subprocess, sys\n"
        "from async_lab.process import streams\n"
        "streams.prepare()\n"
        "opened = os.open('/dev/zero', os.O_RDONLY)\n"
        "child = subprocess.run(['readlink', '/proc/self/fd/0', '/proc/self/fd/1', '/proc/self/fd/2'],\n"
        "    stdout=subprocess.PIPE, text=True)\n"
        "print('nowhere')\n"
        "sys.exit(0 if opened > 2 and child.stdout.split()[::2] == [os.devnull] * 2 else 1)\n"
    )
    closed = subprocess.run(
        ["bash", "-c", f"{shlex.join([sys.executable, '-c', program])} 0<&- 1>&- 2>&-"], check=False
    )
    assert closed.returncode == 0


@pytest.mark.parametrize("closed", COMBINATIONS)
def test_a_command_goes_on_with_any_of_them_closed(shell, closed):
    ran = shell(f"{LAB} scenarios {closed}")
    assert ran.returncode == ExitCode.AS_EXPECTED
    assert ("scenario-4" in ran.stdout) == ("1>&-" not in closed)
    assert ran.stderr == ""


@pytest.mark.long
@pytest.mark.parametrize("closed", ["0<&- 2>&-", " ".join(CLOSED)])
def test_a_run_has_the_same_verdict_with_any_of_them_closed(shell, closed):
    ran = shell(f"{LAB} run scenario-2 {closed}")
    assert ran.returncode == ExitCode.AS_EXPECTED, ran.stdout + ran.stderr
    assert ("as expected, 7 of 7" in ran.stdout) == ("1>&-" not in closed)


@pytest.mark.parametrize("command", ["scenarios", "--help", "run --help"])
def test_a_full_device_is_told_in_a_sentence(shell, command):
    ran = shell(f"{LAB} {command} >/dev/full")
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert ran.stderr == "Error: Standard output can't be written (No space left on device).\n"


@pytest.mark.parametrize("command", ["scenarios", "--help", "run --help"])
def test_a_reader_that_has_left_ends_it_as_sigpipe_would(shell, command):
    ran = shell(f"{LAB} {command} | true; exit ${{PIPESTATUS[0]}}")
    assert (ran.returncode, ran.stderr) == (ExitCode.READER_GONE, "")


def test_progress_that_nobody_can_see_changes_nothing(shell):
    assert shell(f"{LAB} run nothing 2>/dev/full").returncode == ExitCode.USAGE


@pytest.mark.long
@pytest.mark.parametrize(
    ("output", "code"),
    [
        (">/dev/full", ExitCode.ENVIRONMENT),
        ("2>/dev/full", ExitCode.AS_EXPECTED),
        ("2>&1 | head -1", ExitCode.READER_GONE),
        ("2> >(head -1 >/dev/null)", ExitCode.AS_EXPECTED),
    ],
)
def test_whatever_takes_its_output_a_run_takes_everything_down(shell, checkout, output, code):
    ran = shell(f"{LAB} run scenario-2 {output}; exit ${{PIPESTATUS[0]}}")
    assert ran.returncode == code
    assert "Traceback" not in ran.stdout + ran.stderr
    (work,) = checkout.runs.iterdir()
    log = (work / "terraform.log").read_text()
    assert "Destroy complete" in log
    assert list(checkout.stacks.glob("*")) == []


@pytest.mark.long
def test_a_terminal_that_is_closed_ends_a_run_which_takes_everything_down(checkout):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(checkout.root)
        variables = environment(PYTHONPATH=str(PROJECT.root), **{MARK: str(checkout.root)})
        os.execve(PROGRAM[0], [*PROGRAM, "run", "scenario-2", "--verbose"], variables)
    said = b""
    while b"created" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == ExitCode.INTERRUPTED
    wait_until(lambda: processes_of(checkout.root) == [])
    (work,) = checkout.runs.iterdir()
    assert "Destroy complete" in (work / "terraform.log").read_text()
    assert list(checkout.stacks.glob("*")) == []
