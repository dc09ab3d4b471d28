"""Deployment packages and layers: what is refused of their zip files, and how each is unpacked once.

Everything is decided before the first file is written, so that a package is refused when a function is made of it, and
nothing is ever half unpacked. Python's own ``ZipFile`` reads the list of contents; for the contents themselves it is
too slow in packages of many files, and it believes the sizes that the list tells.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from async_lab.errors import EnvironmentFailure

UNZIPPED_LIMIT_BYTES = 262_144_000  # developer guide, "Lambda quotas": 250 MB with all layers

_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."  # capture
_EMPTY = "Uploaded file must be a non-empty zip"  # capture
_TOO_LARGE = f"Unzipped size must be smaller than {UNZIPPED_LIMIT_BYTES} bytes"  # capture

_BAD_ZIP = (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, OverflowError)
_ENCRYPTED = 0x1
_LOCAL_HEADER, _LOCAL_HEADER_BYTES = b"PK\3\4", 30
_PIECE_BYTES = 65_536
_RAW_DEFLATE = -zlib.MAX_WBITS
_LONGEST_NAME, _LONGEST_PATH = 255, 3_072  # bytes; Linux takes paths of 4,096, with ours before them
_PERMISSIONS = 0o777
_READABLE_FILE, _READABLE_DIRECTORY = 0o600, 0o700
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class UnusablePackage(EnvironmentFailure):
    """A package that Lambda doesn't take, in its words."""


class _Entry(NamedTuple):
    archive: bytes
    info: zipfile.ZipInfo
    mode: int


class Tree:
    """What one or more archives unpack to; of files that several have, the last one's.

    Raises UnusablePackage for what can't be unpacked, is too large, or would be written anywhere but below the
    directory that it is unpacked to. Contents are looked at by ``check`` and ``unpack``.
    """

    def __init__(self, archives: Sequence[bytes]) -> None:
        self.size = 0
        """In bytes, as the archives tell it."""
        self._files: dict[str, _Entry] = {}
        self._directories: dict[str, int] = {"": _READABLE_DIRECTORY}
        for archive in archives:
            self._add(archive)
        if self.size > UNZIPPED_LIMIT_BYTES:
            raise UnusablePackage(_TOO_LARGE)
        if not self._directories.keys().isdisjoint(self._files):
            raise UnusablePackage(_UNREADABLE)  # a file and a directory of one name

    def check(self) -> None:
        """Read every content to its end. Raises UnusablePackage for what isn't as the archive says."""
        for path, entry in self._files.items():
            if stat.S_ISLNK(entry.mode):
                _link_target(path, entry)
            else:
                for _ in _contents(entry):
                    pass

    def unpack(self, root: Path) -> None:
        """Write it all below an empty directory. Raises UnusablePackage like ``check``."""
        for path in sorted(self._directories)[1:]:  # parents before what is in them
            (root / path).mkdir()
        for path, entry in self._files.items():
            place = f"{root}/{path}"
            if stat.S_ISLNK(entry.mode):
                Path(place).symlink_to(_link_target(path, entry))
            else:
                _write(place, entry)
        for path, mode in self._directories.items():
            if mode != _READABLE_DIRECTORY:
                (root / path).chmod(mode)

    def _add(self, archive: bytes) -> None:
        listed = _list(archive)
        self.size += sum(info.file_size for info in listed)
        if self.size > UNZIPPED_LIMIT_BYTES:
            return  # which is said where all are counted
        for info in listed:
            path, mode = _path(info), info.external_attr >> 16
            is_directory = info.is_dir() or stat.S_ISDIR(mode)
            self._add_directories(path if is_directory else path.rpartition("/")[0])
            if is_directory:
                if info.file_size or any(_contents(_Entry(archive, info, mode))):
                    raise UnusablePackage(_UNREADABLE)  # it would be lost
                self._directories[path] = mode & _PERMISSIONS | _READABLE_DIRECTORY
            elif path and stat.S_IFMT(mode) in {0, stat.S_IFREG, stat.S_IFLNK}:
                self._files[path] = _Entry(archive, info, mode)
            else:
                raise UnusablePackage(_UNREADABLE)  # a device, or a file without a name

    def _add_directories(self, path: str) -> None:
        while path not in self._directories:
            self._directories[path] = _READABLE_DIRECTORY
            path = path.rpartition("/")[0]


def check_package(archive: bytes, layers: Sequence[bytes] = ()) -> None:
    """Raise UnusablePackage, in Lambda's words, for what a function can't be made of; each layer alone can be used."""
    code = Tree([archive])
    code.check()
    together = code.size + sum(Tree([layer]).size for layer in layers)
    if together > UNZIPPED_LIMIT_BYTES:
        raise UnusablePackage(
            f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_LIMIT_BYTES} bytes. "
            f"The actual size is {together} bytes."  # capture
        )
    Tree(layers)


def _list(archive: bytes) -> list[zipfile.ZipInfo]:
    if not archive:
        raise UnusablePackage(_EMPTY)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            listed = opened.infolist()
    except _BAD_ZIP as error:
        raise UnusablePackage(_UNREADABLE) from error
    if not listed:
        raise UnusablePackage(_EMPTY)
    return listed


