"""What is under way when an endpoint ends."""

import threading
import time
from contextlib import suppress

import pytest
from packages import deployed

from async_lab.endpoint.embedded import Endpoint
from async_lab.target.local import LocalTarget

SENDERS = 4


@pytest.mark.parametrize("speed", [None, 600])
def test_an_end_in_the_middle_of_everything_tells_nobody_of_errors(speed, capfd, caplog):
    begun = [threading.Event() for _ in range(SENDERS + 1)]
    is_over = threading.Event()
    with Endpoint(speed=speed) as endpoint:
        client = LocalTarget(endpoint, "eu-west-1").client
        name, lambda_ = deployed(client), client("lambda")

        def send(started):
            with suppress(Exception):
                for number in range(1_000_000):
                    time.sleep(0.02)
                    lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"sleep": 5}')
                    if number == 2:
                        started.set()

        def wait(started):
            with suppress(Exception):
                while not is_over.is_set():
                    endpoint.wait(7)
                    started.set()

        threads = [threading.Thread(target=send, args=(started,), daemon=True) for started in begun[1:]]
        threads.append(threading.Thread(target=wait, args=(begun[0],), daemon=True))
        for thread in threads:
            thread.start()
        for started in begun:
            assert started.wait(60)
        time.sleep(0.1)
    is_over.set()
    for thread in threads:
        thread.join(60)
    captured = capfd.readouterr()
    assert captured.err == ""
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
