"""What the doctor found."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from async_lab.doctor import Check
from async_lab.report.terminal import glyphs_for
from async_lab.wording import printable

_SUBJECT_COLUMNS = 13


def show_checks(console: Console, checks: Iterable[Check]) -> bool:
    """Print a row for each check; return whether all is well."""
    glyphs = glyphs_for(console)
    all_well = True
    for check in checks:
        mark, style = (glyphs.met, "green") if check.is_well else (glyphs.not_met, "bold red")
        line = Text.assemble((mark, style), f"  {check.subject:<{_SUBJECT_COLUMNS}}  {printable(check.found)}")
        console.print(line, soft_wrap=True)  # a path that is broken in two can't be copied
        all_well &= check.is_well
    console.print("All is well." if all_well else Text("Something is missing: see above.", "bold red"))
    return all_well
