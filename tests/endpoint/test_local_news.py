"""What ``async-lab local`` says of how handlers are run: once, and plainly."""

import os
import signal

from queue_lab import Lab

from async_lab.cli import serve
from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.sandbox.nursery import ISOLATION


def test_what_is_to_be_known_of_handlers_is_said_and_logged_no_second_time(monkeypatch, capfd):
    monkeypatch.setenv(ISOLATION, "none")
    with Endpoint() as endpoint:
        lab = Lab(endpoint)
        name = lab.function()
        lab.lambda_.invoke(FunctionName=name)
        (remark,) = serve._news(endpoint)
        assert "without a root directory of their own" in remark
        killed = endpoint._sandbox._nursery._zygote._process.pid
        os.kill(killed, signal.SIGKILL)
        lab.lambda_.invoke(FunctionName=lab.function())  # a warm environment may answer before it ends
        assert serve._news(endpoint)[0] == remark
        assert f"process {killed}) was ended by SIGKILL" in serve._news(endpoint)[1]
    assert capfd.readouterr().err == ""
