"""Reserved and provisioned concurrency, and the account's limits."""

from __future__ import annotations

from async_lab.endpoint.functions import provisioned
from async_lab.endpoint.functions.account import Account, check_provisioned, check_reservation, unreserved_limit
from async_lab.endpoint.functions.model import Function
from async_lab.endpoint.functions.provisioned import ProvisionedConcurrency
from async_lab.endpoint.functions.refusals import Refusal
from async_lab.endpoint.functions.requests import LATEST, NO_CONTENT, Answer, Requests, answer, qualified_arn

_CODE_SIZE_LIMIT = 75 * 1024**3  # doc: code storage per region
_ZIPPED_LIMIT, _UNZIPPED_LIMIT = 50 * 1024**2, 250 * 1024**2  # doc


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
        provisioned.check(qualifier, version, requested, function.reserved_concurrency)
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
            "CodeSizeUnzipped": _UNZIPPED_LIMIT,
            "CodeSizeZipped": _ZIPPED_LIMIT,
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
