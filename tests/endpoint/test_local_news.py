"""What ``async-lab local`` says of how handlers are run: once, and plainly."""

import json
import os
import signal
import sys

from queue_lab import Lab

from async_lab.cli import serve
from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.sandbox.nursery import ISOLATION

OWN = f"python3.{sys.version_info.minor}"
OTHER = f"python3.{sys.version_info.minor + 1}"


def test_what_is_to_be_known_of_handlers_is_said_and_logged_no_second_time(monkeypatch, capfd):
    monkeypatch.setenv(ISOLATION, "none")
    with Endpoint() as endpoint:
        lab = Lab(endpoint)
        name = lab.function(Runtime=OWN)
        lab.lambda_.invoke(FunctionName=name)
        (remark,) = serve._news(endpoint)
        assert "without a root directory of their own" in remark
        killed = endpoint._sandbox._nursery._zygote._process.pid
        os.kill(killed, signal.SIGKILL)
        lab.lambda_.invoke(FunctionName=lab.function(Runtime=OWN))  # a warm environment may answer before it ends
        assert serve._news(endpoint)[0] == remark
        assert f"process {killed}) was ended by SIGKILL" in serve._news(endpoint)[1]
    assert capfd.readouterr().err == ""


def test_the_log_of_a_missing_module_names_the_python_that_ran():
    with Endpoint() as endpoint:
        lab = Lab(endpoint)
        for runtime, is_named in ((OTHER, True), (OWN, False)):
            broken = lab.function(Runtime=runtime, source="import not_there\n")
            answer = lab.lambda_.invoke(FunctionName=broken)
            assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.ImportModuleError"
            lab.target.wait(1)
            said = f"async-lab: {runtime} functions run on {OWN.replace('python', 'Python ')} here"
            assert any(line.startswith(said) for line in lab.log(broken)) is is_named
