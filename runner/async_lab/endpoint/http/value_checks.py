"""What services refuse of a request by its values alone, which neither botocore's model says nor moto looks at.

Codes and words are those of API references and public issues, where not said otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from async_lab import arns
from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem

_Parameters = Mapping[str, Any]
_Check = Callable[[_Parameters], Problem | None]
_RETENTIONS = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
_TOPIC_ATTRIBUTES = {
    *("ApplicationSuccessFeedbackRoleArn", "ApplicationSuccessFeedbackSampleRate", "ApplicationFailureFeedbackRoleArn"),
    *("ArchivePolicy", "ContentBasedDeduplication", "DataProtectionPolicy", "DeliveryPolicy", "DisplayName"),
    *("FifoThroughputScope", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig"),
    *(
        f"{protocol}{outcome}"
        for protocol in ("Firehose", "HTTP", "Lambda", "SQS")
        for outcome in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
    ),
}
_ENDPOINTS = {"lambda": ("lambda", "Lambda"), "sqs": ("sqs", "SQS"), "firehose": ("firehose", "Firehose")}
_SECRET_NAME = re.compile(r"[\w/+=.@!-]+", re.ASCII)
_PARAMETER_NAME = re.compile(r"/?[\w.-]+(/[\w.-]+)*/?", re.ASCII)
_LONGEST_STANDARD_VALUE = 4_096
_MOST_RECEIVED_TIMEOUT = 43_200


def problem(call: ApiCall) -> Problem | None:
    """Return why a call is refused by its values; None when it isn't."""
    check = _CHECKS.get((call.service, call.operation.name))
    return check(call.parameters) if check else None


def is_json(text: Any) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _invalid(message: str) -> Problem:
    """Return SNS' refusal."""
    return Problem("InvalidParameter", f"Invalid parameter: {message}")


def _subscription(asked: _Parameters) -> Problem | None:
    protocol, endpoint = asked.get("Protocol"), str(asked.get("Endpoint", ""))
    service, called = _ENDPOINTS.get(str(protocol), ("", ""))
    if service and arns.service_of(endpoint) != service:
        return _invalid(f"{called} endpoint ARN")
    attributes = asked.get("Attributes") or {}
    if not isinstance(attributes, Mapping):
        return None
    return next((wrong for each in attributes.items() if (wrong := _of_subscription(*each))), None)


def _subscription_attribute(asked: _Parameters) -> Problem | None:
    return _of_subscription(str(asked.get("AttributeName")), asked.get("AttributeValue"))


def _of_subscription(name: str, value: Any) -> Problem | None:
    if name == "RawMessageDelivery" and str(value).lower() not in {"true", "false"}:
        return _invalid(f"Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if name in {"FilterPolicy", "RedrivePolicy"} and value and not is_json(value):
        return _invalid(f"{name}: failed to parse JSON.")
    return None


def _topic_attribute(asked: _Parameters) -> Problem | None:
    name, value = asked.get("AttributeName"), asked.get("AttributeValue")
    if name not in _TOPIC_ATTRIBUTES:
        return _invalid("AttributeName")
    return _invalid("Policy failed to parse JSON.") if name == "Policy" and not is_json(value) else None


def _published(asked: _Parameters) -> Problem | None:
    subject = str(asked.get("Subject") or "")
    return None if subject.isprintable() else _invalid("Subject")


def _batch(asked: _Parameters) -> Problem | None:
    if asked.get("PublishBatchRequestEntries"):
        return None
    return Problem("EmptyBatchRequest", "The batch request doesn't contain any entries.")


def _unsubscribed(asked: _Parameters) -> Problem | None:
    arn = str(asked.get("SubscriptionArn"))
    if arn.count(":") >= 5:  # noqa: PLR2004 - an ARN's parts
        return None
    parts = arn.count(":") + 1
    return _invalid(f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {parts}")


def _received(asked: _Parameters) -> Problem | None:
    value = asked.get("VisibilityTimeout")
    if value is None or 0 <= int(value) <= _MOST_RECEIVED_TIMEOUT:
        return None
    reason = f"Must be >= 0 and <= {_MOST_RECEIVED_TIMEOUT}, if provided."
    return Problem(
        "InvalidParameterValue", f"Value {value} for parameter VisibilityTimeout is invalid. Reason: {reason}"
    )


def _sent(asked: _Parameters) -> Problem | None:
    value = asked.get("MessageDeduplicationId")
    if value is None or str(asked.get("QueueUrl")).endswith(".fifo"):
        return None
    reason = "The request includes a parameter that is not valid for this queue type."
    sentence = f"Value {value} for parameter MessageDeduplicationId is invalid. Reason: {reason}"
    return Problem("InvalidParameterValue", sentence)


def _targets(asked: _Parameters) -> Problem | None:
    for target in asked.get("Targets") or ():
        inputs = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) is not None]
        if len(inputs) > 1:
            sentence = "Only one of Input, InputPath, or InputTransformer must be provided for target"
            return Problem("ValidationException", f"{sentence} {target['Id']}.")
        if "Input" in inputs and not is_json(target["Input"]):
            return Problem("ValidationException", f"JSON syntax error in input for target {target['Id']}.")
    return None


