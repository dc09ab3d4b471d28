"""What goes wrong, and how Lambda says so."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
from handlers import REQUEST_ID, error, texts

from async_lab.endpoint.sandbox import Limits, Sandbox

RAISES = """
    def helper():
        raise ValueError("bad\\nvalue")
    def handler(event, context):
        print("before")
        helper()
"""


def test_an_exception_becomes_lambdas_error_object_with_lambdas_paths(deploy):
    found = error(deploy(RAISES)())
    assert found == {
        "errorMessage": "bad\nvalue",
        "errorType": "ValueError",
        "requestId": REQUEST_ID,
        "stackTrace": [
            '  File "/var/task/app.py", line 6, in handler\n    helper()\n',
            '  File "/var/task/app.py", line 3, in helper\n    raise ValueError("bad\\nvalue")\n',
        ],
    }


def test_an_exception_is_one_log_event_and_the_environment_survives_it(deploy):
    result = deploy(RAISES)()
    assert result.environment_survives
    before, logged = result.output
    assert before.text == "before"
    assert logged.text.startswith("[ERROR] ValueError: bad\nvalue\nTraceback (most recent call last):\n")
    assert '/var/task/app.py", line 3, in helper' in logged.text


@pytest.mark.parametrize(
    ("leaves", "reason"),
    [
        ("os._exit(1)", "Runtime exited with error: exit status 1"),
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_ends_is_an_exit_error_and_its_environment_gone(deploy, leaves, reason):
    function = deploy(f"""
        import os, signal, sys, time, uuid
        me = uuid.uuid4().hex
        def handler(event, context):
            if event == "work":
                return me
            time.sleep(2)
            print("last words", end="")
            {leaves}
    """)
    first = function.returns("work")
    result = function()
    assert error(result) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST_ID} Error: {reason}",
    }
    assert texts(result) == ["last words", f"RequestId: {REQUEST_ID} Error: {reason}\nRuntime.ExitError"]
    assert not result.environment_survives
    assert result.duration_seconds == 2.001
    assert result.max_memory_used_mb > 0
    assert function("work").init_seconds is not None
    assert function.returns("work") != first


HOARDS = """
    hoard = []
    def handler(event, context):
        print("taking")
        while True:
            hoard.append(b"1" * 4_000_000)
