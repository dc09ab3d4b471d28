"""Time as a handler sees it."""

from __future__ import annotations

import time

import pytest
from handlers import AT, error, texts

SLEEPS = """
    import time
    from datetime import datetime, timezone
    from time import sleep

    def now():
        return [
            time.time(), time.time_ns() / 1e9, datetime.now(timezone.utc).timestamp(),
            time.monotonic(), time.monotonic_ns() / 1e9, time.perf_counter(), time.perf_counter_ns() / 1e9,
        ]

    def handler(event, context):
        before, left = now(), context.get_remaining_time_in_millis()
        (sleep if event["imported"] else time.sleep)(event["seconds"])
        passed = [after - before for before, after in zip(before, now())]
        return {"before": before, "passed": passed, "left": [left, context.get_remaining_time_in_millis()]}
"""
TOLERANCE = 1e-6  # a float of today's epoch seconds has no more


@pytest.mark.parametrize("imported", [False, True])
def test_sleep_moves_the_clock_at_once_and_all_clocks_agree(deploy, imported):
    began = time.monotonic()
    function = deploy(SLEEPS)
    result = function.returns({"seconds": 90, "imported": imported})
    assert time.monotonic() - began < 60
    assert result["passed"] == pytest.approx([90] * 7, abs=TOLERANCE)
    assert result["before"][:3] == pytest.approx([AT + 0.101] * 3, abs=TOLERANCE)


def test_the_duration_is_what_was_slept_and_a_constant(deploy):
    function = deploy(SLEEPS)
    durations = [function({"seconds": s, "imported": True}).duration_seconds for s in (0, 0.25, 90)]
    assert durations == [0.001, 0.251, 90.001]


def test_the_remaining_time_is_virtual(deploy):
    assert deploy(SLEEPS).returns({"seconds": 90, "imported": True})["left"] == [99_999, 9_999]


def test_time_stands_still_while_code_computes(deploy):
    function = deploy("""
        import time
        def handler(event, context):
            before = time.time(), time.monotonic()
            sum(range(2_000_000))
            return [time.time() - before[0], time.monotonic() - before[1]]
    """)
    assert function.returns() == [0, 0]


def test_each_execution_begins_at_its_own_time(deploy):
    function = deploy("import time\ndef handler(event, context): return time.time()")
    function()
    assert function.returns(at=AT + 3600) == pytest.approx(AT + 3600.001, abs=TOLERANCE)


def test_sleeping_past_the_deadline_ends_the_execution_exactly_there(deploy):
    function = deploy(
        """
        import time
        def handler(event, context):
            print("going to sleep")
            try:
                time.sleep(event)
            finally:
                print("never")
        """,
        timeout_seconds=3,
    )
    result = function(4, environment="a")
    assert result.duration_seconds == 3.0
    assert not result.environment_survives
    assert texts(result)[0] == "going to sleep"
    assert "never" not in texts(result)
    assert function(3, environment="b").function_error == "Unhandled", "the deadline itself is too late"
    assert function(2.9, environment="c").function_error is None


def test_a_timeout_is_worded_as_lambda_words_it(deploy):
    result = deploy("import time\ndef handler(event, context): time.sleep(200)")()
    assert error(result) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: 6f7f0961-f834-42c2-b94c-8b1b2a3e4d5c Error: Task timed out after 100.00 seconds",
    }
    line = result.output[-1]
    assert line.text == (
        "2026-09-21T14:15:00.100Z 6f7f0961-f834-42c2-b94c-8b1b2a3e4d5c Task timed out after 100.00 seconds"
    )
    assert line.at == pytest.approx(AT + 100.1)


def test_after_a_timeout_the_environment_is_a_new_one(deploy):
    function = deploy("""
        import time
        count = 0
        def handler(event, context):
            global count
            count += 1
            time.sleep(event)
            return count
    """)
    assert function.returns(0) == 1
    function(1000)
    assert function.returns(0) == 1


def test_sleeps_while_the_module_is_imported_are_initialization(deploy):
    function = deploy("import time\ntime.sleep(2)\ndef handler(event, context): return time.time()")
    result = function()
    assert result.init_seconds == 2.1
    assert result.duration_seconds == 0.001
    assert float(result.payload) == pytest.approx(AT + 2.101, abs=TOLERANCE)


def test_an_initialization_beyond_ten_seconds_is_done_again_within_the_execution(deploy):
    slow = "import time\ntime.sleep(20)\ndef handler(event, context): return context.get_remaining_time_in_millis()"
    result = deploy(slow)()
    assert [result.init_seconds, result.duration_seconds] == [10.0, 20.101]
    assert result.payload == b"79899"
    late = deploy(slow, timeout_seconds=15)()
    assert [late.init_seconds, late.duration_seconds] == [10.0, 15.0]
    assert error(late)["errorType"] == "Sandbox.Timedout"


