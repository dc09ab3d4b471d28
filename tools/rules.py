"""Print the twin's rules of AWS with their sources: ``python -m tools.rules``.

With a page's name it writes them between that page's markers: ``python -m tools.rules docs/fidelity.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from async_lab.twin import METRICS, Rules, rules
from async_lab.twin.sources import Rule, rules_of
from tools.markdown import between_markers, table

COMMAND = "python -m tools.rules"


def main() -> None:
    """Print the table, or write it into a file."""
    if len(sys.argv) == 1:
        sys.stdout.write(f"{rules_table()}\n")
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(with_table(file.read_text(encoding="utf-8")), encoding="utf-8")


def with_table(text: str) -> str:
    """Return a page's text with the table between its markers. Raises ValueError if it has none."""
    return between_markers(text, "rules", COMMAND, rules_table())


def rules_table() -> str:
    """Return a Markdown table of every rule that the twin holds as a value or a function."""
    return table(
        ("Rule", "Value", "What it says", "Source"),
        ((f"`{name}`", value, rule.text, rule.source) for name, value, rule in _every_rule()),
    )


def _every_rule() -> Iterator[tuple[str, str, Rule]]:
    defaults = Rules()
    for name, rule in rules_of(rules):
        yield name, _shown(getattr(rules, name)), rule
    for name, rule in rules_of(Rules):
        yield f"Rules.{name}", _shown(getattr(defaults, name)), rule
    for _, rule in rules_of(rules.too_old_next_time):
        yield "too_old_next_time", "", rule
    for name, rule in METRICS.items():
        yield name, "", rule


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return f"`{value.value}`"
    parts = value if isinstance(value, tuple) else (value,)
    return ", ".join(f"{part:,g}" if part < 100_000 else str(part) for part in parts)  # noqa: PLR2004


if __name__ == "__main__":
    main()
