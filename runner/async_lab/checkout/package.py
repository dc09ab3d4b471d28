"""The function's deployment package: a zip that is the same, byte for byte, on every machine."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from async_lab.errors import EnvironmentFailure, UsageError

_OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_MADE_ON_UNIX = 3  # zip's own number: what permissions are read by
_READABLE_BY_ALL = 0o100644  # Lambda runs the handler as another user than the file's owner
_IGNORED_FOLDER = "__pycache__"


@dataclass(frozen=True, slots=True)
class Package:
    """A package on disk; ``sha256`` is the hash of its bytes, in hex."""

    path: Path
    sha256: str


def build_package(source: Path, destination: Path) -> Package:
    """Zip the files below ``source`` into ``destination``, which is written only if its bytes change.

    Raises UsageError if there is nothing to pack, EnvironmentFailure if the destination can't be written.
    """
    content = zip_bytes(source)
    try:
        if not destination.is_file() or destination.read_bytes() != content:
            _replace(destination, content)
    except OSError as error:
        raise EnvironmentFailure(
            f"{destination} can't be written ({error.strerror}); make its folder writable."
        ) from error
    return Package(destination, hashlib.sha256(content).hexdigest())


def zip_bytes(source: Path, names: Sequence[str] | None = None) -> bytes:
    """Return the files below ``source``, or those of them that are named, as a zip: sorted, undated, unowned, stored.

    Stored and not compressed: compressed bytes depend on the machine's zlib. Raises UsageError if there is no file.
    """
    names = sorted(_names(source) if names is None else names)
    if not names:
        raise UsageError(f"{source} holds no file to pack; the function's code belongs there.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            archive.writestr(_entry(name), (source / name).read_bytes())
    return buffer.getvalue()


def _names(source: Path) -> Iterator[str]:
    for path in source.rglob("*"):
        name = path.relative_to(source)
        if path.is_file() and _IGNORED_FOLDER not in name.parts:
            yield name.as_posix()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _OLDEST_ZIP_DATE)
    entry.create_system = _MADE_ON_UNIX
    entry.external_attr = _READABLE_BY_ALL << 16
    return entry


def _replace(destination: Path, content: bytes) -> None:
    """Write beside the destination and then rename, so that nobody ever reads half a package."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    beside = destination.with_name(f"{destination.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(destination)
    finally:
        beside.unlink(missing_ok=True)
