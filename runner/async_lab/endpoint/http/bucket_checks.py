"""What S3 refuses of a bucket's configurations, which moto keeps as they are.

Every document is held against botocore's model. Sources of the rest: API reference of each configuration; S3 user
guide, "Lifecycle configuration elements" and "Transitioning objects"; words from public issues and recorded answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.utils import parse_timestamp

from async_lab.endpoint.http import constraints
from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem

_SCHEMA = "The XML you provided was not well-formed or did not validate against our published schema"
_MALFORMED = Problem("MalformedXML", _SCHEMA)
_CODES = {"PutBucketAcl": "MalformedACLError", "PutObjectAcl": "MalformedACLError"}
"""Of documents of access that aren't any; elsewhere it is ``MalformedXML``."""
_MOST_OBJECTS = 1_000
_LONGEST_ID = 255
_SOONEST_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
"""When an object may go to a storage class at the earliest."""

_Document = Mapping[str, Any]


def problem(call: ApiCall) -> Problem | None:
    """Return why S3 refuses the document that a call brings; None when it doesn't, and where there is none."""
    named = call.shape.serialization.get("payload") if call.shape else None
    document = call.parameters.get(named) if named else None
    if call.shape is None or not isinstance(document, Mapping):
        return None
    if call.operation.name in _CODES and any(name == "ACL" or name.startswith("Grant") for name in call.parameters):
        return Problem("UnexpectedContent", "This request does not support content")
    if not constraints.is_as_modeled("s3", call.shape.members[named], document):
        return Problem(_CODES.get(call.operation.name, "MalformedXML"), _SCHEMA)
    check = _CHECKS.get(call.operation.name)
    return next(check(document), None) if check else None


def _argument(message: str) -> Problem:
    return Problem("InvalidArgument", message)


# Lifecycle


def _lifecycle(document: _Document) -> Iterator[Problem]:
    rules = document.get("Rules") or []
    if not rules:
        yield _MALFORMED
    names = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(names)) < len(names):
        yield _argument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        if len(rule.get("ID") or "") > _LONGEST_ID:
            yield _argument(f"ID length should not exceed allowed limit of {_LONGEST_ID}")
        yield from _of_rule(rule)


def _of_rule(rule: _Document) -> Iterator[Problem]:
    if not any(rule.get(action) for action in _ACTIONS):
        yield Problem("InvalidRequest", "At least one action needs to be specified in a rule")
    for action, member in _ACTIONS.items():
        given = rule.get(action) or []
        for each in given if isinstance(given, list) else [given]:
            yield from _of_action(action.removesuffix("s"), member, each)
    yield from _of_order(rule)


_ACTIONS = {
    "Expiration": "Days",
    "Transitions": "Days",
    "NoncurrentVersionExpiration": "NoncurrentDays",
    "NoncurrentVersionTransitions": "NoncurrentDays",
    "AbortIncompleteMultipartUpload": "DaysAfterInitiation",
}
"""What a rule can do, and the member that says after how many days."""


def _of_action(action: str, member: str, given: _Document) -> Iterator[Problem]:
    days, date, storage_class = given.get(member), given.get("Date"), given.get("StorageClass")
    if days is not None and date is not None:
        yield _MALFORMED
    if date is not None and parse_timestamp(date).timestamp() % 86_400:
        yield _argument("'Date' must be at midnight GMT")
    if days is None:
        return
    soonest = _SOONEST_DAYS.get(str(storage_class), 0)
    if storage_class is None and int(days) <= 0:
        yield _argument(f"'{member}' for {action} action must be a positive integer")
    elif int(days) < 0:
        yield _argument(f"'{member}' in {action} action must be nonnegative")
    elif int(days) < soonest:
        yield _argument(
            f"'{member}' in {action} action must be greater than or equal to {soonest} for storageClass "
            f"'{storage_class}'"
        )


def _of_order(rule: _Document) -> Iterator[Problem]:
    """Yield why objects can't expire when a rule says: before they are where it has moved them."""
    ends = (rule.get("Expiration") or {}).get("Days")
    moved = [int(each["Days"]) for each in rule.get("Transitions") or () if each.get("Days") is not None]
    if ends is not None and moved and int(ends) <= max(moved):
        where = f"(prefix={(rule.get('Filter') or {}).get('Prefix', rule.get('Prefix', ''))})"
        yield _argument(
            f"'Days' in the Expiration action for filter '{where}' must be greater than 'Days' in the Transition action"
        )


# Others


def _encryption(document: _Document) -> Iterator[Problem]:
    for rule in document.get("Rules") or ():
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        if default.get("KMSMasterKeyID") and not str(default.get("SSEAlgorithm")).startswith("aws:kms"):
            yield _argument(
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
            )


def _versioning(document: _Document) -> Iterator[Problem]:
    if "Status" not in document:
        yield _MALFORMED


def _deleted(document: _Document) -> Iterator[Problem]:
    if len(document.get("Objects") or ()) > _MOST_OBJECTS:
        yield _MALFORMED


def _completed(document: _Document) -> Iterator[Problem]:
    numbers = [int(part["PartNumber"]) for part in document.get("Parts") or () if part.get("PartNumber")]
    if sorted(set(numbers)) != numbers:
        yield Problem(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
        )


_CHECKS: Mapping[str, Callable[[_Document], Iterator[Problem]]] = {
    "CompleteMultipartUpload": _completed,
    "DeleteObjects": _deleted,
    "PutBucketEncryption": _encryption,
    "PutBucketLifecycleConfiguration": _lifecycle,
    "PutBucketVersioning": _versioning,
}
