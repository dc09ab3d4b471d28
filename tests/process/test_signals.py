# ruff: noqa: PT012 - which statement of a block is the last one is what these tests are about
"""A signal from the program's first line to its last: 130, a sentence, no traceback, and never lost."""

import signal
import subprocess
import sys
import time

import pytest
from program import LONGEST_SECONDS, PROJECT, environment

from async_lab.errors import EnvironmentFailure, ExitCode, Interrupted, LeftBehind
from async_lab.process import signals
from async_lab.process.interrupts import Interrupts

pytestmark = pytest.mark.e2e

SIGNALS = signals.ENDING
AT_AN_IMPORT = """
import os, signal, sys

class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Sender())
sys.argv = ["async-lab", *{arguments!r}]
from async_lab.__main__ import main
main()
"""
AT_THE_END = """
import atexit, os, sys
atexit.register(os.kill, os.getpid(), {number})
sys.argv = ["async-lab", "scenarios"]
from async_lab.__main__ import main
main()
"""
IN_A_FINALIZER = """
import os, sys
from async_lab import scenario

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), {number})
        len("here the handler has run")

names = scenario.names
def names_and_a_finalizer(project):
    Finalized()
    return names(project)

scenario.names = names_and_a_finalizer
sys.argv = ["async-lab", "scenarios"]
from async_lab.__main__ import main
main()
"""
WHILE_IT_IS_TOLD = """
import os, sys
import typer
from async_lab import scenario
from async_lab.errors import LeftBehind

def left_behind(_project):
    raise LeftBehind("A queue still stands.")

def told(sentence, tell=typer.secho, **options):
    os.kill(os.getpid(), {number})
    tell(sentence, **options)

scenario.names, typer.secho = left_behind, told
sys.argv = ["async-lab", "scenarios"]
from async_lab.__main__ import main
main()
"""


MOMENTS = 24


def run(program, **values):
    return subprocess.run(
        [sys.executable, "-c", program.format(**values)],
        cwd=PROJECT.root,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    "module",
    [
        "async_lab.process.streams",
        "async_lab.cli",
        "typer",
        "async_lab.checkout.project",
        "async_lab.lab",
        "hcl2",
    ],
)
def test_while_it_is_imported(module, number):
    ran = run(AT_AN_IMPORT, module=module, number=int(number), arguments=["run", "scenario-2"])
    assert (ran.returncode, ran.stdout) == (ExitCode.INTERRUPTED, "")
    assert ran.stderr == "Interrupted.\n"


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("module", ["async_lab.endpoint.embedded", "moto.moto_server.werkzeug_app", "boto3"])
def test_while_the_endpoint_is_imported(module, number):
    ran = run(AT_AN_IMPORT, module=module, number=int(number), arguments=["run", "scenario-2"])
    assert (ran.returncode, ran.stdout) == (ExitCode.INTERRUPTED, "")
    assert ran.stderr.splitlines()[-1] == "Interrupted; nothing is left behind."
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("number", SIGNALS)
def test_after_all_was_printed(number):
    ran = run(AT_THE_END, number=int(number))
    assert ran.returncode == ExitCode.INTERRUPTED
    assert "scenario-4" in ran.stdout
    assert ran.stderr == "Interrupted.\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_in_a_finalizer_which_loses_every_exception(number):
    ran = run(IN_A_FINALIZER, number=int(number))
    assert ran.returncode == ExitCode.INTERRUPTED
    assert ran.stderr == "Interrupted.\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_is_told_what_is_left(number):
    ran = run(WHILE_IT_IS_TOLD, number=int(number))
    assert (ran.returncode, ran.stderr) == (ExitCode.LEFT_BEHIND, "Error: A queue still stands.\n")


