"""What the diagnosis finds in a function of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from async_lab.diagnosis.diagnose import Finding, diagnose
from async_lab.diagnosis.situation import Configuration

if TYPE_CHECKING:
    from async_lab.testing.lab import Lab

_DEFAULTS = {"MaximumEventAgeInSeconds": 21_600, "MaximumRetryAttempts": 2}  # doc


def findings(lab: Lab, function: str) -> tuple[Finding, ...]:
    """Return what a function's metrics say, since the test began."""
    return diagnose(lab.metrics(function), _configuration(lab, function))


def words(finding: Finding) -> str:
    """Return a finding as people read it."""
    advice = "".join(f"\n- {text}" for text in finding.advice)
    return f"{finding.title}\n{finding.explanation}{advice}"


def _configuration(lab: Lab, function: str) -> Configuration:
    client = lab.client("lambda")
    deployed = client.get_function_configuration(FunctionName=function)
    reserved = client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
    configs = client.list_function_event_invoke_configs(FunctionName=function)["FunctionEventInvokeConfigs"]
    own: dict[str, Any] = next((config for config in configs if config["FunctionArn"].endswith(":$LATEST")), {})
    limits = {name: own.get(name, default) for name, default in _DEFAULTS.items()}
    destination = own.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return Configuration(
        timeout_seconds=deployed["Timeout"],
        reserved_concurrent_executions=reserved,
        maximum_event_age_seconds=limits["MaximumEventAgeInSeconds"],
        maximum_retry_attempts=limits["MaximumRetryAttempts"],
        keeps_failed_events=bool(destination or deployed.get("DeadLetterConfig", {}).get("TargetArn")),
    )
