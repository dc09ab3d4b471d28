"""What services refuse of a request by its values alone, which neither botocore's model says nor moto looks at.

Codes and words are those of API references and public issues, where not said otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from async_lab.endpoint import json_text
from async_lab.endpoint.http import topic_checks
from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem

_Parameters = Mapping[str, Any]
_Check = Callable[[_Parameters], Problem | None]
_RETENTIONS = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
_PLACEHOLDER = re.compile(r"<([\w.-]+)>")
_PLACEHOLDERS = {
    *("aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event"),
    "aws.events.event.json",
}
"""What EventBridge fills in by itself (user guide, "Predefined variables")."""
_DAY_MS = 86_400_000
_MOST_LOG_BYTES, _LOG_EVENT_BYTES = 1_048_576, 26
"""Of a PutLogEvents request, and what each of its log events counts beside its message (doc)."""
_SECRET_NAME = re.compile(r"[\w/+=.@!-]+", re.ASCII)
_PARAMETER_NAME = re.compile(r"/?[\w.-]+(/[\w.-]+)*/?", re.ASCII)
_LONGEST_STANDARD_VALUE = 4_096
_MOST_LEVELS = 15
_SID = re.compile(r"[0-9A-Za-z]*")
_NESTED = re.compile(r"\{\{.*\}\}", re.DOTALL)
_MOST_RECEIVED_TIMEOUT = 43_200
_GROUP = re.compile(r"[!-~]{1,128}")
_RESULTS = range(1, 1_001)
_SQS = "AWS.SimpleQueueService."


def problem(call: ApiCall) -> Problem | None:
    """Return why a call is refused by its values; None when it isn't."""
    if call.service == "sns":
        return topic_checks.problem(call)
    check = _CHECKS.get((call.service, call.operation.name))
    return check(call.parameters) if check else None


def _received(asked: _Parameters) -> Problem | None:
    value = asked.get("VisibilityTimeout")
    if value is None or 0 <= int(value) <= _MOST_RECEIVED_TIMEOUT:
        return None
    reason = f"Must be >= 0 and <= {_MOST_RECEIVED_TIMEOUT}, if provided."
    return Problem(
        "InvalidParameterValue", f"Value {value} for parameter VisibilityTimeout is invalid. Reason: {reason}"
    )


def _sent(asked: _Parameters) -> Problem | None:
    group = asked.get("MessageGroupId")
    if group is not None and not _GROUP.fullmatch(str(group)):
        reason = "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        return Problem("InvalidParameterValue", reason)
    value = asked.get("MessageDeduplicationId")
    if value is None or str(asked.get("QueueUrl")).endswith(".fifo"):
        return None
    reason = "The request includes a parameter that is not valid for this queue type."
    sentence = f"Value {value} for parameter MessageDeduplicationId is invalid. Reason: {reason}"
    return Problem("InvalidParameterValue", sentence)


def _entries(asked: _Parameters) -> Problem | None:
    """Refuse a batch that names one entry twice; of messages that are sent moto sees it."""
    ids = [entry.get("Id") for entry in asked.get("Entries") or () if isinstance(entry, Mapping)]
    twice = next((each for each in ids if ids.count(each) > 1), None)
    return None if twice is None else Problem(f"{_SQS}BatchEntryIdsNotDistinct", f"Id {twice} repeated.")


def _listed_queues(asked: _Parameters) -> Problem | None:
    most = asked.get("MaxResults")
    if most is None or int(most) in _RESULTS:
        return None
    reason = "Value for parameter MaxResults is invalid. Reason: Must be an integer from 1 to 1000."  # assumed
    return Problem("InvalidParameterValue", reason)


def _bus(asked: _Parameters) -> Problem | None:
    """Refuse the name of a partner's bus; one with its event source is refused before, by name."""
    if not str(asked.get("Name")).startswith("aws."):
        return None
    return Problem("ValidationException", "EventBus name starting with 'aws.' is not valid.")


def _targets(asked: _Parameters) -> Problem | None:
    for target in asked.get("Targets") or ():
        if name := _unknown_placeholder(target.get("InputTransformer") or {}):
            sentence = f"InputTemplate for target {target['Id']} contains invalid placeholder {name}."
            return Problem("ValidationException", sentence)
        inputs = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) is not None]
        if len(inputs) > 1:
            sentence = "Only one of Input, InputPath, or InputTransformer must be provided for target"
            return Problem("ValidationException", f"{sentence} {target['Id']}.")
        if "Input" in inputs and not json_text.is_json(target["Input"]):
            return Problem("ValidationException", f"JSON syntax error in input for target {target['Id']}.")
    return None


def _unknown_placeholder(transformer: _Parameters) -> str | None:
    """Return the first name in an input template that neither its paths nor EventBridge define."""
    known = _PLACEHOLDERS | (transformer.get("InputPathsMap") or {}).keys()
    named = _PLACEHOLDER.findall(str(transformer.get("InputTemplate") or ""))
    return next((name for name in named if name not in known), None)


