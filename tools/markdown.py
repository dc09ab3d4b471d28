"""What the programs that write pages share: a table, and the place between a page's markers."""

from __future__ import annotations

from collections.abc import Iterable


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def between_markers(text: str, name: str, program: str, content: str) -> str:
    """Return a page's text with ``content`` between the markers of ``name``. Raises ValueError if it has none."""
    begin, end = f"<!-- {name}: {program} -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"The page has no place for its {name}: it needs {begin} and {end}")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"
