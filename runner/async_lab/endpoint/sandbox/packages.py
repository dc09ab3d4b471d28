"""Deployment packages and layers, unpacked once each."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from async_lab.endpoint.sandbox.archives import Tree


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
