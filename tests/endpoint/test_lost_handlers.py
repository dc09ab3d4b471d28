"""What kept a handler from running without being its doing: it ends a local run, and is no finding."""

import os
import signal

import psutil
import pytest
from opened import opened
from processes import is_alive, wait_until

from async_lab import lab, scenario
from async_lab.checkout.project import Project
from async_lab.endpoint.sandbox import Limits, Sandbox
from async_lab.endpoint.sandbox.nursery import Zygote
from async_lab.errors import EnvironmentFailure, ExitCode
from async_lab.process.interrupts import Interrupts
from async_lab.target.local import LocalTarget


def zygote(endpoint):
    """The process id of what forks an endpoint's handlers."""
    return endpoint._sandbox._nursery._zygote._process.pid


@pytest.fixture
def _open_lab():
    """One for each test, which doesn't survive it whole."""
    with opened() as one:
        yield one


@pytest.fixture
def endpoint(async_lab):
    return async_lab._endpoint


def test_a_killed_process_that_forks_handlers_ends_what_waits_for_them_with_its_name(async_lab, as_told, endpoint):
    as_told().send()
    async_lab.advance(seconds=60)
    killed = zygote(endpoint)
    os.kill(killed, signal.SIGKILL)
    as_told().send()  # a warm environment may answer before it ends
    began = async_lab.now
    with pytest.raises(EnvironmentFailure, match=rf"process {killed}\) was ended by SIGKILL") as caught:
        async_lab.advance(hours=1)
    assert async_lab.now - began < 1  # it stops then and there
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    endpoint.wait(3600)  # every execution had an outcome in the twin all the same
    assert endpoint.is_settled


def test_a_bug_of_ours_ends_what_waits_as_itself_and_is_no_functions_error(async_lab, as_told, endpoint, monkeypatch):
    function = as_told()

    def breaks(*_arguments):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Sandbox, "run", breaks)
    function.send()
    with pytest.raises(ZeroDivisionError, match="ours"):
        async_lab.advance(seconds=60)
    endpoint.wait(3600)
    assert endpoint.is_settled


def test_what_is_due_again_and_again_does_not_hold_up_time(async_lab, as_told, endpoint, monkeypatch):
    as_told().send()
    monkeypatch.setattr(type(endpoint.region(async_lab.region)), "step", lambda *_: 1 / 0)
    began = async_lab.now
    async_lab.advance(seconds=600)
    assert async_lab.now - began == pytest.approx(600)


def test_an_error_of_a_handler_is_no_failure_of_the_lab(async_lab, as_told, endpoint):
    function = as_told()
    function.send({"fail": "mine"})
    function.send({"exit": 3})
    async_lab.advance(hours=1)
    assert endpoint.failure is None


def test_a_stopped_process_that_forks_handlers_is_waited_for_so_long_and_no_longer(async_lab, as_told, endpoint):
    first, second = as_told(), as_told()
    first.send()
    async_lab.advance(seconds=60)
    running = endpoint._sandbox._nursery._zygote
    running._patience_seconds = 1  # from now on: to start, it may need longer on a busy machine
    running._link.settimeout(1)
    stopped = zygote(endpoint)
    os.kill(stopped, signal.SIGSTOP)
    try:
        second.send()
        with pytest.raises(EnvironmentFailure, match=rf"process {stopped}\) has not answered for 1 seconds"):
            async_lab.advance(seconds=60)
    finally:
        os.kill(stopped, signal.SIGCONT)


def test_so_long_is_what_the_limits_say(monkeypatch):
    patience = []
    monkeypatch.setattr(Zygote, "greets", lambda zygote: patience.append(zygote._link.gettimeout()) or True)
    sandbox = Sandbox(limits=Limits(starting_seconds=7))
    sandbox._nursery.prepare()
    sandbox.close()
    assert patience == [7]


class Kills:
    """A view that kills what forks the handlers as soon as there is such a process."""

    def __init__(self, endpoint):
        self.endpoint, self.killed = endpoint, None

    def waiting(self, metrics, seconds_left):
        if self.killed is None and self.endpoint._sandbox._nursery._zygote is not None:
            self.killed = zygote(self.endpoint)
            forks = psutil.Process(self.killed)
            lost = [forks, *forks.children(recursive=True)]
            os.kill(self.killed, signal.SIGKILL)
            wait_until(lambda: not any(map(is_alive, lost)))  # a handler that still lived could answer

    def step(self, text): ...
    def phase(self, text): ...
    def terraform(self, progress): ...
    def taken_down(self): ...
    def kept(self, stack): ...


@pytest.mark.e2e
def test_a_run_whose_handlers_are_lost_in_the_middle_has_no_result(endpoint, tmp_path):
    project, view, results = Project.locate(), Kills(endpoint), []
    chosen = scenario.find(project, "scenario-2")
    target = LocalTarget(endpoint, "eu-west-1")
    with pytest.raises(EnvironmentFailure) as caught:
        results.extend(lab.run([chosen], project, target, lab.Settings(), tmp_path, view, Interrupts()))
    assert results == []
    assert f"process {view.killed}) was ended by SIGKILL" in str(caught.value)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
