"""The timeline in characters: a line of time for each event, or band of events, and below it what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from rich.text import Text

from async_lab.report.chart import Glyphs
from async_lab.report.timeline import Column, Fate, Kind, Row, Span, Timeline, ticks
from async_lab.wording import duration, printable, since

MOST_ROWS = 8
"""Of more events, those that fared alike share a line, so that an answer fits a terminal of 24 lines."""
_TICK_COLUMNS = 12
_LONGEST_WORDS = 300
FATE_STYLES = {
    Fate.LOST: "bold red",
    Fate.KEPT: "yellow",
    Fate.PENDING: "yellow",
    Fate.DONE: "green",
    Fate.UNSEEN: "dim",
}
_KIND_STYLES = {
    Kind.DROPPED: "bold red",
    Kind.FAILED: "red",
    Kind.TIMED_OUT: "red",
    Kind.SYSTEM_ERROR: "magenta",
    Kind.THROTTLED: "yellow",
    Kind.SUCCEEDED: "bold green",
}
_RUNNING, _WAITING, _LIMIT = "blue", "dim", "cyan"


def lines(shown: Timeline, width: int, glyphs: Glyphs) -> Iterator[Text]:
    """Yield the timeline's lines, each at most ``width`` columns wide but for the words, which may be wrapped."""
    if not shown.rows:
        return
    label_columns = max((len(row.label) for row in shown.rows), default=0)
    chart_columns = max(10, width - label_columns - 2)
    yield Text(" " * (label_columns + 2)).append(_axis(shown.length, chart_columns), "dim")
    for row in shown.rows:
        line = Text(f"{row.label:<{label_columns}}  ", no_wrap=True)
        yield line.append_text(_chart(row, shown.length, chart_columns, glyphs))
        words = row.words if len(row.words) <= _LONGEST_WORDS else f"{row.words[:_LONGEST_WORDS]}…"
        indent = min(label_columns + 2, width // 4)
        for words_line in _wrapped(printable(words), width - indent):
            yield Text(" " * indent).append(words_line, FATE_STYLES[row.fate])


def legend(shown: Timeline, glyphs: Glyphs) -> Text:
    """Return what the characters stand for, as far as they occur."""
    tracks = [track for row in shown.rows for track in row.tracks]
    entries = [(glyphs.marks[kind], str(kind), _KIND_STYLES[kind]) for kind in reversed(shown.kinds)]
    if any(not span.is_running for track in tracks for span in track.spans):
        entries.insert(0, (glyphs.waiting, "waiting", _WAITING))
    if any(span.is_running for track in tracks for span in track.spans):
        entries.insert(0, (glyphs.running, "running", _RUNNING))
    if shown.has_limits:
        entries.append((glyphs.limit, "maximum event age", _LIMIT))
    text = Text()
    for mark, words, style in entries:
        text.append(mark, style).append(f" {words}  ", "dim")
    text.rstrip()
    return text


def _axis(length: float, columns: int) -> str:
    """Return the line of times, each label beginning at its column."""
    line = [" "] * columns
    for at in ticks(length, max(2, columns // _TICK_COLUMNS + 1)):
        label = since(at) if length > _SUBSECOND else duration(at)
        column = min(int(at / length * columns), columns - len(label))
        if not "".join(line[max(0, column - 1) : column + len(label)]).strip():
            line[column : column + len(label)] = label
    return "".join(line).rstrip()


_SUBSECOND = 5.0


def _chart(row: Row, length: float, columns: int, glyphs: Glyphs) -> Text:
    cells = [_cell(column, glyphs) for column in row.columns(columns, length)]
    if not row.is_band:
        for text, start in _wait_lengths(row.tracks[0].spans, length, columns):
            cells[start : start + len(text)] = [(character, "") for character in text]
        limit = row.tracks[0].limit
        if limit is not None:
            column = min(columns - 1, int(limit / length * columns))
            if cells[column][0] in (" ", glyphs.waiting):
                cells[column] = (glyphs.limit, _LIMIT)
    chart = Text()
    for character, style in cells:
        chart.append(character, style)
    chart.rstrip()
    return chart


def _cell(column: Column, glyphs: Glyphs) -> tuple[str, str]:
    for kind in Kind:
        if column.marks.get(kind):
            return glyphs.marks[kind], _KIND_STYLES[kind]
    if column.running:
        return glyphs.running, _RUNNING
    return (glyphs.waiting, _WAITING) if column.waiting else (" ", "")


def _wait_lengths(spans: Sequence[Span], length: float, columns: int) -> Iterator[tuple[str, int]]:
    """Yield the length of each wait that has room for it, and the column at which it is written."""
    for span in spans:
        first, last = (int(at / length * columns) for at in (span.start, span.end))
        text = f" {duration(span.seconds)} "
        if not span.is_running and last - first - 1 >= len(text) + 2:
            yield text, first + 1 + (last - first - 1 - len(text)) // 2


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, max(20, width), break_long_words=True, break_on_hyphens=False) or [""]
