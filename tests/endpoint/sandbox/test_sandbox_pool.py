"""How many processes there are, and that none stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from runner.endpoint.sandbox import Limits, Sandbox
from runner.errors import EnvironmentFailure

PATIENCE_SECONDS = 20
COUNTS = """
    import os
    count = 0
    def handler(event, context):
        global count
        count += 1
        return [count, os.getpid()]
"""


@pytest.fixture
def small():
    sandbox = Sandbox(limits=Limits(processes=2))
    yield sandbox
    sandbox.close()


def eventually(condition):
    """Wait for a condition, much longer than it needs."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_the_environment_unused_for_longest_makes_room(deploy, small):
    function = deploy(COUNTS, within=small)
    pids = {name: function.returns(environment=name)[1] for name in "ab"}
    function.returns(environment="a")
    function.returns(environment="c")
    eventually(lambda: not is_alive(pids["b"]))
    assert function.returns(environment="a") == [3, pids["a"]]


def test_an_environment_that_made_room_starts_anew_without_a_cold_start(deploy, small):
    """Lambda would have kept it warm: how many processes we afford must not change the metrics."""
    function = deploy(COUNTS, within=small)
    for name in "abc":
        assert function(environment=name).init_seconds == 0.1
    again = function(environment="a")
    assert again.init_seconds is None
    assert again.payload.startswith(b"[1,")
    assert again.duration_seconds == 0.001


def test_a_process_that_was_killed_between_executions_is_replaced(deploy, small):
    function = deploy(COUNTS, within=small)
    _, pid = function.returns()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid))
    assert function.returns()[0] == 1


def test_many_run_in_parallel_and_one_environment_runs_one_at_a_time(deploy, sandbox):
    function = deploy(COUNTS)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: function.returns(environment=str(n % 8)), range(400)))
    per_process = {pid: sorted(count for count, of in results if of == pid) for _, pid in results}
    assert len(per_process) == 8
    assert all(counts == list(range(1, 51)) for counts in per_process.values())


def test_more_executions_than_processes_wait_for_their_turn(deploy, small):
    function = deploy(COUNTS, within=small)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: function.returns(environment=str(n)), range(24)))
    assert [count for count, _ in results] == [1] * 24


def test_one_handler_can_run_while_another_waits_for_it(deploy, tmp_path):
    """As when it invokes it."""
    outer = deploy("import os\ndef handler(event, context):\n    while not os.path.exists(event): pass")
    inner = deploy("def handler(event, context): open(event, 'w').close()")
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(outer, str(tmp_path / "sign"))
        assert inner(str(tmp_path / "sign")).function_error is None
        assert waiting.result().function_error is None


def test_closing_ends_every_process_and_removes_every_file(deploy):
    sandbox = Sandbox()
    function = deploy(
        """
        import os, subprocess, sys
        def handler(event, context):
            if event == "daemon" and os.fork() == 0:
                os.setsid()
                os.execvp("sleep", ["sleep", "1000"])
            started = subprocess.Popen(["sleep", "1000"])
            return [os.getpid(), os.getppid(), started.pid, os.environ["TMPDIR"]]
        """,
        within=sandbox,
    )
    pid, zygote, started, temporary = function.returns("daemon")
    everyone = [pid, started, *(child.pid for child in psutil.Process(zygote).children(recursive=True))]
    assert len(set(everyone)) == 3
    sandbox.close()
    eventually(lambda: not any(is_alive(process) for process in [*everyone, zygote]))
    assert not Path(temporary).parent.exists()


def test_closing_does_not_wait_for_a_handler_that_runs(deploy):
    sandbox = Sandbox()
    function = deploy("def handler(event, context):\n    while True: pass", within=sandbox)
    results = []
    runner = threading.Thread(target=lambda: results.append(function()))
    runner.start()
    time.sleep(0.3)
    sandbox.close()
    runner.join(PATIENCE_SECONDS)
    assert not runner.is_alive()
    assert b"signal: killed" in results[0].payload


def test_a_closed_sandbox_runs_nothing_and_closes_again(deploy):
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()
    with pytest.raises(EnvironmentFailure, match="closed"):
        deploy(COUNTS, within=sandbox)()


OWNER = """
    import sys, time
    sys.path[:0] = {path!r}
    from handlers import Function, deployment
    from runner.endpoint.sandbox import Sandbox
    sandbox = Sandbox()
    busy = '''
        import os, subprocess, threading
        def handler(event, context):
            child = subprocess.Popen(["sleep", "1000"])
            print(flush=True)
            open(event, "w").write(f"{{os.getpid()}} {{os.getppid()}} {{child.pid}} {{os.environ['TMPDIR']}}")
            while event.endswith("busy"): pass
    '''
    function = Function(sandbox, deployment(busy), "f")
    function({directory!r} + "/idle", environment="idle")
    function({directory!r} + "/busy", environment="busy")
"""


def test_killing_the_owner_leaves_no_process_and_no_file(tmp_path):
    script = textwrap.dedent(OWNER).format(path=[str(Path(__file__).parent), str(Path.cwd())], directory=str(tmp_path))
    owner = subprocess.Popen([sys.executable, "-c", script])
    eventually(lambda: (tmp_path / "busy").exists() and (tmp_path / "busy").read_text().count(" ") == 3)
    told = [*(tmp_path / "idle").read_text().split(), *(tmp_path / "busy").read_text().split()]
    owner.kill()
    owner.wait()
    eventually(lambda: not any(is_alive(int(pid)) for pid in told if pid.isdecimal()))
    root = Path(told[3]).parent
    eventually(lambda: not root.exists())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killing_the_process_that_forks_them_ends_the_environments_and_the_sandbox_recovers(deploy):
    sandbox = Sandbox()
    try:
        function = deploy("import os\ndef handler(event, context): return [os.getpid(), os.getppid()]", within=sandbox)
        pid, zygote = function.returns()
        os.kill(zygote, signal.SIGKILL)
        eventually(lambda: not is_alive(pid))
        assert function.returns()[1] != zygote
    finally:
        sandbox.close()


def test_an_interrupted_execution_does_not_answer_the_next(deploy, small, monkeypatch):
    function = deploy(COUNTS, within=small)
    function()
    with monkeypatch.context() as patched:
        patched.setattr(
            "runner.endpoint.sandbox.sandbox.result_of", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            function()
    assert function.returns()[0] == 1
