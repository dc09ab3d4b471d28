"""moto's function with the settings that it forgets."""

from __future__ import annotations

from typing import Any

from moto.awslambda import models

from runner.endpoint.functions.event_invoke_config import EventInvokeConfig


class Function(models.LambdaFunction):
    """A function version that reads back as it was written."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        super().__init__(account_id, spec, region, version)
        self.dead_letter_config: dict[str, Any] = spec.get("DeadLetterConfig") or {}
        self.logging_config: dict[str, Any] = spec.get("LoggingConfig") or {}
        self.tracing_config: dict[str, Any] = self.tracing_config
        self.kms_key_arn: str | None = self.kms_key_arn
        self.event_invoke_configs: dict[str, EventInvokeConfig] = {}

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """Return the configuration as GetFunctionConfiguration answers it."""
        configuration: dict[str, Any] = super().get_configuration(on_create)
        defaults = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
        configuration["LoggingConfig"] = defaults | self.logging_config
        if self.dead_letter_config.get("TargetArn"):
            configuration["DeadLetterConfig"] = self.dead_letter_config
        return configuration

    def get_code(self) -> dict[str, Any]:
        """Return what GetFunction answers; moto leaves a reservation of 0 out."""
        answer: dict[str, Any] = super().get_code()
        if self.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return answer

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """Change what the request names."""
        self.dead_letter_config = config_updates.get("DeadLetterConfig") or self.dead_letter_config  # {} keeps it (doc)
        self.logging_config = config_updates.get("LoggingConfig") or self.logging_config
        self.tracing_config = config_updates.get("TracingConfig") or self.tracing_config
        self.kms_key_arn = config_updates.get("KMSKeyArn", self.kms_key_arn)
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        answer: dict[str, Any] = super().update_configuration(config_updates)
        return answer
