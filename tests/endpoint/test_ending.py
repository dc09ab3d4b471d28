"""What is under way when an endpoint ends."""

import threading
import time

import pytest
from packages import deployed

from async_lab.endpoint.embedded import Endpoint
from async_lab.target.local import LocalTarget

SENDERS = 4
LONGEST_SECONDS = 60


@pytest.mark.parametrize("speed", [None, 600])
def test_an_end_in_the_middle_of_everything_tells_nobody_of_errors(speed, capfd, caplog):
    is_ending, is_over, failures = threading.Event(), threading.Event(), []
    with Endpoint(speed=speed) as endpoint:
        target = LocalTarget(endpoint, "eu-west-1")
        name, lambda_ = deployed(target.client), target.invoking_client()

        def send(has_begun):
            for number in range(1_000_000):
                time.sleep(0.02)
                lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"sleep": 5}')
                if number == 2:
                    has_begun.set()

        def wait(has_begun):
            while not is_over.is_set():
                endpoint.wait(7)
                has_begun.set()

        # Who waits begins first: what is sent while the clock stands is due at once, so that a wait lasts for as long
        # as more is sent than this machine can run.
        threads = [begun(work, is_ending, failures) for work in (wait, *[send] * SENDERS)]
        time.sleep(0.1)
        is_ending.set()
    is_over.set()
    for thread in threads:
        thread.join(LONGEST_SECONDS)
        assert not thread.is_alive()
    assert failures == []
    captured = capfd.readouterr()
    assert captured.err == ""
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def begun(work, is_ending, failures):
    """Return the thread that does some work, when that has begun. Until the endpoint ends it may not fail."""
    has_begun = threading.Event()

    def run():
        try:
            work(has_begun)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test tells it
            if not is_ending.is_set():
                failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert has_begun.wait(LONGEST_SECONDS), failures
    return thread
