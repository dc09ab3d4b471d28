"""How many processes there are, and that none stays."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from processes import is_alive, wait_until

from async_lab.endpoint.sandbox import Limits, Sandbox
from async_lab.errors import EnvironmentFailure

COUNTS = """
    import uuid
    count, me = 0, uuid.uuid4().hex
    def handler(event, context):
        global count
        count += 1
        return [count, me]
"""


@pytest.fixture
def small():
    sandbox = Sandbox(limits=Limits(processes=2))
    yield sandbox
    sandbox.close()


def zygote_of(sandbox):
    return psutil.Process(sandbox._nursery._zygote._process.pid)


def test_the_environment_unused_for_longest_makes_room(deploy, small):
    function = deploy(COUNTS, within=small)
    first = {name: function.returns(environment=name)[1] for name in "ab"}
    function.returns(environment="a")
    function.returns(environment="c")
    wait_until(lambda: len(zygote_of(small).children()) == 2)
    assert function.returns(environment="a") == [3, first["a"]]
    count, again = function.returns(environment="b")
    assert count == 1
    assert again != first["b"]


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
    function.returns()
    (keeper,) = zygote_of(small).children()
    (handler,) = keeper.children()
    handler.kill()
    wait_until(lambda: not is_alive(handler))
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


def test_one_handler_can_run_while_another_waits_for_it(deploy):
    """As when it invokes it."""
    outer = deploy("import socket\ndef handler(event, context): socket.create_connection(('127.0.0.1', event)).recv(1)")
    inner = deploy("import socket\ndef handler(event, context): socket.create_connection(('127.0.0.1', event))")
    with ThreadPoolExecutor(1) as pool, socket.create_server(("127.0.0.1", 0)) as server:
        waiting = pool.submit(outer, server.getsockname()[1])
        first, _ = server.accept()
        assert inner(server.getsockname()[1]).function_error is None
        first.close()
        assert waiting.result().function_error is None


def test_closing_ends_every_process_and_removes_every_file(deploy):
    sandbox = Sandbox()
    function = deploy(
        """
        import os, subprocess, sys
        def handler(event, context):
            if os.fork() == 0:
                os.setsid()
                os.execvp("sleep", ["sleep", "1000"])
            subprocess.Popen(["sleep", "1000"])
        """,
        within=sandbox,
    )
    function.returns()
    zygote = zygote_of(sandbox)
    everyone = [zygote, *zygote.children(recursive=True)]
    wait_until(lambda: [process.name() for process in everyone].count("sleep") == 2)  # a fork is a Python at first
    sandbox.close()
    wait_until(lambda: not any(map(is_alive, everyone)))
    assert not sandbox._root.exists()


def test_closing_does_not_wait_for_a_handler_that_runs(deploy):
    sandbox = Sandbox()
    function = deploy(
        """
        import socket
        def handler(event, context):
            socket.create_connection(("127.0.0.1", event))
            while True: pass
        """,
        within=sandbox,
    )
    with ThreadPoolExecutor(1) as pool, socket.create_server(("127.0.0.1", 0)) as server:
        running = pool.submit(function, server.getsockname()[1])
        server.accept()[0].close()
        sandbox.close()
        assert b"signal: killed" in running.result().payload


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
    from async_lab.endpoint.sandbox import Sandbox
    sandbox = Sandbox()
    busy = '''
        import socket, subprocess
        def handler(event, context):
            subprocess.Popen(["sleep", "1000"])
            if event:
                socket.create_connection(("127.0.0.1", event))
            while event: pass
    '''
    function = Function(sandbox, deployment(busy), "f")
    print(sandbox._root, flush=True)
    function(0, environment="idle")
    function({port}, environment="busy")
"""


def test_killing_the_owner_leaves_no_process_and_no_file():
    with socket.create_server(("127.0.0.1", 0)) as server:
        path, port = [str(Path(__file__).parent), str(Path.cwd())], server.getsockname()[1]
        script = textwrap.dedent(OWNER).format(path=path, port=port)
        owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        root = Path(owner.stdout.readline().strip())
        server.accept()[0].close()
    started_by_it = psutil.Process(owner.pid).children(recursive=True)
    assert [process.name() for process in started_by_it].count("sleep") == 2
    owner.kill()
    owner.communicate()
    wait_until(lambda: not any(map(is_alive, started_by_it)))
    wait_until(lambda: not root.exists())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killing_the_process_that_forks_them_ends_the_environments_is_told_and_the_sandbox_recovers(deploy):
    sandbox = Sandbox()
    try:
        function = deploy(COUNTS, within=sandbox)
        function.returns()
        zygote = zygote_of(sandbox)
        environments = zygote.children(recursive=True)
        zygote.kill()
        wait_until(lambda: not any(map(is_alive, environments)))
        with pytest.raises(EnvironmentFailure, match=f"process {zygote.pid}"):
            function()
        assert function.returns()[0] == 1
    finally:
        sandbox.close()


def test_an_interrupted_execution_does_not_answer_the_next(deploy, small, monkeypatch):
    function = deploy(COUNTS, within=small)
    function()
    with monkeypatch.context() as patched:
        patched.setattr(
            "async_lab.endpoint.sandbox.sandbox.result_of", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            function()
    assert function.returns()[0] == 1
