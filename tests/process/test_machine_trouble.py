"""What ends a command that nobody has thought of: a bug of ours, or a machine that gives no more."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from program import LONGEST_SECONDS, PROGRAM, PROJECT, call, copy_of_checkout, environment, sentence

from async_lab.errors import ExitCode
from async_lab.process import trouble

pytestmark = pytest.mark.e2e

BROKEN = """
import sys
from pathlib import Path
from async_lab import scenario

def broken(project):
    raise {error}

scenario.names = broken
sys.argv = ["async-lab", "scenarios"]
from async_lab.__main__ import main
main()
"""


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path / "checkout")


@pytest.fixture
def fail(checkout, tmp_path):
    """Runs a command in which something raises an error; it has a temporary directory of its own."""
    (tmp_path / "temporary").mkdir()

    def run(error):
        return subprocess.run(
            [sys.executable, "-c", BROKEN.format(error=error)],
            cwd=checkout.root,
            env=environment(PYTHONPATH=str(PROJECT.root), TMPDIR=str(tmp_path / "temporary")),
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    return run


def test_a_bug_has_a_code_of_its_own_a_sentence_and_a_file_with_its_traceback(fail, checkout):
    ran = fail("KeyError('of ours')")
    assert ran.returncode == ExitCode.BUG
    what, _, file = sentence(ran).partition(": a bug, whose traceback is in ")
    assert what == "async-lab itself has failed (KeyError: 'of ours')"
    assert Path(file).parent == checkout.crashes
    assert Path(file).read_text().rstrip().endswith("KeyError: 'of ours'")


def test_a_bugs_traceback_is_kept_elsewhere_where_the_checkout_can_not_be_written(fail, checkout, tmp_path):
    shutil.rmtree(checkout.lab)
    checkout.lab.write_text("a file")
    ran = fail("KeyError('of ours')")
    assert ran.returncode == ExitCode.BUG
    (file,) = (tmp_path / "temporary").iterdir()
    assert sentence(ran).endswith(str(file))


def test_a_bugs_traceback_is_shown_where_nothing_can_be_written(monkeypatch, capsys):
    monkeypatch.setattr(trouble, "_crashes", lambda: trouble.Path("/dev/null/nowhere"))
    monkeypatch.setattr(trouble, "gettempdir", lambda: "/dev/null/nowhere")
    assert trouble.conclude(KeyError("of ours")) == ExitCode.BUG
    *traceback, last = capsys.readouterr().err.splitlines()
    assert "KeyError: 'of ours'" in traceback
    assert last.startswith("Error: async-lab itself has failed (KeyError: 'of ours'): a bug")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("OSError(28, 'No space left on device', 'some/file')", "No space left on device: some/file"),
        ("OSError(24, 'Too many open files')", "Too many open files"),
        ("BlockingIOError(11, 'Resource temporarily unavailable')", "Resource temporarily unavailable"),
        ('RuntimeError("can\'t start new thread")', "can't start new thread"),
        ("ValueError('as wrapped') from OSError(12, 'Cannot allocate memory')", "Cannot allocate memory"),
        ("ImportError('a.so: failed to map segment from shared object')", "failed to map segment"),
    ],
)
def test_what_the_machine_refuses_is_no_bug(fail, checkout, error, said):
    ran = fail(error)
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith("This machine refuses what the lab needs (")
    assert said in ran.stderr
    assert not checkout.crashes.exists()


def test_an_import_that_fails_is_told_like_all_else(checkout):
    (checkout.root / "sitecustomize.py").write_text("import sys; sys.modules['typer'] = None")
    ran = call(checkout, "scenarios", PYTHONPATH=f"{checkout.root}:{PROJECT.root}")
    assert ran.returncode == ExitCode.BUG
    assert "ModuleNotFoundError: import of typer halted" in sentence(ran)


# --- machines that give no more, for real ---


def shell(checkout, line, *arguments):
    return subprocess.run(
        ["bash", "-c", f'{line} && exec "$@"', "bash", *PROGRAM, *arguments],
        cwd=checkout.root,
        env=environment(PYTHONPATH=str(PROJECT.root)),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


def test_too_few_open_files_are_told_before_a_handler_fails_for_them(checkout):
    for command in (("run", "scenario-2"), ("local", "--port", "4711")):
        ran = shell(checkout, "ulimit -n 30", *command)
        assert ran.returncode == ExitCode.ENVIRONMENT
        assert sentence(ran) == "This machine allows 30 open files, and the lab needs 256: allow more (ulimit -n)."


@pytest.mark.long
def test_a_low_limit_of_open_files_that_may_be_raised_is_raised(checkout):
    assert shell(checkout, "ulimit -Sn 40", "run", "scenario-2").returncode == ExitCode.AS_EXPECTED


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere address space isn't limited")
@pytest.mark.parametrize("kilobytes", [60_000, 100_000, 200_000, 400_000])
def test_too_little_memory_is_told(checkout, kilobytes):
    ran = shell(checkout, f"ulimit -v {kilobytes}", "run", "scenario-2")
    assert ran.returncode == ExitCode.ENVIRONMENT, ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("Error: This machine refuses what the lab needs (")


def can_mount():
    return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True)


@pytest.mark.long
@pytest.mark.skipif(
    shutil.which("unshare") is None or can_mount().returncode != 0, reason="a small device has to be mounted"
)
@pytest.mark.parametrize("kilobytes", [16, 100, 200, 400, 600])
def test_a_full_disk_is_told_and_nothing_is_said_to_stand(checkout, kilobytes):
    """So little that, in turn, the copy, the state before and after the apply, and the destroy find no space."""
    cache = checkout.providers.resolve()
    mount = f"mount -t tmpfs -o size={kilobytes}k none .lab && ln -s {cache} .lab/providers"
    ran = subprocess.run(
        ["unshare", "-rm", "bash", "-c", f'{mount} && exec "$@"', "bash", *PROGRAM, "run", "scenario-2"],
        cwd=checkout.root,
        env=environment(PYTHONPATH=str(PROJECT.root)),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert ran.returncode == ExitCode.ENVIRONMENT, ran.stderr
    errors = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert os.strerror(errno.ENOSPC) in errors[0] or "no space is left in" in errors[0]
    assert "123456789012" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_deleted_working_directory_is_told(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    ran = subprocess.run(
        ["bash", "-c", 'rmdir "$0"; exec "$@"', gone, Path(sys.executable).with_name("async-lab"), "scenarios"],
        cwd=gone,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == "The current directory was deleted: change into one that exists."


def test_a_missing_lock_file_is_told(checkout):
    checkout.lock_file.unlink()
    ran = call(checkout, "run", "baseline")
    assert ran.returncode == ExitCode.ENVIRONMENT
    *_, last = ran.stderr.splitlines()
    assert last.startswith(f"Error: {checkout.lock_file} can't be read (No such file or directory): restore it")
