from pathlib import Path

import psutil
import pytest
from processes import is_alive, wait_until

from async_lab.terraform import process as terraform_process
from async_lab.terraform.process import running


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
