import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from processes import is_alive, wait_until

from async_lab.errors import Interrupted
from async_lab.process.interrupts import Interrupts
from async_lab.terraform import Terraform
from async_lab.terraform import process as terraform_process
from async_lab.terraform.process import Stop, running


def test_lines_come_while_the_program_still_runs(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    script = f"echo first; while [ ! -e {go_on} ]; do sleep 0.02; done; printf 'second, without an end'"
    with running(["sh", "-c", script], tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path / "log") as program:
        lines = program.lines()
        assert next(lines) == b"first"
        go_on.touch()
        assert list(lines) == [b"second, without an end"]
        assert program.code() == 0


def test_the_log_holds_every_command_and_only_the_last_one_is_followed(tmp_path: Path) -> None:
    for word in ("one", "two"):
        with running(["echo", word], tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path / "log") as program:
            lines = list(program.lines())
    assert lines == [b"two", b""]
    assert (tmp_path / "log").read_text() == "\n$ echo one\none\n\n$ echo two\ntwo\n"


def test_a_block_that_is_left_early_leaves_no_process(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        running(["sleep", "600"], tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path / "log") as program,
    ):
        raise KeyboardInterrupt
    assert program.code() != 0


def test_one_that_does_not_listen_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform_process, "_GRACE_SECONDS", 0.1)
    script = "trap '' INT; sleep 600 & echo $!; wait"
    with running(["sh", "-c", script], tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path / "log") as program:
        child = psutil.Process(int(next(program.lines())))
    wait_until(lambda: not is_alive(child))


def test_one_that_is_asked_to_stop_before_it_has_started_is_stopped_once(tmp_path: Path) -> None:
    stop = Stop()
    stop()
    script = "trap 'echo stopped' INT; echo ready; while :; do sleep 0.02; done"
    with running(["sh", "-c", script], tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path / "log") as program:
        lines = program.lines()
        assert next(lines) == b"ready"
        stop.listen_for(program)
        assert next(lines) == b"stopped"
        program.process.kill()


def test_two_interruptions_while_terraform_is_started_stop_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\ntrap 'echo stopped; exit 1' INT\ntouch ready\nsleep 5 & wait\n")
    program.chmod(0o755)
    start = subprocess.Popen

    def interrupted(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        process = start(*arguments, **options)
        wait_until((tmp_path / "ready").exists)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(terraform_process.subprocess, "Popen", interrupted)
    said: list[str] = []
    with pytest.raises(Interrupted), Interrupts(said.append) as interrupts:
        Terraform(tmp_path, {}, tmp_path / "log", interrupts=interrupts, executable=program).apply(None)
    assert said[1].startswith("Stopping Terraform.")
    assert (tmp_path / "log").read_text().endswith("stopped\n")


@pytest.mark.parametrize("command", ["init", "output"])
def test_an_interruption_while_a_command_that_reads_is_started_leaves_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\ntouch ready\nexec sleep 1000\n")
    program.chmod(0o755)
    start, begun = subprocess.Popen, []

    def interrupted(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        begun.append(start(*arguments, **options))
        wait_until((tmp_path / "ready").exists)
        signal.raise_signal(signal.SIGINT)
        return begun[0]

    monkeypatch.setattr(terraform_process.subprocess, "Popen", interrupted)
    with pytest.raises(Interrupted), Interrupts(lambda _: None) as interrupts:
        getattr(Terraform(tmp_path, {}, tmp_path / "log", interrupts=interrupts, executable=program), command)()
    is_left = begun[0].poll() is None
    begun[0].kill()
    assert not is_left
