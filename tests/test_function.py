"""The lab's handler does what its environment says."""

import importlib.util
import os
import subprocess
import sys
import time

import pytest
from program import LONGEST_SECONDS

from async_lab.checkout.project import Project

SOURCE = Project.locate().function_src / "app.py"


@pytest.fixture(scope="module")
def app():
    spec = importlib.util.spec_from_file_location("app", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def slept(monkeypatch):
    seconds = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def configure(monkeypatch, slept):
    for name in [name for name in os.environ if name.startswith("LAB_")]:
        monkeypatch.delenv(name)
    return lambda **settings: [monkeypatch.setenv(f"LAB_{name.upper()}", value) for name, value in settings.items()]


def test_success_returns_the_event_with_the_message(app, configure, capsys):
    configure(action="succeed", message="done")
    assert app.handler({"id": 1}, None) == {"message": "done", "event": {"id": 1}}
    assert capsys.readouterr().out.splitlines()[-1] == "done"


def test_failure_prints_and_then_raises_the_samples_exception(app, configure, capsys):
    configure(action="fail", message="Lambda function throwing exception")
    with pytest.raises(Exception, match=r"^Lambda function throwing exception$") as raised:
        app.handler({}, None)
    assert raised.type is Exception
    assert capsys.readouterr().out


def test_it_sleeps_before_it_prints(app, configure, slept, capsys, monkeypatch):
    configure(action="sleep", sleep_seconds="90", message="slept")
    monkeypatch.setattr(time, "sleep", lambda seconds: sys.stdout.write(f"sleeping {seconds:g}\n"))
    app.handler({}, None)
    assert capsys.readouterr().out.splitlines()[-2:] == ["sleeping 90", "slept"]


def test_every_action_sleeps_first(app, configure, slept):
    configure(action="fail", sleep_seconds="2.5")
    with pytest.raises(Exception, match=r"^$"):
        app.handler({}, None)
    assert slept == [2.5]


def test_an_unknown_action_is_named_with_those_that_there_are(app, configure):
    configure(action="dance")
    with pytest.raises(ValueError, match="LAB_ACTION is 'dance'; it must be one of succeed, sleep, fail"):
        app.handler({}, None)


def test_an_event_may_say_for_itself_what_becomes_of_it(app, configure, slept):
    configure(action="succeed", message="done", sleep_seconds="1")
    assert app.handler({"behavior": {"sleep_seconds": 2.5}}, None)["message"] == "done"
    with pytest.raises(Exception, match=r"^done$"):
        app.handler({"behavior": {"action": "fail", "sleep_seconds": 0}}, None)
    assert slept == [2.5, 0.0]


def test_an_event_recovers_when_it_says_so(app, configure, monkeypatch):
    configure(action="fail", message="no")
    event = {"behavior": {"recovers_at": 1_000.0}}
    monkeypatch.setattr(time, "time", lambda: 999.9)
    with pytest.raises(Exception, match=r"^no$"):
        app.handler(event, None)
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    assert app.handler(event, None)["message"] == "no"


@pytest.mark.parametrize(
    "wrapped",
    [
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": '{"behavior": {"action": "fail"}}'}}]},
        {"detail-type": "Event", "source": "async-lab.x", "detail": {"behavior": {"action": "fail"}}},
    ],
    ids=["sns", "eventbridge"],
)
def test_what_a_source_wraps_is_taken_out(app, configure, wrapped):
    configure(action="succeed", message="no")
    with pytest.raises(Exception, match=r"^no$"):
        app.handler(wrapped, None)


@pytest.mark.parametrize(
    "event", [None, 3, "text", [], {"Records": []}, {"behavior": "none"}, {"Records": [{"s3": {}}]}]
)
def test_an_event_that_says_nothing_goes_by_the_environment(app, configure, event):
    configure(action="succeed", message="done")
    assert app.handler(event, None) == {"message": "done", "event": event}


def run(action, preamble=""):
    code = f"{preamble}\nimport sys; sys.path.insert(0, {str(SOURCE.parent)!r})\nimport app; app.handler({{}}, None)"
    environment = os.environ | {"LAB_ACTION": action, "PYTHONDONTWRITEBYTECODE": "1"}
    program = [sys.executable, "-c", code]
    return subprocess.run(program, env=environment, capture_output=True, timeout=LONGEST_SECONDS, check=False)


def test_exit_ends_the_process_without_an_exception():
    completed = run("exit")
    assert (completed.returncode, completed.stderr) == (1, b"")


def test_exhausted_memory_ends_the_execution():
    completed = run(
        "exhaust_memory", "import resource; resource.setrlimit(resource.RLIMIT_AS, (256 * 1024**2, 256 * 1024**2))"
    )
    assert b"MemoryError" in completed.stderr


def test_the_root_module_allows_exactly_the_actions_that_there_are(app):
    variables = (Project.locate().terraform / "variables.tf").read_text()
    listed = ", ".join(f'"{action}"' for action in sorted(app.ACTIONS))
    allowed = variables.split("contains([", 1)[1].split("], var.behavior.action", 1)[0]
    assert ", ".join(sorted(allowed.split(", "))) == listed
