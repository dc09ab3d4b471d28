"""What an attempt needs to know of a function at its moment."""

from __future__ import annotations

from dataclasses import dataclass

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaBackend, lambda_backends

from async_lab.endpoint.functions import event_invoke_config
from async_lab.endpoint.functions.model import Function
from async_lab.endpoint.functions.requests import LATEST
from async_lab.endpoint.sandbox import Deployment

_CONTAINER_IMAGE = "container image"
"""Stands where a runtime's name would; the sandbox refuses it like any that isn't Python."""


class FunctionNotFound(Exception):
    """There is no such function, version or alias."""


@dataclass(frozen=True, slots=True)
class ResolvedFunction:
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
    system_log_level: str | None
    """DEBUG, INFO or WARN; None where Lambda's own log lines are text."""
    deployment: Deployment
    revision: str
    """Changes whenever code or configuration does: warm environments are then given up."""


def find(account_id: str, region: str, name: str, qualifier: str | None, draw: float = 0.0) -> ResolvedFunction:
    """Return the function as it is now. Raises FunctionNotFound.

    ``draw`` in [0, 1) says which version an alias with routing gives; 0 is always the alias's own.
    """
    backend = lambda_backends[account_id][region]
    try:
        function: Function = backend.get_function(name, qualifier)
        latest: Function = backend.get_function(name)
        version = _routed_version(backend, name, qualifier, draw)
        if version is not None:
            function = backend.get_function(name, version)
    except UnknownFunctionException as error:
        raise FunctionNotFound(error.message) from error
    arn = f"{latest.function_arn}:{qualifier or LATEST}"
    async_config = latest.event_invoke_configs.get(qualifier or LATEST) or event_invoke_config.create(arn, {}, 0.0)
    deployment = _deployment(function, arn if qualifier else latest.function_arn)
    return ResolvedFunction(
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
        system_log_level=function.system_log_level,
        deployment=deployment,
        revision=str(hash(deployment)),
    )


def _routed_version(backend: LambdaBackend, name: str, qualifier: str | None, draw: float) -> str | None:
    """Return the additional version that an alias sends this invocation to; None for its own version."""
    aliases = {alias.name: alias for alias in backend.list_aliases(name)} if qualifier else {}
    routing = aliases[qualifier].routing_config if qualifier in aliases else None
    above = 1.0
    for version, weight in sorted(((routing or {}).get("AdditionalVersionWeights") or {}).items()):
        above -= weight
        if draw >= above:
            return str(version)
    return None


def _deployment(function: Function, arn: str) -> Deployment:
    return Deployment(
        function_name=function.function_name,
        function_version=str(function.version),
        function_arn=arn,
        handler=function.handler or "",
        runtime=function.run_time or _CONTAINER_IMAGE,
        timeout_seconds=float(function.timeout),
        memory_size_mb=int(function.memory_size),
        environment=tuple(sorted((function.environment_vars | function.logging_variables).items())),
        package=function.code_bytes,
        package_sha256=function.code_sha_256,
        region=function.region,
        log_group=function.log_group,
        layers=function.layer_packages,
        ephemeral_storage_mb=int(function.ephemeral_storage),
    )
