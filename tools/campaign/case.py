"""One case of the campaign, and what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One fault."""

    what: str
    """What is done, in a few words."""
    broken_promises: Callable[[], Iterator[str]]
    """Does it, and yields a sentence for each promise that was not kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case that was tried."""

    kind: str
    seed: int
    number: int
    what: str
    broken: tuple[str, ...]
    """Empty: all was as promised."""

    def __str__(self) -> str:
        again = f"python -m tools.campaign --kind {self.kind} --seed {self.seed} --only {self.number}"
        return f"{self.kind} {self.number}: {self.what}\n    " + "\n    ".join((*self.broken, f"again: {again}"))


def chance_of(kind: str, seed: int, number: int) -> random.Random:
    """Return the random numbers of one case: they depend on no other case."""
    return random.Random(f"{kind}/{seed}/{number}")  # noqa: S311 - draw, not a secret
