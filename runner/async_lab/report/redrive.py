"""A redrive as people read it: what it would do, how far it is, what became of the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.table import Table
from rich.text import Text

from async_lab.redrive import Plan, Planned, Sent, Store, Verdict
from async_lab.report.moving_line import MovingLine
from async_lab.report.terminal import glyphs_for, heading, indented, table_of
from async_lab.target.base import Target
from async_lab.wording import count, duration, plural, printable

_PLAIN_SECONDS = 10.0
"""How often it is told how far it is, where there is no line to move."""
_WORDS = {
    Verdict.NOT_DELETED: "{} accepted, but could not be deleted: the next redrive would send it again, too",
    Verdict.REFUSED: "{} refused",
    Verdict.UNSURE: "{} without an answer: Lambda may have accepted it, and the next redrive sends it again",
    Verdict.GONE: "{} gone, or with another reader, before its turn",
}


def show_plan(console: Console, store: Store, target: Target, plan: Plan, per_second: float) -> None:
    """Print what would be invoked again, what is left where it is and why, and what couldn't be seen."""
    separator = glyphs_for(console).separator
    heading(console, store.title)
    console.print(Text(separator.join([target.name, f"account {target.account_id}", target.region]), "dim"))
    if plan.events:
        console.print()
        indented(console, _table(plan.events, target.now()))
    for event in plan.events:
        if event.payload is not None:
            indented(console, Text(printable(f"{event.request_id} {event.payload}")))
    aside = [f"{plural(left.count, store.noun)}: {left.reason}" for left in plan.left]
    if plan.not_meant:
        aside.append(f"{plural(plan.not_meant, 'failed event')} that your filters leave out")
    for title, lines in (("Left where they are", aside), ("Not seen", [str(gap) for gap in plan.gaps])):
        if lines:
            heading(console, title)
            for line in lines:
                indented(console, Text(printable(line)))
    console.print()
    seconds = duration(max(1, round(len(plan.events) / per_second)))
    long = f", at most {per_second:g} a second: about {seconds}" if plan.events else ""
    said = f"{plural(len(plan.events), 'event')} to invoke again{long}."
    console.print(Text(said[:1].upper() + said[1:], "bold"), soft_wrap=True)


def _table(events: Sequence[Planned], now: float) -> Table:
    table = table_of("function")
    table.add_column("why it failed")
    table.add_column("events", justify="right")
    table.add_column("oldest")
    groups: dict[tuple[str, str], list[Planned]] = {}
    for event in events:
        groups.setdefault((str(event.function), event.condition or "dead letter"), []).append(event)
    for (function, condition), group in sorted(groups.items()):
        oldest = min(event.failed_at for event in group)
        when = f"{datetime.fromtimestamp(oldest, UTC):%Y-%m-%d %H:%M} UTC, {duration(max(0, now - oldest))} ago"
        table.add_row(Text(printable(function)), Text(printable(condition)), Text(count(len(group))), Text(when))
    return table


def show_outcome(console: Console, plan: Plan, sent: Sequence[Sent]) -> None:
    """Print what became of the events; the last line is the verdict."""
    counts = Counter(one.verdict for one in sent)
    for verdict, words in _WORDS.items():
        if counts[verdict]:
            console.print(Text(f"{words.format(plural(counts[verdict], 'event'))}."), soft_wrap=True)
            for reason, number in Counter(one.reason for one in sent if one.verdict is verdict and one.reason).items():
                indented(console, Text(printable(f"{count(number)}: {reason}")))
    done, all_of = counts[Verdict.SENT], len(plan.events)
    said = f"{count(done)} of {plural(all_of, 'event')} invoked again, and deleted where they were."
    console.print(Text(said, "bold green" if done == all_of else "bold red"), soft_wrap=True)


class RedriveProgress:
    """Tells how far it is on standard error: one moving line on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, console: Console, store: Store) -> None:
        self._console, self._noun, self._line = console, store.noun, MovingLine(console)

    def __enter__(self) -> Self:
        self._line.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._line.stop()

    def looked_at(self, number: int) -> None:
        """Tell how many messages or objects were read."""
        self._tell(f"Looking: {plural(number, self._noun)} read")

    def sent(self, number: int, of: int) -> None:
        """Tell how many events had their turn."""
        self._tell(f"Invoking: {count(number)} of {plural(of, 'event')}")

    def _tell(self, text: str) -> None:
        if self._line:
            self._line.move(text)
        elif self._line.is_due(_PLAIN_SECONDS):
            self._console.print(Text(text), soft_wrap=True)
