"""What Lambda takes as a package, and what is unpacked of it."""

import io
import os
import stat
import struct
import threading
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.endpoint.sandbox.packages import UNZIPPED_LIMIT_BYTES, Packages, Tree, UnusablePackage, check_package

UNREADABLE = r"^Could not unzip uploaded file\. Please check your file, then try to upload again\.$"
LINK = stat.S_IFLNK | 0o777


def entry(name, mode=0o644, kind=zipfile.ZIP_DEFLATED):
    info = zipfile.ZipInfo(name)
    info.external_attr, info.compress_type = mode << 16, kind
    return info


def zipped(*entries):
    """A zip file of (name or ZipInfo, content)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries:
            archive.writestr(entry(name) if isinstance(name, str) else name, content)
    return file.getvalue()


def patched(archive, field, value, *, central=True):
    """The archive with another 4-byte field: the first in its list of contents, or in the entry's own header."""
    where = archive.index(b"PK\x01\x02") if central else 0
    offset = where + {"crc": 16, "packed": 20, "size": 24}[field] - (0 if central else 2)
    return archive[:offset] + struct.pack("<I", value) + archive[offset + 4 :]


def encrypted(archive):
    central = archive.index(b"PK\x01\x02")
    return archive[:6] + b"\x01" + archive[7 : central + 8] + b"\x01" + archive[central + 9 :]


APP = zipped(("app.py", b"def handler(event, context): ...\n" * 20))
BOMB = zipped(("app.py", bytes(50_000_000)))


