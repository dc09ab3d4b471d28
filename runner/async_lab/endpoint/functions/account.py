"""How much concurrency the account has, and what may be reserved of it."""

from __future__ import annotations

from collections.abc import Iterable

from moto.awslambda.models import lambda_backends

from async_lab.endpoint.functions.refusals import invalid_value
from async_lab.twin.rules import ACCOUNT_CONCURRENCY, MINIMUM_UNRESERVED_CONCURRENCY


class Account:
    """The limits of the endpoint's one account, per region."""

    concurrency = ACCOUNT_CONCURRENCY


def unreserved_limit(account_id: str, region: str) -> int:
    """Return the concurrency that all functions without a reservation share."""
    return Account.concurrency - reserved_in_all(account_id, region)


def reserved_in_all(account_id: str, region: str, but: Iterable[str] = ()) -> int:
    """Return the sum of all reservations, but those of the functions named."""
    functions = lambda_backends[account_id][region].list_functions()
    return sum(function.reserved_concurrency or 0 for function in functions if function.function_name not in but)


def allocated(account_id: str, region: str) -> int:
    """Return what reservations take of the account's concurrency, and provisions beside them."""
    functions = lambda_backends[account_id][region].list_functions()
    return sum(
        sum(config.requested for config in function.provisioned.values())
        if function.reserved_concurrency is None
        else function.reserved_concurrency
        for function in functions
    )


def check_reservation(account_id: str, region: str, name: str, wanted: int) -> None:
    """Refuse a reservation that leaves too little to all other functions; 0 takes nothing and always goes."""
    minimum = min(MINIMUM_UNRESERVED_CONCURRENCY, Account.concurrency)  # new accounts are told [10], or [50]
    left = Account.concurrency - reserved_in_all(account_id, region, but=(name,)) - wanted
    if wanted and left < minimum:
        raise invalid_value(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{minimum}]."  # capture
        )


def check_provisioned(account_id: str, region: str, wanted: int) -> None:
    """Refuse provisioned concurrency that leaves too little of the pool; what a reservation covers takes nothing."""
    pool, minimum = unreserved_limit(account_id, region), min(MINIMUM_UNRESERVED_CONCURRENCY, Account.concurrency)
    if wanted > pool:
        raise invalid_value(
            f"Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{pool}]."
        )
    if pool - wanted < minimum:
        raise invalid_value(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{minimum}]."
        )
