"""What a handler wrote, cut into lines that carry virtual time."""

from __future__ import annotations

import re

from async_lab.endpoint.sandbox.handler_view import Directories
from async_lab.endpoint.sandbox.lab_child.protocol import MARK
from async_lab.endpoint.sandbox.model import LogLine


def mark_pattern(token: str) -> re.Pattern[bytes]:
    """Return what finds a child's marks. ``token`` is in them, so that what a handler prints isn't taken for one."""
    before, after = MARK.format(token=token, now_ns="|").encode().split(b"|")
    return re.compile(re.escape(before) + rb"(\d+)" + re.escape(after))


class Output:
    """The bytes of one execution's standard output and error, with a mark wherever its clock moved."""

    def __init__(self, mark: re.Pattern[bytes], limit_bytes: int, limit_lines: int) -> None:
        self._mark = mark
        self._chunks: list[bytes] = []
        self._room, self._lines_left = limit_bytes, limit_lines
        self._dropped_bytes = self._dropped_lines = 0
        self.start = 0.0
        """When its first byte was written, in virtual epoch seconds."""

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; those beyond the limits are lost."""
        kept = chunk[: self._room]
        if (line_ends := kept.count(b"\n")) > self._lines_left:
            kept = _first_lines(kept, self._lines_left)
            line_ends = self._lines_left
        if len(kept) < len(chunk):
            self._room = self._lines_left = 0  # nothing comes after a gap
        else:
            self._room, self._lines_left = self._room - len(kept), self._lines_left - line_ends
        if kept:
            self._chunks.append(kept)
        self._dropped_bytes += len(chunk) - len(kept)
        self._dropped_lines += chunk.count(b"\n") - line_ends

    def last_mark_ns(self) -> int | None:
        """Return when the clock moved last, if it did."""
        marks = self._mark.findall(b"".join(self._chunks))
        return int(marks[-1]) if marks else None

    def lines(self, end: float, directories: Directories) -> list[LogLine]:
        """Return the lines, with Lambda's paths in them; ``end`` is when it was over."""
        lines = self._lines(directories) if self._chunks else []
        if self._dropped_bytes:
            dropped = f"{self._dropped_lines:,} lines, {self._dropped_bytes:,} bytes"
            lines.append(LogLine(end, f"async-lab: the rest of the output was dropped ({dropped})"))
        return lines

    def _lines(self, directories: Directories) -> list[LogLine]:
        lines: list[LogLine] = []
        at = begun_at = self.start
        begun = b""
        for index, piece in enumerate(self._mark.split(directories.on_lambda(b"".join(self._chunks)))):
            if index % 2:  # what the mark says
                at = int(piece) / 1e9
                continue
            *complete, rest = piece.split(b"\n")
            for line in complete:
                lines.append(LogLine(begun_at if begun else at, _text(begun + line)))
                begun = b""
            if rest:
                begun_at = begun_at if begun else at
                begun += rest
        return [*lines, LogLine(begun_at, _text(begun))] if begun else lines


def _first_lines(chunk: bytes, count: int) -> bytes:
    return b"".join(line + b"\n" for line in chunk.split(b"\n", count)[:count])


def _text(line: bytes) -> str:
    """Decode a line. awslambdaric joins the lines of one log event by carriage returns: they are line ends again."""
    return line.decode(errors="replace").rstrip("\r").replace("\r", "\n")
