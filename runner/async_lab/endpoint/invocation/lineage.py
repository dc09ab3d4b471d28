"""Which invocations led to another one, so that a function which triggers itself can be stopped.

Source: developer guide, "Use Lambda recursive loop detection": through SQS, SNS, S3 and Lambda itself, and not through
EventBridge. AWS carries it in the tracing header; here it goes along in the request, the message and the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

MOST_ROUNDS = 16
"""Invocations of one function in one chain (doc: "approximately 16 times")."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """How often each function ran in a chain of invocations."""

    rounds: Mapping[str, int] = field(default_factory=dict)
    """By function."""

    def then(self, function: str) -> Lineage:
        """Return the chain with one more invocation."""
        return Lineage({**self.rounds, function: self.rounds.get(function, 0) + 1})

    def is_loop(self, function: str) -> bool:
        """Return whether the chain's last invocation, of this function, is one too many."""
        return self.rounds.get(function, 0) > MOST_ROUNDS


NOBODY = Lineage()
_current: ContextVar[Lineage] = ContextVar("lineage", default=NOBODY)


def current() -> Lineage:
    """Return the chain to which belongs what is done now, on this thread."""
    return _current.get()


@contextmanager
def following(lineage: Lineage) -> Iterator[None]:
    """Let what is done in a block belong to a chain."""
    token = _current.set(lineage)
    try:
        yield
    finally:
        _current.reset(token)


def longest(lineages: Iterable[Lineage]) -> Lineage:
    """Return what several chains that come together count: for each function the most."""
    rounds: dict[str, int] = {}
    for lineage in lineages:
        for function, count in lineage.rounds.items():
            rounds[function] = max(count, rounds.get(function, 0))
    return Lineage(rounds)
