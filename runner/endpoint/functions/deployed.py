"""What an attempt needs to know of a function at its moment."""

from __future__ import annotations

from dataclasses import dataclass

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from runner.endpoint.functions import event_invoke_config
from runner.endpoint.functions.model import Function
from runner.endpoint.sandbox import Deployment
from runner.twin.rules import ACCOUNT_CONCURRENCY

LATEST = "$LATEST"


class FunctionNotFound(Exception):
    """There is no such function, version or alias."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """One function through one qualifier, as it is configured now."""

    account_id: str
    region: str
    name: str
    arn: str
    """With the qualifier: ``$LATEST`` when the caller named none."""
    version: str
    """The version that runs: ``$LATEST`` or a number."""
    state: str
    reserved_concurrency: int | None
    """None when it shares the account's pool; 0 stops it."""
    maximum_event_age_seconds: int
    maximum_retry_attempts: int
    on_success: str | None
    on_failure: str | None
    dead_letter_target: str | None
    role_arn: str
    memory_size_mb: int
    deployment: Deployment
    revision: str
    """Changes whenever code or configuration does: warm environments are then given up."""


def find(account_id: str, region: str, name: str, qualifier: str | None) -> Deployed:
    """Return the function as it is now. Raises FunctionNotFound."""
    backend = lambda_backends[account_id][region]
    try:
        function: Function = backend.get_function(name, qualifier)
    except UnknownFunctionException as error:
        raise FunctionNotFound(error.message) from error
    latest: Function = backend.get_function(name)
    arn = f"{latest.function_arn}:{qualifier or LATEST}"
    async_config = latest.event_invoke_configs.get(qualifier or LATEST) or event_invoke_config.create(arn, {}, 0.0)
    layers = tuple(backend.layers_versions_by_arn(layer["Arn"]).code_bytes for layer in function.layers)
    deployment = _deployment(function, arn, layers)
    return Deployed(
        account_id=account_id,
        region=region,
        name=function.function_name,
        arn=arn,
        version=deployment.function_version,
        state=function.state,
        reserved_concurrency=latest.reserved_concurrency,
        maximum_event_age_seconds=async_config.maximum_event_age_seconds,
        maximum_retry_attempts=async_config.maximum_retry_attempts,
        on_success=async_config.destination("OnSuccess"),
        on_failure=async_config.destination("OnFailure"),
        dead_letter_target=function.dead_letter_config.get("TargetArn") or None,
        role_arn=function.role,
        memory_size_mb=int(function.memory_size),
        deployment=deployment,
        revision=str(hash(deployment)),
    )


def unreserved_limit(account_id: str, region: str) -> int:
    """Return the concurrency that all functions without a reservation share."""
    return ACCOUNT_CONCURRENCY - reserved_in_all(account_id, region)


def reserved_in_all(account_id: str, region: str) -> int:
    """Return the sum of all reservations."""
    functions = lambda_backends[account_id][region].list_functions()
    return sum(function.reserved_concurrency or 0 for function in functions)


def _deployment(function: Function, arn: str, layers: tuple[bytes, ...]) -> Deployment:
    return Deployment(
        function_name=function.function_name,
        function_version=str(function.version),
        function_arn=arn,
        handler=function.handler or "",
        runtime=function.run_time or "",
        timeout_seconds=float(function.timeout),
        memory_size_mb=int(function.memory_size),
        environment=tuple(sorted(function.environment_vars.items())),
        package=function.code_bytes,
        package_sha256=function.code_sha_256,
        region=function.region,
        log_group=function.get_configuration()["LoggingConfig"]["LogGroup"],
        layers=layers,
    )
