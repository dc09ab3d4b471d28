import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from processes import MARK, is_alive, processes_of, wait_until

from async_lab.errors import EnvironmentFailure
from async_lab.terraform import executable, find_terraform
from async_lab.terraform.executable import for_terraform


def put_on_path(directory: Path, script: str) -> Mapping[str, str]:
    program = directory / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{directory}:/usr/bin:/bin"}


def saying(version: str) -> str:
    return f"echo '{json.dumps({'terraform_version': version})}'"


def test_the_terraform_on_the_path_is_found_with_its_version(environment: Mapping[str, str]) -> None:
    found = find_terraform(environment)
    assert found.path.name == "terraform"
    assert found.version.count(".") == 2


@pytest.mark.parametrize("version", ["1.9.0", "1.9.0-rc1", "1.10.5", "2.0.0"])
def test_1_9_and_all_later_are_new_enough(tmp_path: Path, version: str) -> None:
    assert find_terraform(put_on_path(tmp_path, saying(version))).version == version


@pytest.mark.parametrize("version", ["1.8.5", "0.15.0"])
def test_one_that_is_too_old_is_named_with_what_to_install(tmp_path: Path, version: str) -> None:
    with pytest.raises(EnvironmentFailure, match=f"{tmp_path}/terraform is Terraform {version}; .* 1.9 or newer"):
        find_terraform(put_on_path(tmp_path, saying(version)))


def test_none_on_the_path_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match=r"not on the PATH: install version 1\.9 or newer"):
        find_terraform({"PATH": str(tmp_path)})


@pytest.mark.parametrize("script", ["exit 3", "echo no json", "echo '{}'"])
def test_one_that_does_not_answer_is_named(tmp_path: Path, script: str) -> None:
    with pytest.raises(EnvironmentFailure, match=f"{tmp_path}/terraform does not answer `terraform version -json`"):
        find_terraform(put_on_path(tmp_path, script))


def test_a_cli_configuration_that_is_not_there_is_silenced_and_one_that_is_there_is_kept(tmp_path: Path) -> None:
    there = tmp_path / "terraformrc"
    assert for_terraform({"TF_CLI_CONFIG_FILE": str(there)})["TF_CLI_CONFIG_FILE"] == ""
    there.touch()
    assert for_terraform({"TF_CLI_CONFIG_FILE": str(there)})["TF_CLI_CONFIG_FILE"] == str(there)


def test_options_that_the_user_gives_to_all_commands_do_not_reach_ours() -> None:
    assert "TF_CLI_ARGS_plan" not in for_terraform({"TF_CLI_ARGS_plan": "-no-color"})


def test_a_temporary_directory_in_which_no_provider_can_open_a_socket_is_replaced(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    for unfit in ("/not/there", "relative", "", str(long)):
        assert for_terraform({"TMPDIR": unfit})["TMPDIR"] == tempfile.gettempdir()
    assert for_terraform({"TMPDIR": "/tmp"})["TMPDIR"] == "/tmp"
    assert "TMPDIR" not in for_terraform({})


def test_one_that_hangs_is_given_up_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executable, "_ANSWER_SECONDS", 0.5)
    environment = {**put_on_path(tmp_path, "trap '' INT TERM; sleep 600 & wait"), MARK: str(tmp_path)}
    began = time.monotonic()
    with pytest.raises(EnvironmentFailure, match=r"does not answer `terraform version -json` within 0\.5 seconds"):
        find_terraform(environment)
    assert time.monotonic() - began < 300  # half of what the program takes
    wait_until(lambda: processes_of(tmp_path) == [])


def test_ctrl_c_ends_one_that_hangs(tmp_path: Path) -> None:
    program = f"touch {tmp_path}/started; sleep 600 & wait"
    environment = {**put_on_path(tmp_path, program), MARK: str(tmp_path)}
    asks = threading.get_ident()

    def press_ctrl_c() -> None:
        wait_until((tmp_path / "started").exists)
        signal.pthread_kill(asks, signal.SIGINT)

    pressing = threading.Thread(target=press_ctrl_c)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        find_terraform(environment)
    pressing.join()
    wait_until(lambda: processes_of(tmp_path) == [])


def test_the_bound_is_below_half_a_minute() -> None:
    assert executable._ANSWER_SECONDS <= 30


def test_an_interruption_while_the_question_is_begun_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    """The signal comes when the program runs, and before anybody holds it."""
    began = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            began.append(psutil.Process(self.pid))
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("async_lab.terraform.executable.subprocess.Popen", Interrupted)
    environment = put_on_path(tmp_path, "exec sleep 1000")
    with pytest.raises(KeyboardInterrupt):
        find_terraform(environment)
    (program,) = began
    is_left = is_alive(program)
    with suppress(psutil.NoSuchProcess):
        program.kill()
    assert not is_left


def test_an_interruption_that_reaches_it_before_it_is_terraform_is_no_failure_of_terraform(tmp_path, monkeypatch):
    """A terminal's Ctrl-C finds the new process still in our group, and ends it before it has one of its own."""

    class InterruptedWithUs(subprocess.Popen):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **(settings | {"start_new_session": False}))
            self.send_signal(signal.SIGINT)
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("async_lab.terraform.executable.subprocess.Popen", InterruptedWithUs)
    with pytest.raises(KeyboardInterrupt):
        find_terraform(put_on_path(tmp_path, "exec sleep 1000"))