def _rule(asked: _Parameters) -> Problem | None:
    pattern = asked.get("EventPattern")
    if pattern is None or not is_json(pattern) or json.loads(pattern) != {}:
        return None
    reason = "Event pattern is not valid. Reason: Empty event pattern is not allowed"  # assumed
    return Problem("InvalidEventPatternException", reason)


def _retention(asked: _Parameters) -> Problem | None:
    days = asked.get("retentionInDays")
    if days in _RETENTIONS:
        return None
    allowed = ", ".join(map(str, sorted(_RETENTIONS)))
    return Problem(
        "InvalidParameterException",
        f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{allowed}]",
    )


def _identity_policy(asked: _Parameters) -> Problem | None:
    document = asked.get("PolicyDocument")
    policy = json.loads(str(document)) if is_json(document) else None
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict) and {"Principal", "NotPrincipal"} & statement.keys():
            return Problem("MalformedPolicyDocument", "Policy document should not specify a principal.")
    return None


def _secret(asked: _Parameters) -> Problem | None:
    if not _SECRET_NAME.fullmatch(str(asked.get("Name"))):
        sentence = "Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        return Problem("ValidationException", f"Invalid name. {sentence}")
    if asked.get("SecretString") is not None and asked.get("SecretBinary") is not None:
        return Problem(
            "InvalidParameterException",
            "You can't specify both a binary secret value and a string secret value in the same secret.",
        )
    return None


def _parameter(asked: _Parameters) -> Problem | None:
    name, value = str(asked.get("Name")), str(asked.get("Value"))
    if not _PARAMETER_NAME.fullmatch(name):
        return Problem(
            "ValidationException", "Only a mix of letters, numbers and the following 4 symbols .-_/ is allowed"
        )
    if "/" in name and not name.startswith("/"):
        return Problem("ValidationException", "Parameter name must be a fully qualified name.")
    if asked.get("Tier", "Standard") == "Standard" and len(value) > _LONGEST_STANDARD_VALUE:
        return Problem(
            "ValidationException",
            f"Standard tier parameters support a maximum parameter value of {_LONGEST_STANDARD_VALUE} characters. "
            "To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
        )
    return _pattern_of_parameter(asked.get("AllowedPattern"), name, value)


def _pattern_of_parameter(pattern: Any, name: str, value: str) -> Problem | None:
    try:
        matches = not pattern or re.fullmatch(pattern, value) is not None
    except re.error:
        return Problem("InvalidAllowedPatternException", f"The pattern {pattern} is no regular expression.")
    sentence = f"Parameter value, cannot be validated against allowedPattern: {pattern}, parameter: {name}"
    return None if matches else Problem("ParameterPatternMismatchException", sentence)


def _parameters_path(asked: _Parameters) -> Problem | None:
    if str(asked.get("Path")).startswith("/"):
        return None
    sentence = "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a "
    return Problem("ValidationException", f'{sentence}forward slash "/".')


def _state_machine(asked: _Parameters) -> Problem | None:
    definition = asked.get("definition")
    if definition is None:
        return None
    machine = json.loads(definition) if is_json(definition) else None
    if not isinstance(machine, dict):
        why = "INVALID_JSON_DESCRIPTION: The definition is no JSON object"
    elif not isinstance(machine.get("States"), dict) or "StartAt" not in machine:
        why = "SCHEMA_VALIDATION_FAILED: StartAt and States are required"
    elif machine["StartAt"] not in machine["States"]:
        why = f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {machine['StartAt']} at /StartAt"
    else:
        return None
    return Problem("InvalidDefinition", f"Invalid State Machine Definition: '{why}'")


_CHECKS: Mapping[tuple[str, str], _Check] = {
    ("events", "PutRule"): _rule,
    ("events", "PutTargets"): _targets,
    ("iam", "CreatePolicy"): _identity_policy,
    ("iam", "CreatePolicyVersion"): _identity_policy,
    ("iam", "PutRolePolicy"): _identity_policy,
    ("logs", "PutRetentionPolicy"): _retention,
    ("secretsmanager", "CreateSecret"): _secret,
    ("sns", "Publish"): _published,
    ("sns", "PublishBatch"): _batch,
    ("sns", "SetSubscriptionAttributes"): _subscription_attribute,
    ("sns", "SetTopicAttributes"): _topic_attribute,
    ("sns", "Subscribe"): _subscription,
    ("sns", "Unsubscribe"): _unsubscribed,
    ("sqs", "ReceiveMessage"): _received,
    ("sqs", "SendMessage"): _sent,
    ("ssm", "GetParametersByPath"): _parameters_path,
    ("ssm", "PutParameter"): _parameter,
    ("stepfunctions", "CreateStateMachine"): _state_machine,
    ("stepfunctions", "UpdateStateMachine"): _state_machine,
}
