"""Directories that belong to a living process, and what is left of the dead.

Each holds a file on which its owner has a lock. The kernel takes the lock away when the owner ends, however it ends, so
that nothing is decided by age, nor by the number of a process, which another may have got since.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "owner.lock"


class Owned:
    """A directory that is ours until ``release`` or until we end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Locked before it has its name: without the lock it would look like a dead owner's.
        self._descriptor, beside = tempfile.mkstemp(dir=path, prefix="new-")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            Path(beside).rename(path / LOCK)
        except BaseException:
            os.close(self._descriptor)
            Path(beside).unlink(missing_ok=True)
            raise

    def release(self) -> None:
        """Leave the directory to whoever it lies with."""
        (self.path / LOCK).unlink(missing_ok=True)
        os.close(self._descriptor)

    def remove(self) -> None:
        """Remove the directory."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def temporary(prefix: str) -> Owned:
    """Return a new directory among the temporary ones."""
    return Owned(Path(tempfile.mkdtemp(prefix=prefix)))


def is_owned(directory: Path) -> bool:
    """Whether its owner lives."""
    with _abandoned(directory) as is_abandoned:
        return not is_abandoned and (directory / LOCK).exists()


def abandoned(parent: Path, pattern: str = "*") -> Iterator[Path]:
    """Yield each directory whose owner ended without a release, while nobody else can yield it."""
    for lock in sorted(parent.glob(f"{pattern}/{LOCK}")):
        with _abandoned(lock.parent) as is_abandoned:
            if is_abandoned:
                yield lock.parent


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Let one process at a time into the block."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _abandoned(directory: Path) -> Iterator[bool]:
    lock = directory / LOCK
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except OSError:  # released meanwhile, or another user's
        yield False
        return
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield lock.exists() and os.path.samestat(os.fstat(descriptor), lock.stat())
            return
        yield False
    finally:
        os.close(descriptor)