def test_asyncio_sleeps_side_by_side_in_virtual_time(deploy):
    function = deploy("""
        import asyncio
        async def work():
            await asyncio.gather(asyncio.sleep(30), asyncio.sleep(50), asyncio.sleep(20))
            try:
                await asyncio.wait_for(asyncio.Event().wait(), timeout=7)
            except asyncio.TimeoutError:
                return "waited"
        def handler(event, context):
            return asyncio.run(work())
    """)
    result = function()
    assert result.payload == b'"waited"'
    assert result.duration_seconds == pytest.approx(57.001, abs=0.01)


def test_threads_sleep_side_by_side(deploy):
    function = deploy("""
        import time
        from concurrent.futures import ThreadPoolExecutor
        def work(naps):
            for nap in naps:
                time.sleep(nap)
            return time.monotonic()
        def handler(event, context):
            begun = time.monotonic()
            with ThreadPoolExecutor(3) as pool:
                ends = list(pool.map(work, [[5], [3, 1, 1, 2], [1]]))
            return [end - begun for end in ends]
    """)
    result = function()
    assert result.payload == b"[5.0, 7.0, 1.0]"
    assert result.duration_seconds == 7.001


def test_threads_that_wake_at_the_same_time_move_the_clock_once(deploy):
    function = deploy("""
        import time
        from concurrent.futures import ThreadPoolExecutor
        def work(_number):
            for _ in range(5):
                time.sleep(2)
            return time.time() - time.monotonic()
        def handler(event, context):
            before = time.time() - time.monotonic()
            with ThreadPoolExecutor(8) as pool:
                return [offset - before for offset in pool.map(work, range(8))]
    """)
    result = function()
    assert result.payload == b"[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]"
    assert result.duration_seconds == 10.001


def test_a_sleep_that_holds_a_lock_for_which_others_wait_passes(deploy):
    function = deploy("""
        import threading, time
        from concurrent.futures import ThreadPoolExecutor
        lock = threading.Lock()
        def work(seconds):
            with lock:
                time.sleep(seconds)
        def handler(event, context):
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(work, [4, 5]))
    """)
    assert function().duration_seconds == 9.001


def test_a_thread_that_computes_is_not_taken_to_wait_because_the_machine_stood(deploy):
    function = deploy("""
        import os, subprocess, threading, time
        def handler(event, context):
            other = threading.Thread(target=time.sleep, args=(50,))
            other.start()
            began = time.time()
            stop = f"kill -STOP {os.getpid()}; sleep 1.5; kill -CONT {os.getpid()}"
            machine = subprocess.Popen(["sh", "-c", stop])
            sum(range(10_000_000))
            took = time.time() - began
            machine.wait()
            other.join()
            return took
    """)
    assert function.returns() == 0


def test_a_sleep_in_the_event_loops_pool_counts_too(deploy):
    function = deploy("""
        import asyncio, time
        async def work():
            await asyncio.gather(asyncio.to_thread(time.sleep, 9), asyncio.sleep(4))
        def handler(event, context):
            asyncio.run(work())
    """)
    assert function().duration_seconds == pytest.approx(9.001, abs=0.01)


def test_waits_with_a_limit_take_virtual_time(deploy):
    function = deploy("""
        import queue, threading, time
        def handler(event, context):
            begun = time.monotonic()
            threading.Event().wait(11)
            try:
                queue.Queue().get(timeout=13)
            except queue.Empty:
                pass
            threading.Condition().acquire()
            return time.monotonic() - begun
    """)
    assert function.returns() == 24.0


def test_a_wait_ends_early_when_another_thread_says_so(deploy):
    function = deploy("""
        import threading, time
        def handler(event, context):
            ready, begun = threading.Event(), time.monotonic()
            threading.Thread(target=lambda: (time.sleep(6), ready.set())).start()
            return [ready.wait(60), time.monotonic() - begun]
    """)
    assert function.returns() == [True, 6.0]


def test_a_background_thread_neither_spins_nor_drives_the_clock(deploy):
    """Such as the flushing threads of tracing libraries: they get time when the handler lets some pass."""
    function = deploy("""
        import select, threading, time
        ticks = []
        def tick():
            while True:
                time.sleep(60)
                ticks.append(time.monotonic())
        threading.Thread(target=tick, daemon=True).start()
        def handler(event, context):
            select.select([], [], [], 1.5)
            time.sleep(event)
            return len(ticks)
    """)
    assert function(10).duration_seconds == 10.001
    assert function(80, at=AT + 11).duration_seconds == 80.001


def test_a_timeout_in_a_thread_ends_the_execution(deploy):
    function = deploy(
        """
        import threading, time
        def handler(event, context):
            worker = threading.Thread(target=time.sleep, args=(10,))
            worker.start()
            worker.join()
        """,
        timeout_seconds=3,
    )
    result = function()
    assert error(result)["errorType"] == "Sandbox.Timedout"
    assert result.duration_seconds == 3.0


def test_sleep_refuses_what_the_real_one_refuses(deploy):
    function = deploy("""
        import time
        def handler(event, context):
            refused = []
            for wrong in (-1, "1", float("nan"), None):
                try:
                    time.sleep(wrong)
                except (TypeError, ValueError) as error:
                    refused.append(type(error).__name__)
            time.sleep(0)
            time.sleep(True)
            return refused
    """)
    assert function.returns() == ["ValueError", "TypeError", "ValueError", "TypeError"]