"""


def test_memory_above_the_functions_size_kills_it(deploy):
    result = deploy(HOARDS)()
    assert error(result) == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed",
    }
    assert texts(result) == [
        "taking",
        f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed\nRuntime.OutOfMemory",
    ]
    assert result.max_memory_used_mb == 128
    assert not result.environment_survives


def test_memory_that_was_given_back_counts_too(deploy):
    function = deploy("""
        def handler(event, context):
            len(b"1" * (event * 1024 * 1024))
    """)
    assert function(60).function_error is None
    assert error(function(160))["errorType"] == "Runtime.OutOfMemory"
    function.deployment = deploy({}, memory_size_mb=512, package=function.deployment.package).deployment
    assert function(160).function_error is None


def test_one_allocation_far_beyond_the_size_is_out_of_memory_as_well(deploy):
    result = deploy("def handler(event, context): bytearray(10**11)")()
    assert error(result)["errorType"] == "Runtime.OutOfMemory"
    assert not any("MemoryError" in text for text in texts(result))


def test_thirty_threads_fit_into_the_address_space(deploy):
    function = deploy("""
        from concurrent.futures import ThreadPoolExecutor
        from threading import Barrier
        def handler(event, context):
            together = Barrier(30)
            with ThreadPoolExecutor(30) as pool:
                return len(list(pool.map(lambda _: together.wait(), range(30))))
    """)
    assert function.returns() == 30


def test_a_result_that_is_not_json_is_a_marshal_error(deploy):
    found = error(deploy("def handler(event, context): return {1, 2}")())
    assert found["errorType"] == "Runtime.MarshalError"
    assert found["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"


def test_a_result_above_six_megabytes_is_refused(deploy):
    function = deploy("def handler(event, context): return 'x' * event")
    assert len(function(6_291_554).payload) == 6_291_556
    result = function(6_291_555)
    assert error(result) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert result.environment_survives


def test_an_event_of_six_megabytes_arrives(deploy):
    assert deploy("def handler(event, context): return len(event)").returns("x" * 6_000_000) == 6_000_000


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("", "nowhere.handler", "Runtime.ImportModuleError", "Unable to import module 'nowhere': No module named 'n"),
        ("import absent", "app.handler", "Runtime.ImportModuleError", "Unable to import module 'app': No module name"),
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def broken(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("", "app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
        ("raise KeyError('x')", "app.handler", "KeyError", "'x'"),
    ],
)
def test_a_handler_that_cannot_be_loaded_fails_the_invocation(deploy, source, handler, kind, message):
    function = deploy(source, handler=handler)
    for _ in range(2):
        result = function()
        assert error(result)["errorType"] == kind
        assert error(result)["errorMessage"].startswith(message)
        assert error(result)["stackTrace"] == [] or "/var/task/app.py" in str(error(result)["stackTrace"])
        assert not result.environment_survives
        assert result.init_seconds == 0.1
        assert any(text.startswith(f"[ERROR] {kind}") for text in texts(result))


def test_a_process_that_ends_while_it_imports_is_an_exit_error(deploy):
    result = deploy("import os\nprint('importing')\nos._exit(7)")()
    assert error(result)["errorMessage"] == f"RequestId: {REQUEST_ID} Error: Runtime exited with error: exit status 7"
    assert texts(result)[0] == "importing"


@pytest.fixture
def limited():
    """Make sandboxes with other limits than usual."""
    with ExitStack() as sandboxes:

        def make(**limits):
            sandbox = Sandbox(limits=Limits(**limits))
            sandboxes.callback(sandbox.close)
            return sandbox

        yield make


@pytest.mark.parametrize(
    "hangs",
    [
        "def handler(event, context):\n    while True: pass",
        "import threading\ndef handler(event, context): threading.Event().wait()",
        "import signal\nsignal.pause()",
    ],
)
def test_a_handler_that_hangs_is_stopped_and_times_out(deploy, limited, hangs):
    began = time.monotonic()
    result = deploy(hangs, within=limited(real_seconds=0.4))()
    assert time.monotonic() - began < 30
    assert error(result)["errorMessage"].endswith("Task timed out after 100.00 seconds")
    assert result.duration_seconds == 100.0
    assert not result.environment_survives
    assert "async-lab: the handler took too long in real time" in texts(result)[-2]


def test_a_flood_of_output_is_cut_and_said_to_be(deploy, limited):
    function = deploy(
        """
        def handler(event, context):
            for number in range(event):
                print(f"line {number}")
            return "done"
        """,
        within=limited(output_bytes=10_000),
    )
    result = function(5_000)
    assert result.payload == b'"done"'
    assert texts(result)[-1] == "async-lab: the rest of the output was dropped (3,893 lines, 38,928 bytes)"
    assert sum(len(text) + 1 for text in texts(result)[:-1]) <= 10_001
    assert texts(function(1)) == ["line 0"], "and nothing of it is left for the next execution"


def test_an_endless_flood_is_stopped_like_any_hang(deploy, limited):
    within = limited(real_seconds=0.4, output_bytes=10_000)
    result = deploy("def handler(event, context):\n    while True: print('x' * 4000)", within=within)()
    assert error(result)["errorType"] == "Sandbox.Timedout"
    assert len(result.output) < 20


def test_failures_are_the_same_on_every_run(deploy):
    function = deploy(RAISES)
    one, other = (replace(function(environment=name), max_memory_used_mb=0) for name in "ab")
    assert one == other
    assert not any("async-lab-" in text for text in texts(function())), "no path of this run"
