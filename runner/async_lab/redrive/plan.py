"""What a redrive would do: looked at, and nothing done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from async_lab import arns
from async_lab.errors import UsageError
from async_lab.observation.configuration import LATEST
from async_lab.observation.failure_targets import is_missing
from async_lab.observation.gaps import Gap, Looks
from async_lab.redrive.failed import FailedEvent, NotAnEvent
from async_lab.redrive.stores import Store
from async_lab.target.base import Target

NO_FUNCTION = "dead letters, which don't name their function: say which it is with --to"

_BACK_SECONDS = 0.1
"""Until messages that were released can be received again: at once, on SQS's clock, which isn't ours."""


@dataclass(frozen=True, slots=True)
class Invoked:
    """A function, and the alias or version that is invoked."""

    name: str
    qualifier: str = LATEST

    def __str__(self) -> str:
        """As Lambda takes it: records name ``$LATEST`` also where nobody did, and a policy may allow the plain name."""
        return self.name if self.qualifier == LATEST else f"{self.name}:{self.qualifier}"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which failed events are meant, and where they go."""

    functions: frozenset[str] = frozenset()
    """Names; none: of all functions."""
    conditions: frozenset[str] = frozenset()
    """Lambda's; none: all. A dead letter whose condition isn't known is in none."""
    after: float | None = None
    """Failed at this time or later, in epoch seconds."""
    before: float | None = None
    """Failed before this time, in epoch seconds."""
    to: Invoked | None = None
    """Who is invoked instead of the function that failed."""

    def has(self, event: FailedEvent) -> bool:
        """Whether an event is meant."""
        name = None if event.function_arn is None else arns.parse(event.function_arn).name
        return (
            (not self.functions or name in self.functions)
            and (not self.conditions or event.condition in self.conditions)
            and (self.after is None or event.failed_at >= self.after)
            and (self.before is None or event.failed_at < self.before)
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """A failed event that will be invoked again."""

    id: str
    """The message's id, or the object's key."""
    request_id: str
    """That of the event that failed."""
    function: Invoked
    condition: str | None
    """None: a dead letter that doesn't say."""
    failed_at: float
    """In epoch seconds."""
    payload: str | None = field(default=None, repr=False)
    """None unless it was asked for."""


@dataclass(frozen=True, slots=True)
class Left:
    """Messages or objects that stay where they are, and why."""

    reason: str
    """What they are, in the plural: ``records of events that succeeded``."""
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What was found."""

    events: tuple[Planned, ...]
    left: tuple[Left, ...]
    not_meant: int
    """How many failed events the filters leave out."""
    gaps: tuple[Gap, ...] = ()


def look(
    store: Store,
    target: Target,
    selection: Selection,
    *,
    keeps_payloads: bool = False,
    tell: Callable[[int], None] = lambda _count: None,
) -> Plan:
    """Look through a store; ``tell`` is called with how many messages or objects were read so far.

    Raises what boto3 raises when the store can't be read, and UsageError when there is no function as ``to`` says.
    """
    events: list[Planned] = []
    left: Counter[str] = Counter()
    not_meant = 0
    with closing(store.look()) as everything:
        for number, stored in enumerate(everything, 1):
            tell(number)
            if isinstance(stored.content, NotAnEvent):
                left[str(stored.content)] += 1
            elif not selection.has(stored.content):
                not_meant += 1
            else:
                function = _function_of(stored.content, selection, target)
                if isinstance(function, str):
                    left[function] += 1
                    continue
                event = stored.content
                payload = event.payload if keeps_payloads else None
                events.append(Planned(stored.id, event.request_id, function, event.condition, event.failed_at, payload))
    target.wait(_BACK_SECONDS)
    looks = Looks()
    problems = _problems(target, {event.function for event in events}, selection.to, looks)
    left.update(problems[event.function] for event in events if event.function in problems)
    return Plan(
        tuple(event for event in events if event.function not in problems),
        tuple(Left(reason, count) for reason, count in left.most_common()),
        not_meant,
        tuple(looks.gaps),
    )


def _function_of(event: FailedEvent, selection: Selection, target: Target) -> Invoked | str:
    """Return who is invoked, or why nobody can be."""
    if selection.to is not None:
        return selection.to
    if event.function_arn is None:
        return NO_FUNCTION
    arn = arns.parse(event.function_arn)
    if (arn.account_id, arn.region) != (target.account_id, target.region):
        return f"events of {arn.name} in {arn.region} of account {arn.account_id}: ask there, or give --to"
    return Invoked(arn.name, arn.qualifier or LATEST)


def _problems(target: Target, functions: set[Invoked], to: Invoked | None, looks: Looks) -> Mapping[Invoked, str]:
    """Return of each function that can't take events why not."""
    found = {function: _problem(target, function, to, looks) for function in sorted(functions, key=str)}
    return {function: problem for function, problem in found.items() if problem}


def _problem(target: Target, function: Invoked, to: Invoked | None, looks: Looks) -> str | None:
    from botocore.exceptions import ClientError

    client = target.client("lambda")

    def exists() -> bool:
        try:
            client.get_function_configuration(FunctionName=str(function))
        except ClientError as error:
            if is_missing(error):
                return False
            raise
        return True

    if looks.at(f"whether {function} exists", "lambda:GetFunctionConfiguration", exists) is False:
        if to is not None:
            raise UsageError(
                f"There is no function {to} in {target.region} of this account: check --to, --region and --profile."
            )
        return f"events of {function}, which doesn't exist any more: say who takes them with --to"
    reserved = looks.at(
        f"the reserved concurrency of {function}",
        "lambda:GetFunctionConcurrency",
        lambda: client.get_function_concurrency(FunctionName=function.name).get("ReservedConcurrentExecutions", -1),
    )
    if reserved == 0:
        return f"events for {function}, whose reserved concurrency is 0: Lambda would drop each at once again"
    return None
