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
    """Refuse, before anything is made, what a run's scenarios want of the account's concurrency and it doesn't have.

    That is the largest reservation, and the limit that a scenario is about, which the embedded endpoint takes on.
    """
    for scenario in scenarios:
        _check_limit(target, scenario)
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


def _check_limit(target: Target, scenario: Scenario) -> None:
    """Refuse to try the limits of an account that has others: it would take what other functions live on."""
    wanted = scenario.account_concurrency
    if wanted is None or target.is_disposable:
        return
    has = account_concurrency(target.client("lambda")).limit
    if has != wanted:
        raise EnvironmentFailure(
            f"{scenario.name} is about an account with {wanted} concurrent executions, and account "
            f"{target.account_id} has {has:,} in {target.region}: run it with --target local."
        )