@pytest.mark.parametrize(
    "archive",
    [
        b"no zip file",
        APP[:-10],
        APP[: len(APP) // 2],
        APP[:40] + b"\xff" + APP[41:],
        patched(APP, "crc", 1),
        patched(APP, "packed", 1),
        patched(APP, "packed", 1_000_000),
        patched(BOMB, "size", 100),
        patched(APP, "size", 1_000_000),
        encrypted(APP),
        zipped((entry("app.py", kind=zipfile.ZIP_LZMA), b"x")),
        zipped(("a", b""), ("a/b", b"")),
        zipped(("a/b", b""), ("a", b"")),
        zipped(("a/", b""), ("a", b"")),
        zipped((entry("a", LINK), b"b"), ("a/c", b"")),
        zipped(("../a", b"")),
        zipped(("a/../../b", b"")),
        zipped(("a/../b", b"")),
        zipped(("/etc/a", b"")),
        zipped((entry("a", LINK), b"/etc/passwd")),
        zipped((entry("a", LINK), b"../b")),
        zipped((entry("d/a", LINK), b"../../b")),
        zipped((entry("here", LINK), b"."), (entry("d/a", LINK), b"../here/../b")),
        zipped((entry("a", LINK), b"")),
        zipped((entry("a", LINK), b"b\0c")),
        zipped((entry("a", LINK), b"\xff")),
        zipped((entry("a", stat.S_IFIFO | 0o644), b"")),
        zipped((entry("a", stat.S_IFCHR | 0o644), b"")),
        zipped(("a" * 256, b"")),
        zipped(("ä" * 128, b"")),
        zipped(("a/" * 2_000 + "b", b"")),
    ],
)
def test_what_can_not_be_unpacked_is_refused_in_lambdas_words_and_leaves_nothing(archive, tmp_path):
    with pytest.raises(UnusablePackage, match=UNREADABLE):
        check_package(archive)
    root = tmp_path / "within"
    root.mkdir()
    with pytest.raises(UnusablePackage, match=UNREADABLE):
        Packages(root).code(archive, "sha")
    assert list(root.iterdir()) == []
    assert [place.name for place in tmp_path.iterdir()] == ["within"]


@pytest.mark.parametrize("archive", [b"", zipped()])
def test_nothing_is_no_package(archive):
    with pytest.raises(UnusablePackage, match=r"^Uploaded file must be a non-empty zip$"):
        check_package(archive)


def listed(*sizes):
    """An archive whose list of contents tells these sizes; it need not hold them."""
    archive = zipped(*((f"f{number}", b"") for number in range(len(sizes))))
    for number, size in enumerate(sizes):
        at = -1
        for _ in range(number + 1):
            at = archive.index(b"PK\x01\x02", at + 1)
        archive = archive[: at + 24] + struct.pack("<I", size) + archive[at + 28 :]
    return archive


@pytest.mark.parametrize("sizes", [(UNZIPPED_LIMIT_BYTES + 1,), (UNZIPPED_LIMIT_BYTES, 1)])
def test_250_mb_is_the_limit(sizes):
    with pytest.raises(UnusablePackage, match=r"^Unzipped size must be smaller than 262144000 bytes$"):
        check_package(listed(*sizes))


def test_exactly_250_mb_can_be_used():
    check_package(zipped(("data", bytes(UNZIPPED_LIMIT_BYTES))))


def test_code_and_layers_count_together():
    layer = zipped(("data", bytes(UNZIPPED_LIMIT_BYTES - 10)))
    check_package(zipped(("app.py", b"0123456789")), [layer])
    with pytest.raises(UnusablePackage, match=r"with layers exceeds .* 262144000 bytes\. .* is 262144001 bytes"):
        check_package(zipped(("app.py", b"0123456789+")), [layer])


def test_what_is_unpacked_is_what_was_packed_with_its_permissions_and_links(tmp_path):
    code = Packages(tmp_path).code(
        zipped(
            ("./app.py", b"code"),
            (entry("bin/tool", 0o755), b"#!/bin/sh\n"),
            (entry("closed", 0o000), b"read me"),
            (entry("bin/again", LINK), b"../bin/tool"),
            (entry("tools", LINK), b"bin"),
            ("empty/", b""),
            ("app.py", b"newer code"),
            (entry("stored", kind=zipfile.ZIP_STORED), b"as it is"),
        ),
        "sha",
    )
    assert (code / "app.py").read_bytes() == b"newer code"
    assert os.access(code / "bin/tool", os.X_OK)
    assert (code / "closed").read_bytes() == b"read me"
    assert (code / "bin/again").readlink().as_posix() == "../bin/tool"
    assert (code / "tools/again").read_bytes() == b"#!/bin/sh\n"
    assert list((code / "empty").iterdir()) == []
    assert (code / "stored").read_bytes() == b"as it is"


def test_a_later_layer_overwrites_and_clashes_with_none(tmp_path):
    packages = Packages(tmp_path)
    first, second = zipped(("python/a.py", b"1"), ("python/b.py", b"1")), zipped(("python/a.py", b"2"))
    merged = packages.layers([first, second]) / "python"
    assert [(merged / name).read_bytes() for name in ("a.py", "b.py")] == [b"2", b"1"]
    with pytest.raises(UnusablePackage, match=UNREADABLE):
        packages.layers([zipped((entry("python", LINK), b"elsewhere")), second])


def test_a_layer_can_not_lead_a_later_one_out_of_its_directory():
    with pytest.raises(UnusablePackage, match=UNREADABLE):
        check_package(APP, [zipped((entry("python", LINK), b"lib")), zipped(("python/a.py", b""))])


def test_many_threads_that_need_a_package_unpack_it_once(tmp_path, monkeypatch):
    unpacked = []
    unpack = Tree.unpack
    monkeypatch.setattr(Tree, "unpack", lambda tree, root: (unpacked.append(root), unpack(tree, root)))
    packages = Packages(tmp_path)
    threads = [threading.Thread(target=packages.code, args=(APP, "sha")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(unpacked) == 1


def test_packed_by_many_writes_is_read_to_the_end(tmp_path):
    content = os.urandom(300_000) + bytes(3_000_000)
    assert (Packages(tmp_path).code(zipped(("data", content)), "sha") / "data").read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"a file's"])
def test_a_directory_has_no_content(content):
    directory = entry("data")
    directory.external_attr = (stat.S_IFDIR | 0o755) << 16
    archive = zipped(("app.py", b""), (directory, content))
    if content:
        with pytest.raises(UnusablePackage):
            check_package(archive)
    else:
        check_package(archive)


@given(st.data())
def test_any_damage_to_a_package_is_refused_or_changes_nothing(data):
    damaged = bytearray(APP)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        check_package(bytes(damaged))
    except UnusablePackage:
        return
    contents = [zlib.crc32(b"".join(_contents_of(bytes(damaged), info))) for info in _infos(bytes(damaged))]
    assert contents == [info.CRC for info in _infos(bytes(damaged))]


def _infos(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return [info for info in opened.infolist() if not info.is_dir()]


def _contents_of(archive, info):
    from async_lab.endpoint.sandbox.packages import _contents, _Entry

    return _contents(_Entry(archive, info, 0o644))
