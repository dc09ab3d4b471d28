"""Deployment packages and layers, unpacked once each."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

from runner.errors import EnvironmentFailure

UNZIPPED_LIMIT_BYTES = 262_144_000  # developer guide, "Lambda quotas": 250 MB with all layers
_PERMISSIONS = 0o777


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
                partial = self._root / f"{name}.partial"
                partial.mkdir()
                for archive in archives:
                    _unpack(archive, partial)
                partial.rename(directory)
        return directory


def _unpack(archive: bytes, directory: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if sum(entry.file_size for entry in opened.infolist()) > UNZIPPED_LIMIT_BYTES:
                raise UnusablePackage(
                    f"The function's package unpacks to more than {UNZIPPED_LIMIT_BYTES} bytes, Lambda's limit: "
                    "leave files out of it."
                )
            for entry in opened.infolist():
                extracted = Path(opened.extract(entry, directory))
                if mode := (entry.external_attr >> 16) & _PERMISSIONS:  # zipfile drops what makes a file executable
                    extracted.chmod(mode | 0o600)
    except zipfile.BadZipFile as error:
        raise UnusablePackage(
            f"The function's package is not a zip file ({error}): build it again, for example with `make package`."
        ) from error


def _file_name(sha256: str) -> str:
    """Make of a hash in hexadecimal or, as Lambda's CodeSha256 is, base64 a name that a file can have."""
    return sha256.replace("/", "_").replace("+", "-")
