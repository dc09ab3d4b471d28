"""Whether an account has the concurrency that scenarios reserve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from async_lab.errors import EnvironmentFailure
from async_lab.observation.configuration import account_concurrency
from async_lab.scenario import Scenario
from async_lab.target.base import Target
from async_lab.twin.rules import MINIMUM_UNRESERVED_CONCURRENCY

_RESERVE_LESS = "reserve less in its reserved_concurrent_executions."
_MORE_OR_LOCAL = (
    "ask for a higher limit (Service Quotas, Lambda, Concurrent executions), or run it with --target local."
)


@dataclass(frozen=True, slots=True)
class Concurrency:
    """What one account's functions may reserve in one region."""

    limit: int
    unreserved: int
    """What no function has reserved, of the limit."""

    @property
    def reservable(self) -> int:
        """How much may still be reserved: Lambda keeps some for the functions without a reservation."""
        return max(0, self.unreserved - MINIMUM_UNRESERVED_CONCURRENCY)


def concurrency_for(target: Target, function_name: str) -> Concurrency:
    """Return what the account has for one function, whose own reservation is given back as it gets another."""
    client = target.client("lambda")
    account = account_concurrency(client)
    try:
        own = client.get_function_concurrency(FunctionName=function_name).get("ReservedConcurrentExecutions", 0)
    except client.exceptions.ResourceNotFoundException:
        own = 0
    return Concurrency(account.limit, account.unreserved + own)


def check_concurrency(target: Target, scenarios: Sequence[Scenario]) -> None:
    """Refuse, before anything is made, the largest reservation of a run's scenarios if the account doesn't allow it."""
    greediest = max(scenarios, key=lambda scenario: scenario.reserved_concurrent_executions)
    reserved = greediest.reserved_concurrent_executions
    if reserved <= 0:
        return
    account = concurrency_for(target, greediest.stack_name)
    if reserved > account.reservable:
        raise EnvironmentFailure(
            f"{greediest.name} reserves {reserved} of account {target.account_id}'s concurrent executions in "
            f"{target.region}; of its {account.limit}, {account.unreserved} are free, and Lambda keeps "
            f"{MINIMUM_UNRESERVED_CONCURRENCY} unreserved: "
            + (_RESERVE_LESS if target.is_disposable else _MORE_OR_LOCAL)
        )
