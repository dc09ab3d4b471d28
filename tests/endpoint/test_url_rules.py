import gc
import sys
import threading

import pytest
from werkzeug.routing import Map, Rule

from async_lab.endpoint.http import dispatch


@pytest.fixture
def interrupted_often():
    """Garbage collection that runs Python code again and again, and so lets other threads in."""
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()

    def collected(_phase, _info):
        sum(range(50))

    gc.set_threshold(20)
    gc.callbacks.append(collected)
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
    gc.callbacks.remove(collected)
    gc.set_threshold(*threshold)


def test_rules_are_compiled_on_many_threads_at_once(interrupted_often):
    dispatch.install()
    failures = []

    def make():
        try:
            for _ in range(10):
                Map([Rule(f"/functions/<name>/part-{number}/<qualifier>") for number in range(20)])
        except SystemError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
