"""Files that are written beside what is printed."""

import os
import resource
import stat

import pytest

from async_lab.errors import EnvironmentFailure
from async_lab.report.files import check, write_bytes, write_text


@pytest.fixture
def small_files():
    """No file of this process gets larger than 1,000 bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize(
    "write", [lambda file: write_text(file, "x" * 2_000), lambda file: write_bytes(file, bytes(2_000))]
)
def test_half_of_a_new_file_does_not_stay(tmp_path, write):
    with pytest.raises(EnvironmentFailure, match=r"export\.csv can't be written"):
        write(tmp_path / "export.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_be_written_is_not_made_by_looking(tmp_path):
    check(tmp_path / "new.xml")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old.xml").write_text("old")
    check(tmp_path / "old.xml")
    assert (tmp_path / "old.xml").read_text() == "old"
    check(tmp_path / os.devnull)


def test_a_file_in_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(EnvironmentFailure, match=r"nope/new\.xml can't be written \(No such file or directory\)"):
        check(tmp_path / "nope" / "new.xml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write any file")
def test_a_file_that_is_read_only_is_refused(tmp_path):
    file = tmp_path / "old.xml"
    file.touch(stat.S_IRUSR)
    with pytest.raises(EnvironmentFailure, match=r"old\.xml can't be written \(Permission denied\)"):
        check(file)
