"""Which invocations led to another one, and whether a function that triggers itself is stopped.

It is, unless the function says otherwise. Source: developer guide, "Use Lambda recursive loop detection": through SQS,
SNS, S3 and Lambda itself, and not through EventBridge. AWS carries it in the tracing header; here it goes along in the
request, the message and the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.sqs.models import Message, Queue

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


def current_lineage() -> Lineage:
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


_add_message = Queue.add_message


def is_stopped(account_id: str, region: str, name: str) -> bool:
    """Return whether a function that triggers itself is stopped."""
    try:
        function = lambda_backends[account_id][region].get_function(name)
    except UnknownFunctionException:
        return False
    is_terminated: bool = function.recursive_loop == "Terminate"
    return is_terminated


def remember(queue: Queue, message: Message) -> None:
    """Add a message that remembers what led to it, and from which queue it comes into a dead-letter queue."""
    message.lineage = current_lineage()
    message.source_arn, message.queue_arn = vars(message).get("queue_arn"), queue.queue_arn
    _add_message(queue, message)
