"""What is written beside what is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from async_lab.errors import EnvironmentFailure
from async_lab.report.page import FILE_NAME, page
from async_lab.runs.result import RunResult


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
    try:
        yield
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise EnvironmentFailure(f"{file} can't be written ({why}): name another file, or make it writable.") from error
