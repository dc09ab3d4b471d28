"""The deployment package: the same bytes on every machine, and what Lambda needs to run them."""

import hashlib
import os
import stat
import zipfile

import pytest

from async_lab.checkout.package import build_package, zip_bytes
from async_lab.errors import EnvironmentFailure, UsageError


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


FILES = {"app.py": b"def handler(): ...\n", "lib/__init__.py": b"", "lib/a.py": b"a = 1\n"}


def test_the_bytes_do_not_depend_on_order_dates_or_permissions(tmp_path):
    one = write(tmp_path / "one", FILES)
    other = write(tmp_path / "other", dict(reversed(FILES.items())))
    os.utime(other / "app.py", (0, 0))
    (other / "lib/a.py").chmod(0o700)
    assert zip_bytes(one) == zip_bytes(other)


def test_the_hash_of_a_known_package_never_changes(tmp_path):
    source = write(tmp_path, {"app.py": b"answer = 42\n"})
    assert (
        hashlib.sha256(zip_bytes(source)).hexdigest()
        == "8533357e978a5447039ece40db2a91394c711bada4b2c55f5195afccbbe8ac2b"
    )


def test_a_changed_line_changes_the_hash(tmp_path):
    before = zip_bytes(write(tmp_path, FILES))
    assert zip_bytes(write(tmp_path, {"app.py": b"changed"})) != before


def test_every_file_can_be_read_by_the_user_lambda_runs_as(tmp_path):
    source = write(tmp_path / "source", FILES)
    package = build_package(source, tmp_path / "function.zip")
    with zipfile.ZipFile(package.path) as archive:
        assert archive.testzip() is None
        assert {entry.filename: archive.read(entry) for entry in archive.infolist()} == FILES
        assert {stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()} == {0o644}


def test_compiled_files_stay_out(tmp_path):
    bare = zip_bytes(write(tmp_path, FILES))
    assert zip_bytes(write(tmp_path, {"lib/__pycache__/a.cpython-313.pyc": b"compiled"})) == bare


def test_the_hash_is_that_of_the_file(tmp_path):
    package = build_package(write(tmp_path / "source", FILES), tmp_path / "build" / "function.zip")
    assert package.sha256 == hashlib.sha256(package.path.read_bytes()).hexdigest()


def test_an_unchanged_package_is_not_written_again(tmp_path):
    source, destination = write(tmp_path / "source", FILES), tmp_path / "function.zip"
    build_package(source, destination)
    os.utime(destination, (1, 1))
    build_package(source, destination)
    assert destination.stat().st_mtime == 1


def test_a_stale_package_is_replaced_and_nothing_lies_beside_it(tmp_path):
    source, destination = write(tmp_path / "source", FILES), tmp_path / "build" / "function.zip"
    write(tmp_path, {"build/function.zip": b"stale"})
    build_package(source, destination)
    assert destination.read_bytes() == zip_bytes(source)
    assert list(destination.parent.iterdir()) == [destination]


def test_a_folder_without_code_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no file to pack"):
        build_package(tmp_path, tmp_path / "function.zip")


def test_a_destination_that_cannot_be_written_is_named(tmp_path):
    source = write(tmp_path / "source", FILES)
    write(tmp_path, {"build": b"a file where the folder should be"})
    with pytest.raises(EnvironmentFailure, match=r"function\.zip can't be written"):
        build_package(source, tmp_path / "build" / "function.zip")