def _rule(asked: _Parameters) -> Problem | None:
    pattern = asked.get("EventPattern")
    if pattern is None or not json_text.is_json(pattern) or json.loads(pattern) != {}:
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


def _group(asked: _Parameters) -> Problem | None:
    if not str(asked.get("logGroupName")).lower().startswith("aws/"):
        return None
    return Problem("InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.")


def _log_events(asked: _Parameters) -> Problem | None:
    events = [each for each in asked.get("logEvents") or () if isinstance(each, Mapping)]
    size = sum(len(str(event["message"]).encode()) + _LOG_EVENT_BYTES for event in events)
    if size > _MOST_LOG_BYTES:
        sentence = f"Upload too large: {size} bytes exceeds limit of {_MOST_LOG_BYTES}"
        return Problem("InvalidParameterException", sentence)
    times = [event["timestamp"] for event in events]
    if times and max(times) - min(times) > _DAY_MS:
        sentence = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        return Problem("InvalidParameterException", sentence)
    return None


def _identity_policy(asked: _Parameters) -> Problem | None:
    document = asked.get("PolicyDocument")
    policy = json.loads(str(document)) if json_text.is_json(document) else None
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict):
            continue
        if {"Principal", "NotPrincipal"} & statement.keys():
            return Problem("MalformedPolicyDocument", "Policy document should not specify a principal.")
        if not _SID.fullmatch(str(statement.get("Sid", ""))):
            sentence = (
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
            )
            return Problem("MalformedPolicyDocument", f"{sentence} [0-9A-Za-z]*")
    return None


def _secret(asked: _Parameters) -> Problem | None:
    if not _SECRET_NAME.fullmatch(str(asked.get("Name"))):
        sentence = "Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        return Problem("ValidationException", f"Invalid name. {sentence}")
    return _secret_value(asked)


def _secret_value(asked: _Parameters) -> Problem | None:
    if asked.get("SecretString") is not None and asked.get("SecretBinary") is not None:
        return Problem(
            "InvalidParameterException",
            "You can't specify both a binary secret value and a string secret value in the same secret.",
        )
    return None


def _parameter(asked: _Parameters) -> Problem | None:
    name, value = str(asked.get("Name")), str(asked.get("Value"))
    if why := _name_problem(name):
        return Problem("ValidationException", why)
    if name.count("/") > _MOST_LEVELS:
        sentence = f"A parameter name can have at most {_MOST_LEVELS} levels."  # assumed
        return Problem("HierarchyLevelLimitExceededException", sentence)
    if _NESTED.search(value):
        sentence = 'Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.'
        return Problem("ValidationException", sentence)
    if asked.get("Tier", "Standard") == "Standard" and len(value) > _LONGEST_STANDARD_VALUE:
        return Problem(
            "ValidationException",
            f"Standard tier parameters support a maximum parameter value of {_LONGEST_STANDARD_VALUE} characters. "
            "To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
        )
    return _pattern_of_parameter(asked.get("AllowedPattern"), name, value)


def _name_problem(name: str) -> str | None:
    """Return why a parameter can't be called so."""
    if not _PARAMETER_NAME.fullmatch(name):
        return "Only a mix of letters, numbers and the following 4 symbols .-_/ is allowed"
    if "/" in name and not name.startswith("/"):
        return "Parameter name must be a fully qualified name."
    return "Parameter name must not end with slash." if name.endswith("/") else None


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
    machine = json.loads(definition) if json_text.is_json(definition) else None
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
    ("events", "CreateEventBus"): _bus,
    ("events", "PutRule"): _rule,
    ("events", "PutTargets"): _targets,
    ("iam", "CreatePolicy"): _identity_policy,
    ("iam", "CreatePolicyVersion"): _identity_policy,
    ("iam", "PutRolePolicy"): _identity_policy,
    ("logs", "CreateLogGroup"): _group,
    ("logs", "PutLogEvents"): _log_events,
    ("logs", "PutRetentionPolicy"): _retention,
    ("secretsmanager", "CreateSecret"): _secret,
    ("secretsmanager", "PutSecretValue"): _secret_value,
    ("secretsmanager", "UpdateSecret"): _secret_value,
    ("sqs", "ChangeMessageVisibilityBatch"): _entries,
    ("sqs", "DeleteMessageBatch"): _entries,
    ("sqs", "ListDeadLetterSourceQueues"): _listed_queues,
    ("sqs", "ListQueues"): _listed_queues,
    ("sqs", "ReceiveMessage"): _received,
    ("sqs", "SendMessage"): _sent,
    ("ssm", "GetParametersByPath"): _parameters_path,
    ("ssm", "PutParameter"): _parameter,
    ("stepfunctions", "CreateStateMachine"): _state_machine,
    ("stepfunctions", "UpdateStateMachine"): _state_machine,
}
