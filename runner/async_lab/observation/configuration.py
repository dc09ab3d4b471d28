"""A function's configuration as it stands: read back from AWS, never taken from what was wished.

Each part comes from one call and is None where that call was refused: what isn't known is not what isn't set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from async_lab.errors import UsageError
from async_lab.observation.gaps import Looks
from async_lab.twin.rules import MAXIMUM_EVENT_AGE_SECONDS, MAXIMUM_RETRY_ATTEMPTS

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LATEST = "$LATEST"

PERMISSIONS = {
    "settings": "lambda:GetFunctionConfiguration",
    "reserved concurrency": "lambda:GetFunctionConcurrency",
    "event-invoke configs": "lambda:ListFunctionEventInvokeConfigs",
    "aliases": "lambda:ListAliases",
    "the account's concurrency": "lambda:GetAccountSettings",
}
"""What is read, and the IAM action that shows it."""


class Kind(StrEnum):
    """By whose rules a function runs."""

    STANDARD = "standard"
    DURABLE = "durable"
    """A durable function: its executions are suspended and resumed."""
    MANAGED_INSTANCES = "managed instances"
    """It runs on instances of its owner's: concurrency is another matter there."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """The part that GetFunctionConfiguration tells."""

    arn: str
    timeout_seconds: int
    memory_mb: int
    runtime: str | None
    """None for a container image."""
    role_arn: str
    last_modified: str
    """ISO 8601, as Lambda has it."""
    dead_letter_arn: str | None = None
    kind: Kind = Kind.STANDARD
    log_group: str | None = None
    """Where its log lines go; None: not known."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The part that GetFunctionConcurrency tells."""

    executions: int | None
    """None: nothing reserved, the account's pool is shared. 0: the function is stopped."""


@dataclass(frozen=True, slots=True)
class AccountConcurrency:
    """The part that GetAccountSettings tells, for the region."""

    limit: int
    unreserved: int
    """What the functions without a reservation share."""


@dataclass(frozen=True, slots=True)
class AsyncSettings:
    """How events are treated that are sent to one qualifier: its event-invoke config, or Lambda's defaults."""

    qualifier: str
    """``$LATEST``, an alias or a version's number."""
    maximum_event_age_seconds: int = MAXIMUM_EVENT_AGE_SECONDS
    maximum_retry_attempts: int = MAXIMUM_RETRY_ATTEMPTS
    on_success: str | None = None
    """ARN of the destination; None: none."""
    on_failure: str | None = None
    is_written: bool = True
    """False: nobody wrote a config for this qualifier, so that Lambda's defaults apply."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What of a function's configuration decides on its asynchronous events."""

    function_name: str
    function: FunctionSettings | None = None
    reservation: Reservation | None = None
    written: tuple[AsyncSettings, ...] | None = None
    """The event-invoke configs, by qualifier."""
    aliases: Mapping[str, str] | None = field(default=None, hash=False)
    """The version that each alias points to."""
    routed: Mapping[str, Mapping[str, float]] = field(default_factory=dict, hash=False)
    """Of aliases that have some, the versions that get a share of their invocations (0 to 1), and that share."""
    account: AccountConcurrency | None = None

    def settings_of(self, qualifier: str) -> AsyncSettings | None:
        """Return what is in effect for a qualifier; None where configs could not be seen.

        Each qualifier has its own, and none takes another's: an alias doesn't have that of its version (doc).
        """
        if self.written is None:
            return None
        found = (settings for settings in self.written if settings.qualifier == qualifier)
        return next(found, AsyncSettings(qualifier, is_written=False))

    def versions_of(self, qualifier: str) -> frozenset[str]:
        """Return the versions that run what is sent to a qualifier; of an alias that could not be seen, itself."""
        return frozenset({(self.aliases or {}).get(qualifier, qualifier), *self.routed.get(qualifier, ())})


