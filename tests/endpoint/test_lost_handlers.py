"""What kept a handler from running without being its doing: it ends a local run, and is no finding."""

import os
import signal
import time

import psutil
import pytest
from processes import is_alive, wait_until
from queue_lab import Lab

from async_lab import lab, scenario
from async_lab.checkout.project import Project
from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.sandbox import Limits, Sandbox
from async_lab.errors import EnvironmentFailure, ExitCode
from async_lab.process.interrupts import Interrupts
from async_lab.target.local import LocalTarget


def zygote(endpoint):
    """The process id of what forks an endpoint's handlers."""
    return endpoint._sandbox._nursery._zygote._process.pid


@pytest.fixture
def endpoint():
    with Endpoint(seed=0) as endpoint:
        yield endpoint


def test_a_killed_process_that_forks_handlers_ends_what_waits_for_them_with_its_name(endpoint):
    functions = Lab(endpoint)
    name = functions.function()
    functions.send(name)
    functions.target.wait(60)
    killed = zygote(endpoint)
    os.kill(killed, signal.SIGKILL)
    functions.send(functions.function())  # a warm environment may answer before it ends
    began = functions.target.now()
    with pytest.raises(EnvironmentFailure, match=rf"process {killed}\) was ended by SIGKILL") as caught:
        functions.target.wait(3600)
    assert functions.target.now() - began < 1  # it stops then and there
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    endpoint.wait(3600)  # every execution had an outcome in the twin all the same
    assert endpoint.is_settled


def test_a_bug_of_ours_ends_what_waits_as_itself_and_is_no_functions_error(endpoint, monkeypatch):
    functions = Lab(endpoint)
    name = functions.function()

    def breaks(*_arguments):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Sandbox, "run", breaks)
    functions.send(name)
    with pytest.raises(ZeroDivisionError, match="ours"):
        functions.target.wait(60)
    endpoint.wait(3600)
    assert endpoint.is_settled


def test_what_is_due_again_and_again_does_not_hold_up_time(endpoint, monkeypatch):
    functions = Lab(endpoint)
    functions.send(functions.function())
    monkeypatch.setattr(type(endpoint.region(functions.target.region)), "step", lambda *_: 1 / 0)
    began = functions.target.now()
    functions.target.wait(600)
    assert functions.target.now() - began == pytest.approx(600)


def test_an_error_of_a_handler_is_no_failure_of_the_lab(endpoint):
    functions = Lab(endpoint)
    name = functions.function()
    functions.send(name, {"fail": "mine"})
    functions.send(name, {"exit": 3})
    functions.target.wait(3600)
    assert endpoint.failure is None


def test_a_stopped_process_that_forks_handlers_is_waited_for_so_long_and_no_longer(endpoint):
    endpoint._sandbox.close()
    endpoint._sandbox = Sandbox(endpoint_url=endpoint.url, limits=Limits(starting_seconds=1))
    functions = Lab(endpoint)
    first, second = functions.function(), functions.function()
    functions.send(first)
    functions.target.wait(60)
    stopped = zygote(endpoint)
    os.kill(stopped, signal.SIGSTOP)
    try:
        began = time.monotonic()
        functions.send(second)
        with pytest.raises(EnvironmentFailure, match=rf"process {stopped}\) has not answered for 1 seconds"):
            functions.target.wait(60)
        assert time.monotonic() - began < 10
    finally:
        os.kill(stopped, signal.SIGCONT)


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


@pytest.mark.lab
def test_a_run_whose_handlers_are_lost_in_the_middle_has_no_result(endpoint, tmp_path):
    project, view, results = Project.locate(), Kills(endpoint), []
    chosen = scenario.find(project, "scenario-2")
    target = LocalTarget(endpoint, "eu-west-1")
    with pytest.raises(EnvironmentFailure) as caught:
        results.extend(lab.run([chosen], project, target, lab.Settings(), tmp_path, view, Interrupts()))
    assert results == []
    assert f"process {view.killed}) was ended by SIGKILL" in str(caught.value)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