def test_at_any_moment_of_a_short_command(record_property):
    """Python's own start can't be shielded: what a signal ends then ends as ``python -c pass`` would.

    Later and later, until one comes too late: how long a command takes differs from one to the next on a busy machine.
    """
    started = time.monotonic()
    interrupt_after(seconds=None)
    whole = time.monotonic() - started
    ends = []
    while len(ends) < MOMENTS or (0, "") not in ends:
        ends.append(interrupt_after(seconds=whole * len(ends) / MOMENTS))
    record_property("deaths", sum(returncode < 0 for returncode, _ in ends))
    ended_by_us = [end for end in ends if end[0] >= 0]
    assert set(ended_by_us) <= {(ExitCode.INTERRUPTED, "Interrupted.\n"), (0, "")}


def interrupt_after(*, seconds):
    """How the program ends, and what it says, when a signal comes after so long; None sends none."""
    program = subprocess.Popen(
        [sys.executable, "-m", "async_lab", "scenarios"],
        cwd=PROJECT.root,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if seconds is not None:
        time.sleep(seconds)
        program.send_signal(signal.SIGTERM)
    _, errors = program.communicate(timeout=LONGEST_SECONDS)
    assert "Traceback" not in errors
    return program.returncode, errors


def test_what_fails_because_of_a_signal_is_an_interruption():
    with pytest.raises(Interrupted), signals.unwinding():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise EnvironmentFailure("as a library does") from None


@pytest.mark.parametrize("said", [LeftBehind("A queue still stands."), Interrupted("Nothing is left behind.")])
def test_what_is_said_to_be_left_is_not_lost_to_a_signal(said):
    with pytest.raises(type(said), match=str(said)), signals.unwinding():
        try:
            raise said
        finally:
            signal.raise_signal(signal.SIGTERM)


def test_at_the_very_end_of_the_block(monkeypatch):
    listen_as_before = signals.listen_as_before

    def and_a_signal(previous):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            listen_as_before(previous)

    monkeypatch.setattr(signals, "listen_as_before", and_a_signal)
    with pytest.raises(Interrupted), signals.unwinding():
        pass


class Named:
    """What Python before 3.12 makes a RuntimeError of, whatever it is that comes of it."""

    def __set_name__(self, owner, name):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("listening", [signals.unwinding, Interrupts])
def test_what_python_makes_of_one_while_a_class_is_made_is_an_interruption(listening):
    with pytest.raises(Interrupted), listening():
        type("Owner", (), {"named": Named()})


@pytest.mark.parametrize("listening", [signals.unwinding, Interrupts])
def test_a_bug_in_what_cleans_up_after_one_stays_a_bug(listening):
    with pytest.raises(ZeroDivisionError), listening():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            1 / 0  # noqa: B018


def test_a_closing_terminal_asks_once_however_often_it_says_so():
    done = []
    with pytest.raises(Interrupted), signals.unwinding():
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGHUP)
            done.append("unwound")
    assert done == ["unwound"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_block_is_finished_before_a_signal_takes_effect(number):
    done = []
    with pytest.raises(Interrupted), signals.unwinding(), signals.finishing():
        signal.raise_signal(number)
        done.append("finished")
    assert done == ["finished"]


@pytest.mark.parametrize("failure", [EnvironmentFailure("as a library does"), OSError("as the machine does")])
def test_what_fails_while_a_signal_waits_is_an_interruption(failure):
    with pytest.raises(Interrupted), signals.unwinding(), signals.finishing():
        signal.raise_signal(signal.SIGTERM)
        raise failure


@pytest.mark.parametrize("failure", [EnvironmentFailure("by itself"), OSError("by itself")])
def test_what_fails_while_no_signal_waits_stays_what_it_is(failure):
    with pytest.raises(type(failure), match="by itself"), signals.unwinding(), signals.finishing():
        raise failure


def test_a_signal_that_was_waited_for_is_held_by_who_holds_others():
    said, done = [], []
    with pytest.raises(Interrupted), Interrupts(said.append) as interrupts, interrupts.taking_down():
        with signals.finishing():
            signal.raise_signal(signal.SIGTERM)
        done.append("taken down")
    assert done == ["taken down"]
    assert said == ["Everything is being taken down already. Press Ctrl-C again to stop Terraform."]


def test_a_second_signal_ends_the_block():
    with pytest.raises(Interrupted), signals.unwinding(), signals.finishing():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("it went on")