def read_configuration(
    client: LambdaClient, function_name: str, looks: Looks, qualifier: str | None = None
) -> Configuration:
    """Read all parts; one that AWS refuses is None, and a gap in ``looks``.

    ``qualifier`` takes timeout, memory and more from that alias or version, which has its own; None from ``$LATEST``.
    Raises UsageError when there is no such function, alias or version.
    """
    calls = _Calls(client, function_name, qualifier)
    function = looks.at("the function's own settings", PERMISSIONS["settings"], calls.function)
    aliases = looks.at("the function's aliases", PERMISSIONS["aliases"], calls.aliases)
    return Configuration(
        function_name=function_name,
        function=function,
        reservation=looks.at("reserved concurrency", PERMISSIONS["reserved concurrency"], calls.reservation),
        written=looks.at("event-invoke configs", PERMISSIONS["event-invoke configs"], calls.written),
        aliases=None if aliases is None else {alias["Name"]: alias["FunctionVersion"] for alias in aliases},
        routed={alias["Name"]: shares for alias in aliases or () if (shares := _shares(alias))},
        account=looks.at(
            "the account's concurrency", PERMISSIONS["the account's concurrency"], lambda: account_concurrency(client)
        ),
    )


def account_concurrency(client: LambdaClient) -> AccountConcurrency:
    """Return the limits of the account in the client's region."""
    limits = client.get_account_settings()["AccountLimit"]
    return AccountConcurrency(limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"])


@dataclass(frozen=True, slots=True)
class _Calls:
    client: LambdaClient
    name: str
    qualifier: str | None

    def function(self) -> FunctionSettings:
        of_qualifier: dict[str, Any] = {} if self.qualifier is None else {"Qualifier": self.qualifier}
        try:
            answer: Mapping[str, Any] = self.client.get_function_configuration(FunctionName=self.name, **of_qualifier)
        except self.client.exceptions.ResourceNotFoundException as error:
            what, name = "function", self.name
            if self.qualifier is not None:
                what, name = "alias or version", f"{self.qualifier} of a function {self.name}"
            raise UsageError(
                f"There is no {what} {name} in {self.client.meta.region_name} of this account: check its name, "
                "--region and --profile."
            ) from error
        return FunctionSettings(
            arn=answer["FunctionArn"],
            timeout_seconds=answer["Timeout"],
            memory_mb=answer["MemorySize"],
            runtime=answer.get("Runtime"),
            role_arn=answer["Role"],
            last_modified=answer["LastModified"],
            dead_letter_arn=answer.get("DeadLetterConfig", {}).get("TargetArn") or None,
            kind=_kind(answer),
            log_group=answer.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{self.name}",
        )

    def reservation(self) -> Reservation:
        answer = self.client.get_function_concurrency(FunctionName=self.name)
        return Reservation(answer.get("ReservedConcurrentExecutions"))

    def written(self) -> tuple[AsyncSettings, ...]:
        pages = self.client.get_paginator("list_function_event_invoke_configs").paginate(FunctionName=self.name)
        return tuple(_async_settings(config) for page in pages for config in page["FunctionEventInvokeConfigs"])

    def aliases(self) -> list[Mapping[str, Any]]:
        pages = self.client.get_paginator("list_aliases").paginate(FunctionName=self.name)
        return [alias for page in pages for alias in page["Aliases"]]


def _shares(alias: Mapping[str, Any]) -> dict[str, float]:
    return dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})


def _kind(answer: Mapping[str, Any]) -> Kind:
    if answer.get("DurableConfig"):
        return Kind.DURABLE
    return Kind.MANAGED_INSTANCES if answer.get("CapacityProviderConfig") else Kind.STANDARD


def _async_settings(config: Mapping[str, Any]) -> AsyncSettings:
    destinations = config.get("DestinationConfig", {})
    return AsyncSettings(
        qualifier=config["FunctionArn"].rpartition(":")[2],  # it carries the qualifier, $LATEST included (snapshot)
        maximum_event_age_seconds=config.get("MaximumEventAgeInSeconds", MAXIMUM_EVENT_AGE_SECONDS),
        maximum_retry_attempts=config.get("MaximumRetryAttempts", MAXIMUM_RETRY_ATTEMPTS),
        on_success=destinations.get("OnSuccess", {}).get("Destination") or None,
        on_failure=destinations.get("OnFailure", {}).get("Destination") or None,
    )
