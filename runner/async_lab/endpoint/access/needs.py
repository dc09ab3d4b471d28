"""What a request needs: IAM's action, and the resources that it is about.

Source: the service authorization reference. For services and operations that are not here the resource isn't known:
then it is enough that the role may do the action on any resource.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from async_lab import arns
from async_lab.endpoint import json_text

ANY_RESOURCE = ""
"""Of an operation whose resource isn't known here."""

Asked = Mapping[str, Any]
"""A request's members."""
_Locate = Callable[[Asked, str], list[str]]
"""From members and ``REGION:ACCOUNT`` to ARNs."""


def members(body: Any, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's members, from its JSON or from its form."""
    if body:
        try:
            read = json_text.read(body)
        except ValueError:
            read = None
        if isinstance(read, dict):
            return read
    return {name: value[0] if isinstance(value, list) else value for name, value in query.items()}


def needs_of(service: str, operation: str, asked: Asked, region: str, account_id: str) -> list[tuple[str, str]]:
    """Return what is needed, as pairs of action and resource."""
    if (service, operation) in _FOR_EVERYBODY:
        return []
    if (service, operation) == ("dynamodb", "TransactWriteItems"):
        return _transaction(asked, f"{region}:{account_id}")
    if service == "sqs" and operation in _ON_DEAD_LETTERS:
        return _move(operation, asked)
    prefix = _PREFIXES.get(service, service)
    action = f"{prefix}:{ACTIONS.get((service, operation), operation)}"
    locate = _RESOURCES.get(service)
    located = locate(asked, f"{region}:{account_id}") if locate else []
    return [(action, resource) for resource in located or [ANY_RESOURCE]]


_FOR_EVERYBODY = {("sts", "AssumeRole"), ("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}
"""The first is asked for with the role's own trust, see ``assuming``."""
_PREFIXES = {"logs": "logs", "cloudwatch": "cloudwatch", "awslambda": "lambda", "ses": "ses"}
_ON_DEAD_LETTERS = {"CancelMessageMoveTask", "ListMessageMoveTasks", "StartMessageMoveTask"}
ACTIONS = {
    ("sqs", "SendMessageBatch"): "SendMessage",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sns", "PublishBatch"): "Publish",
}
"""What IAM calls an operation, by service and operation, where it has another name."""
S3_ACTIONS = {"HeadBucket": "ListBucket", "ListBuckets": "ListAllMyBuckets"}
"""What IAM calls an action of moto's table of S3's, where that has another name."""


def _named(name: str | None, arn: str) -> list[str]:
    """Return the ARN of a name; what is an ARN already stays."""
    if not name:
        return []
    return [name if name.startswith("arn:") else arn.format(name=name)]


def _queue(asked: Asked, place: str) -> list[str]:
    if source := asked.get("SourceArn"):
        return [str(source)]
    name = str(asked.get("QueueUrl") or asked.get("QueueName") or "").rstrip("/").rpartition("/")[2]
    return _named(name, f"arn:aws:sqs:{place}:{{name}}")


def _topic(asked: Asked, place: str) -> list[str]:
    return _named(asked.get("TopicArn") or asked.get("TargetArn") or asked.get("Name"), f"arn:aws:sns:{place}:{{name}}")


def _tables(asked: Asked, place: str) -> list[str]:
    arn = f"arn:aws:dynamodb:{place}:table/{{name}}"
    names = [asked["TableName"]] if asked.get("TableName") else list(asked.get("RequestItems") or ())
    if index := asked.get("IndexName"):
        return [f"{found}/index/{index}" for name in names for found in _named(name, arn)]
    items = [next(iter(item.values())) for item in asked.get("TransactItems") or ()]
    return [found for name in (*names, *(item["TableName"] for item in items)) for found in _named(name, arn)]


def _transaction(asked: Asked, place: str) -> list[tuple[str, str]]:
    verbs = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
    arn = f"arn:aws:dynamodb:{place}:table/{{name}}"
    return [
        (f"dynamodb:{verbs[kind]}", found)
        for item in asked.get("TransactItems") or ()
        for kind, what in item.items()
        for found in _named(what["TableName"], arn)
    ]


def _move(operation: str, asked: Asked) -> list[tuple[str, str]]:
    """Return what a move of messages needs (SQS developer guide, "Configuring queue permissions for redrive").

    Messages go to the destination, or to the queues that the dead-letter queue serves.
    """
    source = str(asked.get("SourceArn") or _source_of(str(asked.get("TaskHandle"))) or ANY_RESOURCE)
    own = (operation, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    destinations = [asked.get("DestinationArn")] if asked.get("DestinationArn") else _served_by(source)
    sends = destinations if operation == "StartMessageMoveTask" else []
    return [*((f"sqs:{action}", source) for action in own), *(("sqs:SendMessage", str(each)) for each in sends)]


def _source_of(handle: str) -> str | None:
    """Return the ARN of the queue whose messages a task moves, by its handle; None of what is no handle."""
    try:
        return str(json_text.read(base64.b64decode(handle))["sourceArn"])
    except (ValueError, KeyError, TypeError):
        return None


def _served_by(dead_letter_arn: str) -> list[str]:
    from moto.sqs.models import sqs_backends

    if not arns.service_of(dead_letter_arn):
        return []
    arn = arns.parse(dead_letter_arn)
    queues = sqs_backends[arn.account_id][arn.region].queues.values()
    return [
        queue.queue_arn
        for queue in queues
        if queue.dead_letter_queue is not None and queue.dead_letter_queue.queue_arn == dead_letter_arn
    ]


def _buses(asked: Asked, place: str) -> list[str]:
    arn = f"arn:aws:events:{place}:event-bus/{{name}}"
    entries = asked.get("Entries") or ()
    return [found for entry in entries for found in _named(entry.get("EventBusName") or "default", arn)]


def _parameters(asked: Asked, place: str) -> list[str]:
    names = asked.get("Names") or ([asked["Name"]] if asked.get("Name") else [])
    path = [asked["Path"]] if asked.get("Path") else []
    arn = f"arn:aws:ssm:{place}:parameter/{{name}}"
    return [found for name in (*names, *path) for found in _named(name.lstrip("/").rstrip("/") or None, arn)]


def _secret(asked: Asked, place: str) -> list[str]:
    from moto.secretsmanager.models import secretsmanager_backends

    called = asked.get("SecretId") or asked.get("Name")
    if not called or called.startswith("arn:"):
        return [called] if called else []
    region, account_id = place.split(":")
    secrets = secretsmanager_backends[account_id][region].secrets
    known = next((secret.arn for secret in secrets.values() if secret.name == called), None)
    return [known or f"arn:aws:secretsmanager:{place}:secret:{called}-AbCdEf"]


def _stream(asked: Asked, place: str) -> list[str]:
    return _named(asked.get("StreamARN") or asked.get("StreamName"), f"arn:aws:kinesis:{place}:stream/{{name}}")


def _machine(asked: Asked, place: str) -> list[str]:
    return _named(asked.get("stateMachineArn"), f"arn:aws:states:{place}:stateMachine:{{name}}")


_RESOURCES: Mapping[str, _Locate] = {
    "sqs": _queue,
    "sns": _topic,
    "dynamodb": _tables,
    "events": _buses,
    "ssm": _parameters,
    "secretsmanager": _secret,
    "kinesis": _stream,
    "stepfunctions": _machine,
}
