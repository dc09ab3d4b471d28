"""The timeline as SVG: the same rows as in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from itertools import groupby

from async_lab.report import svg
from async_lab.report.timeline import Column, Fate, Kind, Row, Timeline, Track, ticks
from async_lab.wording import duration, plural, shortened, since

_TICKS, _SUBSECOND = 5, 5.0
_LAST_LABEL = 0.93
"""Of the width: a label beyond begins to leave the chart."""
_AXIS, _WORDS, _EVENT, _BAND, _LINE, _LEGEND = 18.0, 20.0, 34.0, 52.0, 8.0, 24.0
"""Heights in pixels: the times, a row's words, one event, a band of several, half of what runs, the legend."""
_CHARACTER = 7.0
"""About as wide as a character is, in pixels."""
_LEAST_SHARE_FOR_WORDS = 0.14
"""Of the width: what a wait's length needs on a phone."""
_BAND_COLUMNS = 90
_LONGEST_WORDS = 110
FATE_CLASSES = {
    Fate.LOST: "dropped",
    Fate.KEPT: "throttled",
    Fate.PENDING: "throttled",
    Fate.DONE: "succeeded",
    Fate.UNSEEN: "soft",
}


def axis(shown: Timeline) -> str:
    """Return the line of times for a page, above the rows."""
    return svg.chart(_labels(shown), _AXIS, "", is_decoration=True)


def row(of: Row, shown: Timeline) -> str:
    """Return one row for a page, which has the words above it."""
    height = _BAND if of.is_band else _EVENT
    return svg.chart([*_grid(shown, 0, height), *_row(of, shown, 0)], height, f"{of.label}: {of.words}")


def standalone(shown: Timeline) -> str:
    """Return the timeline as a file of its own, with the words that a page has beside it."""
    y, drawn = _AXIS, []
    for each in shown.rows:
        drawn += [_words(each, y), *_row(each, shown, y + _WORDS)]
        y += _WORDS + (_BAND if each.is_band else _EVENT)
    parts = [*_grid(shown, _AXIS, y - _AXIS), *_labels(shown), *drawn, *_legend(shown, y + _LEGEND / 2)]
    return svg.standalone(parts, y + _LEGEND, label(shown))


def _legend(shown: Timeline, y: float) -> Iterator[str]:
    """Draw what the colors and marks stand for, as far as they occur, in a line of its own."""
    x = 0.0
    for words, key in _keys(shown, y):
        yield key(x)
        yield svg.text(f"{x + 20:g}", y + 4, words, class_="soft")
        x += 36 + _CHARACTER * len(words)


def _keys(shown: Timeline, y: float) -> Iterator[tuple[str, Callable[[float], str]]]:
    """Yield each word of the legend with what draws its mark, from the mark's left."""

    def line(class_: str) -> Callable[[float], str]:
        return lambda x: svg.element("line", x1=x, x2=x + 14, y1=y, y2=y, class_=class_)

    def square(class_: str) -> Callable[[float], str]:
        return lambda x: svg.element("rect", x=x, y=y - 5, width=14, height=10, class_=class_, stroke="none")

    def mark(kind: Kind) -> Callable[[float], str]:
        return lambda x: _mark(kind, "", f"{x + 7:g}", y)

    spans = [span for each in shown.rows for track in each.tracks for span in track.spans]
    has_bands = any(each.is_band for each in shown.rows)
    if any(span.is_running for span in spans):
        yield "running", square("run")
    if any(not span.is_running for span in spans):
        yield "waiting", square("waiting") if has_bands else line("wait")
    for kind in reversed(shown.kinds):
        yield str(kind), square(_name(kind)) if has_bands else mark(kind)
    if shown.has_limits and not has_bands:
        yield "maximum event age", lambda x: svg.element("line", x1=x + 7, x2=x + 7, y1=y - 8, y2=y + 8, class_="limit")


def label(shown: Timeline) -> str:
    """Return what the timeline shows, in words, for whom can't see it."""
    rows = [f"{each.label}: {each.words}." for each in shown.rows[:10]]
    return f"Timeline of {plural(sum(len(each.tracks) for each in shown.rows), 'event')}. {' '.join(rows)}"


def _labels(shown: Timeline) -> Iterator[str]:
    for at in ticks(shown.length, _TICKS):
        is_last = at > _LAST_LABEL * shown.length
        anchor = "end" if is_last else "middle" if at else "start"
        words = since(at) if shown.length > _SUBSECOND or not at else duration(at)
        yield svg.text(svg.percent(at, shown.length), 11, words, anchor=anchor, class_="soft")


