"""Where a rule of AWS comes from, as data that stands beside the rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints


class Source(StrEnum):
    """Who says so."""

    DOC = "doc"
    """The Lambda developer guide, API reference and announcements."""
    BLOG = "blog"
    """The AWS Compute Blog post that launched the three metrics."""
    SAMPLE = "sample"
    """That post's sample code with its pictures, measured on AWS in January 2023."""
    RERUN = "rerun"
    """A published re-run of the sample's situations on AWS, November 2025."""
    SNAPSHOT = "snapshot"
    """AWS-validated responses published with LocalStack's tests, November 2025."""
    CAPTURE = "capture"
    """Native captures published with the stackd emulator, 2026."""
    ASSUMED = "assumed"
    """Nobody published it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What AWS does, in a sentence, and who says so.

    It annotates what holds it: a constant, a field, or what a function returns (``Annotated[float, rule(…)]``).
    """

    text: str
    sources: tuple[Source, ...]
    note: str = ""
    """What else there is to say of the sources: since when, or why it was assumed."""

    @property
    def is_assumed(self) -> bool:
        """Whether nobody published it, or not all of it."""
        return Source.ASSUMED in self.sources

    @property
    def source(self) -> str:
        """The sources as a reader wants them: ``doc, rerun``, with the note."""
        return ", ".join(self.sources) + (f": {self.note}" if self.note else "")


def rule(text: str, *sources: Source, note: str = "") -> Rule:
    """Return a rule. At least one source says so, be it that it was assumed."""
    if not sources:
        raise ValueError(f"the rule {text!r} names no source; name at least one, Source.ASSUMED if nobody published it")
    return Rule(text, sources, note)


def rules_of(owner: Any) -> Iterator[tuple[str, Rule]]:
    """Yield the rules that annotate a module's constants, a class's fields or a function's result, by name."""
    for name, hint in get_type_hints(owner, include_extras=True).items():
        for each in getattr(hint, "__metadata__", ()):
            if isinstance(each, Rule):
                yield name, each
