"""What an interruption leaves behind: real Terraform, real provider, an endpoint whose answer waits for us."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from processes import MARK, kill_processes_of, processes_of, wait_until
from program import LONGEST_SECONDS
from slow_endpoint import SlowEndpoint

from async_lab.errors import ExitCode
from async_lab.target.environment import local_environment
from async_lab.terraform import Terraform, kept_provider

ACCOUNT, REGION = "123456789012", "eu-west-1"
WRAPPERS = Path(__file__).parent / "wrappers.py"


class Wrapper:
    """A wrapper at work, in a process group of its own as a shell gives it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def press_ctrl_c(self) -> None:
        os.killpg(self._process.pid, signal.SIGINT)

    def wait_until_it_says(self, words: str) -> None:
        assert any(words in line for line in self._process.stderr), f"it never said {words!r}"

    def end(self) -> tuple[int, str]:
        _, errors = self._process.communicate(timeout=LONGEST_SECONDS)
        return self._process.returncode, errors


@contextmanager
def wrapper(kind: str, directory: Path, environment: Mapping[str, str], *arguments: object) -> Iterator[Wrapper]:
    process = subprocess.Popen(
        [sys.executable, WRAPPERS, kind, directory, *map(str, arguments)],
        env={**environment, MARK: str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    limit = threading.Timer(LONGEST_SECONDS, kill_processes_of, [directory])
    limit.start()
    try:
        yield Wrapper(process)
    finally:
        limit.cancel()
        kill_processes_of(directory)
        process.wait(LONGEST_SECONDS)
        process.stderr.close()


def resources_in_state(directory: Path) -> list[str]:
    state = directory / "terraform.tfstate"
    content = json.loads(state.read_text() or "{}") if state.exists() else {}
    return [resource["name"] for resource in content.get("resources", [])]


def standing() -> list[str]:
    """What the endpoint has of the module."""
    groups = [name for name in logs_backends[ACCOUNT][REGION].groups if name == "/lab/lab-test"]
    return groups + [role.name for role in iam_backends[ACCOUNT]["aws"].roles.values() if role.name == "lab-test"]


@pytest.fixture
def endpoint() -> Iterator[SlowEndpoint]:
    with SlowEndpoint("CreateLogGroup") as slow:
        yield slow
    logs_backends[ACCOUNT][REGION].reset()
    iam_backends[ACCOUNT]["aws"].reset()


SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "touch started; read line < go-on" }
}
"""


def test_the_second_ctrl_c_stops_terraform_which_keeps_its_state(
    make_terraform: Callable[..., Terraform], environment: Mapping[str, str]
) -> None:
    directory = make_terraform(SLOW).directory
    os.mkfifo(directory / "go-on")
    with wrapper("ours", directory, environment) as ours:
        wait_until((directory / "started").exists)
        ours.press_ctrl_c()
        ours.wait_until_it_says("Press Ctrl-C again to stop Terraform.")
        ours.press_ctrl_c()
        ours.wait_until_it_says("Stopping Terraform.")
        code, _ = ours.end()
        assert processes_of(directory) == []
    assert code == ExitCode.INTERRUPTED
    assert "terraform_data.slow: Destruction complete" in (directory / "terraform.log").read_text()
    assert resources_in_state(directory) == []


@pytest.mark.e2e
def test_the_usual_wrapper_orphans_the_resource_that_is_being_created(
    endpoint: SlowEndpoint, module: Path, provider: Path
) -> None:
    environment = local_environment(endpoint.url, REGION)
    with kept_provider(provider, environment, module / "provider.log") as attached:
        Terraform(module, attached, module / "terraform.log").init()
        with wrapper("usual", module, attached) as usual:
            endpoint.wait_until_performed()
            usual.press_ctrl_c()
            usual.end()
    endpoint.release()
    assert "/lab/lab-test" in standing()
    assert "logs" not in resources_in_state(module)


@pytest.mark.e2e
def test_ours_finishes_the_apply_takes_everything_down_and_leaves_no_process(
    endpoint: SlowEndpoint, module: Path, provider: Path
) -> None:
    with wrapper("ours", module, local_environment(endpoint.url, REGION), provider) as ours:
        endpoint.wait_until_performed()
        ours.press_ctrl_c()
        ours.wait_until_it_says("Finishing the apply so that nothing is orphaned.")
        endpoint.release()
        code, errors = ours.end()
        assert processes_of(module) == []
    assert (code, errors) == (ExitCode.INTERRUPTED, "Interrupted: Interrupted; nothing is left behind.\n")
    assert standing() == []
    assert resources_in_state(module) == []