def _grid(shown: Timeline, y: float, height: float) -> Iterator[str]:
    for at in ticks(shown.length, _TICKS):
        x = svg.percent(at, shown.length)
        yield svg.element("line", x1=x, x2=x, y1=y, y2=y + height, class_="grid")


def _row(of: Row, shown: Timeline, y: float) -> list[str]:
    if of.is_band:
        return list(_band(of, shown, y))
    body = "".join(_body(of.tracks[0], shown.length, y + _EVENT / 2))
    return [svg.element("g", body, class_="inferred") if shown.is_inferred else body]


def _words(of: Row, y: float) -> str:
    words = svg.element("tspan", escape(of.label), font_weight="bold") + svg.element(
        "tspan", escape(f"  {shortened(of.words, _LONGEST_WORDS)}"), class_=FATE_CLASSES[of.fate]
    )
    return svg.element("text", words, x="0", y=y + 14)


def _body(track: Track, length: float, y: float) -> Iterator[str]:
    for span in track.spans:
        x, width = svg.percent(span.start, length), svg.percent(span.seconds, length)
        if span.is_running:
            yield svg.element(
                "rect", title=span.words, x=x, y=y - _LINE, width=width, height=2 * _LINE, rx=2, class_="run"
            )
        else:
            yield svg.element(
                "line", title=span.words, x1=x, x2=svg.percent(span.end, length), y1=y, y2=y, class_="wait"
            )
        if span.seconds >= _LEAST_SHARE_FOR_WORDS * length:
            middle = svg.percent((span.start + span.end) / 2, length)
            shade = "on-run" if span.is_running else "soft halo"
            yield svg.text(middle, y + 4, duration(span.seconds), anchor="middle", class_=shade)
    if track.limit is not None:
        yield _limit(track.limit, length, y)
    for mark in track.marks:
        yield _mark(mark.kind, mark.words, svg.percent(mark.at, length), y)


def _limit(at: float, length: float, y: float) -> str:
    x = svg.percent(at, length)
    line = svg.element("line", x1=x, x2=x, y1=y - 13, y2=y + 13, class_="limit")
    return svg.element("g", line, title=f"{since(at)} maximum event age")


def _mark(kind: Kind, words: str, x: str, y: float) -> str:
    return svg.element("use", title=words, href=f"#{_name(kind)}", x=x, y=y)


def _name(kind: Kind) -> str:
    return kind.value.replace(" ", "-")


def _band(of_several: Row, shown: Timeline, y: float) -> Iterator[str]:
    """Draw how many of the events wait and run at each time, and below it what attempts there were."""
    top, height = y + 4, 28.0
    of = len(of_several.tracks)
    columns = list(of_several.columns(_BAND_COLUMNS, shown.length))
    number = 0
    for (running, waiting), alike in groupby(columns, key=lambda column: (column.running, column.waiting)):
        many = len(list(alike))
        x, width = svg.percent(number, _BAND_COLUMNS), svg.percent(many, _BAND_COLUMNS)
        yield from _stack(running, waiting, of, x, width, top, height)
        number += many
    for number, column in enumerate(columns):
        yield from _attempts(column, of, svg.percent(number, _BAND_COLUMNS), top + height + 2)
    yield svg.element("line", x1="0", x2="100%", y1=top + height, y2=top + height, class_="base")


def _stack(running: int, waiting: int, of: int, x: str, width: str, top: float, height: float) -> Iterator[str]:
    """Draw how many run and wait in columns that are alike."""
    running = min(running, of)
    waiting = min(waiting, of - running)
    bottom = top + height
    for number, kind, class_ in ((running, "running", "run"), (waiting, "waiting", "waiting")):
        if number:
            tall = max(1.0, height * number / of)
            bottom -= tall
            yield svg.element(
                "rect", title=f"{number:,} {kind}", x=x, y=bottom, width=width, height=tall, class_=class_
            )


def _attempts(column: Column, of: int, x: str, y: float) -> Iterator[str]:
    """Draw the attempts of a column as one square, in the color of the worst."""
    worst = next((kind for kind in Kind if column.marks.get(kind)), None)
    if worst is None:
        return
    words = ", ".join(f"{number:,} {kind}" for kind, number in column.marks.items())
    yield svg.element(
        "rect",
        title=words,
        x=x,
        y=y,
        width=svg.percent(1, _BAND_COLUMNS),
        height=8,
        class_=_name(worst),
        opacity=0.35 + 0.65 * min(1.0, column.marks[worst] / of),
        stroke="none",
    )
