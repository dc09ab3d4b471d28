"""How much concurrency the account has, and what may be reserved of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import lambda_backends

from async_lab.endpoint.functions.model import ZIPPED_LIMIT_BYTES, Function
from async_lab.endpoint.functions.refusals import Refusal, invalid_value
from async_lab.endpoint.functions.requests import LATEST, NO_CONTENT, Answer, Requests, answer, qualified_arn
from async_lab.endpoint.sandbox import UNZIPPED_LIMIT_BYTES
from async_lab.timestamps import iso_to_the_second
from async_lab.twin.rules import ACCOUNT_CONCURRENCY, MINIMUM_UNRESERVED_CONCURRENCY


class Account:
    """The limits of the endpoint's one account, per region."""

    concurrency = ACCOUNT_CONCURRENCY


def limit_account(concurrency: int) -> None:
    """Have the account this limit of concurrent executions from now on."""
    Account.concurrency = concurrency


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


@dataclass(frozen=True, slots=True)
class ProvisionedConcurrency:
    """What was asked for one qualifier; it is there at once."""

    requested: int
    at: float
    """When it was asked for, in epoch seconds."""

    def response(self) -> dict[str, Any]:
        """Return Lambda's answer."""
        return {
            "RequestedProvisionedConcurrentExecutions": self.requested,
            "AvailableProvisionedConcurrentExecutions": self.requested,
            "AllocatedProvisionedConcurrentExecutions": self.requested,
            "Status": "READY",
            "LastModified": iso_to_the_second(self.at),
        }


def check_provisionable(qualifier: str, version: str, requested: int, reserved: int | None) -> None:
    """Refuse what can't be provisioned: code that still changes, or more than the function has for itself."""
    if "$LATEST" in {qualifier, version}:
        raise invalid_value("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    if reserved is not None and requested > reserved:
        raise invalid_value(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )


_CODE_SIZE_LIMIT = 75 * 1024**3  # doc: code storage per region


class ConcurrencyRequests(Requests):
    """Requests about how many executions there may be at once."""

    def put_function_concurrency(self) -> Answer:
        """Reserve concurrency, if enough remains unreserved for all others."""
        function, wanted = self._function(), int(self._get_param("ReservedConcurrentExecutions"))
        check_reservation(self.current_account, self.region, function.function_name, wanted)
        function.reserved_concurrency = wanted
        return self.get_function_concurrency()

    def get_function_concurrency(self) -> Answer:
        """Return the reservation; an empty object when there is none."""
        reserved = self._function().reserved_concurrency
        return answer(200, {} if reserved is None else {"ReservedConcurrentExecutions": reserved})

    def put_provisioned_concurrency_config(self) -> Answer:
        """Keep environments ready for a version or an alias."""
        function, qualifier = self._function(), self._qualifier()
        version = str(self.backend.get_function(function.function_name, qualifier).version)
        requested = int(self._get_param("ProvisionedConcurrentExecutions"))
        check_provisionable(qualifier, version, requested, function.reserved_concurrency)
        if function.reserved_concurrency is None:
            check_provisioned(self.current_account, self.region, requested)
        function.provisioned[qualifier] = ProvisionedConcurrency(requested, self._at())
        return answer(202, function.provisioned[qualifier].response())

    def get_provisioned_concurrency_config(self) -> Answer:
        """Return what stands ready for a version or an alias."""
        return answer(200, _present(self._function(), self._qualifier()).response())

    def delete_provisioned_concurrency_config(self) -> Answer:
        """Keep nothing ready any more."""
        self._function().provisioned.pop(self._qualifier(), None)
        return NO_CONTENT

    def list_provisioned_concurrency_configs(self) -> Answer:
        """Return what stands ready for all versions and aliases."""
        function = self._function()
        configs = [
            {"FunctionArn": qualified_arn(function, qualifier), **config.response()}
            for qualifier, config in sorted(function.provisioned.items())
        ]
        return answer(200, {"ProvisionedConcurrencyConfigs": configs})

    def get_account_settings(self) -> Answer:
        """Return the account's limits and usage."""
        functions = list(self.backend.list_functions())
        limit = {
            "TotalCodeSize": _CODE_SIZE_LIMIT,
            "CodeSizeUnzipped": UNZIPPED_LIMIT_BYTES,
            "CodeSizeZipped": ZIPPED_LIMIT_BYTES,
            "ConcurrentExecutions": Account.concurrency,
            "UnreservedConcurrentExecutions": unreserved_limit(self.current_account, self.region),
        }
        usage = {"TotalCodeSize": sum(function.code_size for function in functions), "FunctionCount": len(functions)}
        return answer(200, {"AccountLimit": limit, "AccountUsage": usage})

    def _qualifier(self) -> str:
        return self._named()[1] or LATEST


def _present(function: Function, qualifier: str) -> ProvisionedConcurrency:
    try:
        return function.provisioned[qualifier]
    except KeyError:
        message = "No Provisioned Concurrency Config found for this function"
        raise Refusal(404, "ProvisionedConcurrencyConfigNotFoundException", message) from None