def _path(info: zipfile.ZipInfo) -> str:
    """Return where an entry goes, relative to the package's root; "" is the root itself."""
    name = info.filename
    parts = name.split("/")
    if "" in parts or "." in parts:
        parts = [part for part in parts if part not in {"", "."}]
    is_escaping = name.startswith("/") or ".." in parts
    if is_escaping or info.flag_bits & _ENCRYPTED or "\0" in info.orig_filename:
        raise UnusablePackage(_UNREADABLE)
    path = "/".join(parts)
    if len(path) * 4 > _LONGEST_NAME:  # only then may any part be longer, at four bytes a character
        longest = max(len(part.encode()) for part in parts)
        if longest > _LONGEST_NAME or len(path.encode()) > _LONGEST_PATH:
            raise UnusablePackage(_UNREADABLE)
    return path


def _link_target(path: str, entry: _Entry) -> str:
    """Return where a symbolic link leads: to a place in the package.

    Only its first steps may lead up. What it leads up from are directories and no links, so that they can be counted.
    """
    try:
        target = b"".join(_contents(entry)).decode()
    except UnicodeDecodeError as error:
        raise UnusablePackage(_UNREADABLE) from error
    steps = [step for step in target.split("/") if step not in {"", "."}]
    up = next((count for count, step in enumerate(steps) if step != ".."), len(steps))
    if (
        not target
        or target.startswith("/")
        or "\0" in target
        or len(target.encode()) > _LONGEST_PATH
        or up > path.count("/")
        or ".." in steps[up:]
    ):
        raise UnusablePackage(_UNREADABLE)
    return target


def _write(place: str, entry: _Entry) -> None:
    """Write a file with its permissions, which zipfile drops: a program of the package must stay executable."""
    descriptor = os.open(place, _NEW_FILE)
    try:
        for piece in _contents(entry):
            left = memoryview(piece)
            while left:
                left = left[os.write(descriptor, left) :]
        os.fchmod(descriptor, entry.mode & _PERMISSIONS | _READABLE_FILE)
    finally:
        os.close(descriptor)


def _contents(entry: _Entry) -> Iterator[bytes]:
    """Yield an entry's content in pieces. Raises UnusablePackage, at the end at the latest, if it isn't as listed."""
    info, archive = entry.info, entry.archive
    header = archive[info.header_offset : info.header_offset + _LOCAL_HEADER_BYTES]
    if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(_LOCAL_HEADER):
        raise UnusablePackage(_UNREADABLE)
    begin = info.header_offset + _LOCAL_HEADER_BYTES
    begin += int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")  # name, extra field
    packed = memoryview(archive)[begin : begin + info.compress_size]
    left, checksum = info.file_size, 0
    for piece in _unpacked(packed, info):
        left -= len(piece)
        if left < 0:
            break
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if left or checksum != info.CRC or len(packed) != info.compress_size:
        raise UnusablePackage(_UNREADABLE)


def _unpacked(packed: memoryview, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what was packed, and stop soon after more came than the archive lists."""
    if info.compress_type == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise UnusablePackage(_UNREADABLE)  # what else there is, Lambda doesn't read (assumed)
    inflating, left = zlib.decompressobj(_RAW_DEFLATE), info.file_size
    try:
        for begin in range(0, len(packed), _PIECE_BYTES):
            piece = inflating.decompress(packed[begin : begin + _PIECE_BYTES], left + 1)
            left -= len(piece)
            yield piece
    except zlib.error as error:
        raise UnusablePackage(_UNREADABLE) from error
    if not inflating.eof or inflating.unconsumed_tail or inflating.unused_data:
        raise UnusablePackage(_UNREADABLE)


class Packages:
    """Directories of unpacked zip files below ``root``, one for each content."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unpacking = threading.Lock()

    def code(self, package: bytes, sha256: str) -> Path:
        """Return the directory of a deployment package. Raises UnusablePackage."""
        return self._directory(f"code-{_file_name(sha256)}", [package])

    def layers(self, layers: Sequence[bytes]) -> Path:
        """Return one directory with all layers in it; later ones overwrite. Raises UnusablePackage."""
        digest = hashlib.sha256(b"".join(hashlib.sha256(layer).digest() for layer in layers))
        return self._directory(f"layers-{digest.hexdigest()}", layers)

    def _directory(self, name: str, archives: Sequence[bytes]) -> Path:
        directory = self._root / name
        with self._unpacking:
            if not directory.exists():
                partial = Path(tempfile.mkdtemp(prefix="unpacking-", dir=self._root))
                try:
                    Tree(archives).unpack(partial)
                    partial.rename(directory)
                except BaseException:
                    shutil.rmtree(partial, ignore_errors=True)
                    raise
        return directory


def _file_name(sha256: str) -> str:
    """Make of a hash in hexadecimal or, as Lambda's CodeSha256 is, base64 a name that a file can have."""
    return sha256.replace("/", "_").replace("+", "-")
