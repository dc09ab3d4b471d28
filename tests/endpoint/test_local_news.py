"""What ``async-lab local`` says of how handlers are run: once, and plainly."""

import os
import signal
import sys

import pytest
from packages import AS_TOLD

from async_lab import Lab
from async_lab.cli import serve
from async_lab.endpoint.sandbox.nursery import ISOLATION
from async_lab.errors import UsageError

OWN = f"python3.{sys.version_info.minor}"
OTHER = f"python3.{sys.version_info.minor + 1}"


def test_what_is_to_be_known_of_handlers_is_said_and_logged_no_second_time(monkeypatch, capfd):
    monkeypatch.setenv(ISOLATION, "none")
    with Lab() as lab:
        endpoint = lab._endpoint
        lab.function(f"{AS_TOLD}:handler", name="one").invoke()
        (remark,) = serve._news(endpoint)
        assert "without a root directory of their own" in remark
        killed = endpoint._sandbox._nursery._zygote._process.pid
        os.kill(killed, signal.SIGKILL)
        other = lab.function(f"{AS_TOLD}:handler", name="other")  # a warm environment may answer before it ends
        lab.client("lambda").invoke(FunctionName=other.name)
        assert serve._news(endpoint)[0] == remark
        assert f"process {killed}) was ended by SIGKILL" in serve._news(endpoint)[1]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("runtime", "is_named"), [(OTHER, True), (OWN, False)])
def test_the_log_of_a_missing_module_names_the_python_that_ran(async_lab, handler, runtime, is_named):
    broken = async_lab.function(handler("import not_there\ndef handler(event, context): ...\n"))
    async_lab.client("lambda").update_function_configuration(FunctionName=broken.name, Runtime=runtime)
    with pytest.raises(UsageError, match=r"Runtime\.ImportModuleError"):
        broken.invoke()
    async_lab.advance(seconds=1)
    said = f"async-lab: {runtime} functions run on {OWN.replace('python', 'Python ')} here"
    assert any(line.startswith(said) for line in broken.logs) is is_named
