"""Deployment packages and layers, unpacked once each."""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from runner.errors import EnvironmentFailure

UNZIPPED_LIMIT_BYTES = 262_144_000  # developer guide, "Lambda quotas": 250 MB with all layers
_PERMISSIONS = 0o777
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)  # the last one: encrypted, or packed strangely


class UnusablePackage(EnvironmentFailure):
    """A function's package can't be unpacked."""


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
                for archive in archives:
                    _unpack(archive, partial)
                partial.rename(directory)
        return directory


def _unpack(archive: bytes, directory: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            _check_size(opened)
            for entry in opened.infolist():
                _extract(opened, entry, directory)
    except _UNREADABLE as error:
        raise UnusablePackage(
            f"The function's package is not a zip file that can be read ({error}): "
            "build it again, for example with `make package`."
        ) from error


def _check_size(opened: zipfile.ZipFile) -> None:
    if sum(entry.file_size for entry in opened.infolist()) > UNZIPPED_LIMIT_BYTES:
        raise UnusablePackage(
            f"The function's package unpacks to more than {UNZIPPED_LIMIT_BYTES} bytes, Lambda's limit: "
            "leave files out of it."
        )


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, directory: Path) -> None:
    """Extract an entry with its permissions, which zipfile drops: a program of the package must stay executable."""
    extracted = Path(opened.extract(entry, directory))
    mode = (entry.external_attr >> 16) & _PERMISSIONS
    extracted.chmod(mode | (0o700 if entry.is_dir() else 0o600))


def _file_name(sha256: str) -> str:
    """Make of a hash in hexadecimal or, as Lambda's CodeSha256 is, base64 a name that a file can have."""
    return sha256.replace("/", "_").replace("+", "-")
