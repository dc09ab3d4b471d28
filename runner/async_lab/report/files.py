"""What is written beside what is printed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from async_lab.errors import EnvironmentFailure
from async_lab.report.page import FILE_NAME, page
from async_lab.runs.result import RunResult


def check(file: Path) -> None:
    """Raise EnvironmentFailure when a file can't be written, while there is nothing to write yet."""
    with _told(file):
        if not file.exists():
            TemporaryFile(dir=file.parent).close()
        elif not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))


def write_page(results: Sequence[RunResult], directory: Path) -> Path:
    """Write the page about some runs, and return its file. Raises EnvironmentFailure when that can't be done."""
    file = directory / FILE_NAME
    write_text(file, page(results))
    return file


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file anew. Raises EnvironmentFailure when that can't be done."""
    with _told(file):
        file.write_bytes(content)


def write_text(file: Path, text: str, *, is_added: bool = False) -> None:
    """Write a file anew, or add to it. Raises EnvironmentFailure when that can't be done."""
    with (
        _told(file),
        file.open("a" if is_added else "w", encoding="utf-8", errors="backslashreplace") as opened,
    ):
        opened.write(text)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Name the file that can't be written; half of one that is new doesn't stay."""
    was_there = os.path.lexists(file)
    try:
        yield
    except (OSError, ValueError) as error:
        if not was_there:
            with suppress(OSError, ValueError):
                file.unlink()
        why = error.strerror if isinstance(error, OSError) else error
        raise EnvironmentFailure(f"{file} can't be written ({why}): name another file, or make it writable.") from error
