"""What counts as an execution environment's memory."""

import os
import sys

import pytest
from handlers import error

from async_lab.endpoint.sandbox import Sandbox, environment
from async_lab.endpoint.sandbox.nursery import ISOLATION, Process


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has process namespaces")
def test_an_environment_that_has_no_processes_of_its_own_yet_is_not_charged_with_the_machines():
    begun = Process(os.getpid(), control=None, output=-1, status=-1, is_private=True, zygote=None)
    assert environment.in_use_kib(begun) == 0


def test_what_a_handler_starts_counts_as_its_own(deploy):
    result = deploy(
        """
        import subprocess, sys
        def handler(event, context):
            hold = "held = b'x' * 200_000_000; print(flush=True); input()"
            child = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            child.stdout.readline()
            child.wait()
        """,
        memory_size_mb=128,
    )()
    assert error(result)["errorType"] == "Runtime.OutOfMemory"


def test_a_forked_child_counts_without_namespaces_too(deploy, monkeypatch):
    monkeypatch.setenv(ISOLATION, "none")
    sandbox = Sandbox()
    try:
        result = deploy(
            """
            import os, time
            def handler(event, context):
                ready, told = os.pipe()
                child = os.fork()
                if child == 0:
                    held = b"x" * 200_000_000
                    os.write(told, b"1")
                    os.read(ready, 1)
                    os.read(ready, 1)
                os.waitpid(child, 0)
            """,
            within=sandbox,
            memory_size_mb=128,
        )()
    finally:
        sandbox.close()
    assert error(result)["errorType"] == "Runtime.OutOfMemory"
