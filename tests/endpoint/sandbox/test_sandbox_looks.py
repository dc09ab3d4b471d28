"""Loops that look at the clock, alarms and other processes: what waits in other ways than by sleeping."""

from __future__ import annotations

import pytest
from handlers import error

LOOPS = """
    import time
    from datetime import datetime, timedelta

    def handler(event, context):
        began = time.time()
        loops[event](context)
        return time.time() - began

    def by_time(context):
        end = time.time() + 30
        while time.time() < end:
            pass

    def by_monotonic(context):
        began = time.monotonic()
        while True:
            if time.monotonic() - began > 30:
                break

    def by_datetime(context):
        end = datetime.now() + timedelta(seconds=30)
        while datetime.now() < end:
            sum(range(100))

    def by_helper(context):
        end = time.time() + 30
        def left():
            return end - time.time()
        while left() > 0:
            pass

    def by_context(context):
        while context.get_remaining_time_in_millis() > 69_000:
            pass

    def in_a_thread(context):
        import threading
        thread = threading.Thread(target=by_time, args=(context,))
        thread.start()
        thread.join()

    loops = {name: loop for name, loop in globals().items() if name.startswith(("by", "in"))}
"""


@pytest.mark.parametrize("loop", ["by_time", "by_monotonic", "by_datetime", "by_helper", "by_context", "in_a_thread"])
def test_a_loop_that_waits_for_a_time_sees_it_come(deploy, loop):
    took = deploy(LOOPS).returns(loop)
    assert took == pytest.approx(30.9 if loop == "by_context" else 30, abs=0.2)


def test_a_loop_that_waits_longer_than_the_function_may_times_out(deploy):
    result = deploy(LOOPS, timeout_seconds=10)("by_time")
    assert error(result)["errorType"] == "Sandbox.Timedout"
    assert result.duration_seconds == 10


def test_many_looks_that_wait_for_nothing_take_no_time(deploy):
    function = deploy("""
        import logging, time
        from datetime import datetime
        def stamp(item):
            return {"item": item, "at": time.time(), "date": datetime.now().isoformat()}
        class Cache:
            expires = time.time() + 1e9
            def get(self):
                if time.time() > self.expires:
                    raise ValueError
                return 1
        def handler(event, context):
            cache = Cache()
            for number in range(3_000):
                stamp(number)
                at = time.monotonic()
                cache.get()
                logging.getLogger().debug("%s", at)
                logging.getLogger().makeRecord("n", 10, "f", 1, "m", (), None)
    """)
    assert function().duration_seconds == 0.001


def test_an_alarm_interrupts_a_sleep_at_its_time(deploy):
    function = deploy("""
        import signal, time
        class TooLong(Exception):
            pass
        def ring(number, frame):
            raise TooLong
        def handler(event, context):
            signal.signal(signal.SIGALRM, ring)
            began = time.time()
            signal.alarm(20)
            try:
                time.sleep(60)
            except TooLong:
                return time.time() - began
    """)
    assert function.returns() == pytest.approx(20, abs=1e-6)


def test_an_alarm_that_is_taken_back_never_rings(deploy):
    function = deploy("""
        import signal, time
        def handler(event, context):
            rung = []
            signal.signal(signal.SIGALRM, lambda *_: rung.append(time.time()))
            signal.alarm(20)
            time.sleep(5)
            left = signal.alarm(0)
            time.sleep(60)
            return [left, rung]
    """)
    assert function.returns() == [15, []]


def test_an_interval_timer_rings_again_and_again(deploy):
    function = deploy("""
        import signal, time
        def handler(event, context):
            rung, began = [], time.time()
            signal.signal(signal.SIGALRM, lambda *_: rung.append(round(time.time() - began, 3)))
            signal.setitimer(signal.ITIMER_REAL, 10, 5)
            time.sleep(22)
            signal.setitimer(signal.ITIMER_REAL, 0)
            return rung
    """)
    assert function.returns() == [10, 15, 20]


def test_an_alarm_rings_for_who_waits_for_the_world_outside(deploy):
    function = deploy("""
        import signal, socket, time
        class TooLong(Exception):
            pass
        def ring(number, frame):
            raise TooLong
        def handler(event, context):
            signal.signal(signal.SIGALRM, ring)
            listening = socket.create_server(("127.0.0.1", 0))
            began = time.time()
            signal.alarm(1)
            try:
                listening.accept()
            except TooLong:
                return time.time() - began
    """)
    assert function.returns() == pytest.approx(1, abs=1e-6)


def test_what_is_waited_for_another_process_is_the_handlers_time(deploy):
    function = deploy("""
        import subprocess, sys, time
        def handler(event, context):
            began = time.time()
            subprocess.run([sys.executable, "-c", "import time; time.sleep(1)"], check=True)
            return time.time() - began
    """)
    took = function.returns()
    assert took >= 1
    assert took == pytest.approx(round(took, 1), abs=1e-6)
