"""Directories that belong to a living process."""

import subprocess
import sys
from contextlib import contextmanager

import pytest
from processes import wait_until
from program import PROJECT

from async_lab import owned
from async_lab.owned import LOCK, Owned

OWN = """
import sys
from pathlib import Path
from async_lab.owned import Owned
directory = Owned(Path(sys.argv[1]))
print("owned", flush=True)
input()
"""


@contextmanager
def owner_of(directory):
    directory.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", OWN, directory], cwd=PROJECT.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout.readline() == b"owned\n"
        yield owner
        owner.kill()


def test_a_living_owners_is_not_abandoned(tmp_path):
    with owner_of(tmp_path / "run"):
        assert owned.is_owned(tmp_path / "run")
        assert list(owned.abandoned(tmp_path)) == []


def test_a_killed_owners_is_abandoned_at_once_however_young_it_is(tmp_path):
    with owner_of(tmp_path / "run") as owner:
        owner.kill()
        owner.wait()
    assert not owned.is_owned(tmp_path / "run")
    assert list(owned.abandoned(tmp_path)) == [tmp_path / "run"]


def test_our_own_is_owned_until_it_is_released(tmp_path):
    mine = Owned(tmp_path)
    assert owned.is_owned(tmp_path)
    mine.release()
    assert not owned.is_owned(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_has_owned_is_not_abandoned(tmp_path):
    (tmp_path / "somebody's").mkdir()
    assert list(owned.abandoned(tmp_path)) == []


def test_a_child_does_not_inherit_what_is_owned(tmp_path):
    mine = owned.temporary(f"{tmp_path}/")
    with subprocess.Popen(["sleep", "600"], close_fds=False) as child:
        mine.release()
        (mine.path / LOCK).touch()
        assert list(owned.abandoned(tmp_path)) == [mine.path]
        child.kill()


def test_two_who_sweep_do_not_get_the_same(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).touch()
    first = owned.abandoned(tmp_path)
    assert next(first) == tmp_path / "run"
    assert list(owned.abandoned(tmp_path)) == []
    assert list(first) == []
    assert list(owned.abandoned(tmp_path)) == [tmp_path / "run"]


def test_a_directory_that_can_not_be_written_can_not_be_owned(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Owned(tmp_path / "nowhere")


def test_one_at_a_time_is_in_a_locked_block(tmp_path):
    enter = (
        "import sys\nfrom pathlib import Path\nfrom async_lab import owned\n"
        "with owned.locked(Path(sys.argv[1])):\n    print('in', flush=True)\n"
    )
    with owned.locked(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", enter, tmp_path], cwd=PROJECT.root, stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1)
    wait_until(lambda: other.poll() is not None)
    assert other.communicate()[0] == b"in\n"
