"""What AWS refuses of a request before it looks at what it asks for: by botocore's model, in the services' own words.

Types, required members, patterns, enumerations, lengths and ranges are the model's. Where AWS takes less than the model
says, ``_NARROWER`` has it.
"""

from __future__ import annotations

import math
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.utils import parse_timestamp
from moto.core.model import Shape

from async_lab.endpoint.http.api_call import ApiCall
from async_lab.twin.rules import LONGEST_TIMEOUT_SECONDS

_NARROWER: Mapping[tuple[str, str], Mapping[str, int]] = {
    # Lambda developer guide, "Lambda quotas"; the model's own are those of managed instances.
    ("lambda", "Timeout"): {"max": LONGEST_TIMEOUT_SECONDS},
    ("lambda", "MemorySize"): {"max": 10_240},
    ("lambda", "EphemeralStorageSize"): {"max": 10_240},
    # API reference, ScheduleKeyDeletion.
    ("kms", "PendingWindowInDaysType"): {"min": 7, "max": 30},
}
_REQUIRED: Mapping[tuple[str, str], tuple[str, ...]] = {
    # Where the model leaves open what the service does not, by their API references.
    ("dynamodb", "CreateTableInput"): ("AttributeDefinitions", "KeySchema"),
    ("kms", "GenerateRandomRequest"): ("NumberOfBytes",),
    ("secretsmanager", "ReplicaRegionType"): ("Region",),
    ("secretsmanager", "Tag"): ("Key",),
    ("stepfunctions", "Tag"): ("key",),
}
_TYPES_ALONE = {"sns", "sqs"}
"""Of these the model's other constraints are less, or others, than AWS's; ours stand with what they are about."""
_NOT_ENUMERATED = {
    ("lambda", "Runtime"),  # each of these has words of its own: see ``functions``,
    *(("s3", shape) for shape in ("BucketLocationConstraint", "Event", "FilterRuleName")),  # moto and ``buckets``
}
_CODES = {**dict.fromkeys(("cloudwatch", "iam", "sts"), "ValidationError"), "logs": "InvalidParameterException"}
"""Of values that fail the model; elsewhere it is ``ValidationException``."""
_NUMBERS = {"integer", "long", "float", "double"}
_JSON_KINDS = {bool: "BOOLEAN_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", str: "STRING_VALUE"}
_JAVA_TYPES = {"integer": "Integer", "long": "Long", "float": "Float", "double": "Double", "boolean": "Boolean"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why AWS refuses a request."""

    code: str
    message: str


class _WrongType(Exception):
    """A value of another type than the model's."""


class _Unclear(Exception):
    """A value of DynamoDB's that is of no kind, or of several."""


_NO_KIND = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
_MISSING = {
    "cloudwatch": ("MissingParameter", "The parameter {name} is required."),
    "sns": ("InvalidParameter", "Invalid parameter: {name} Reason: no value for required parameter"),
    "sqs": ("MissingParameter", "The request must contain the parameter {name}."),
}
"""What services say of a required member in words of their own."""
_TOO_MANY_KINDS = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)


def problem(call: ApiCall) -> Problem | None:
    """Return why AWS refuses a call by its model alone; None when it doesn't."""
    if call.shape is None:
        return None
    try:
        missing: list[_Violation] = []
        failed: list[_Violation] = []
        for found in _violations(call.service, call.shape, call.parameters, ""):
            (missing if found.constraint == _NOT_NULL else failed).append(found)
    except _WrongType as error:
        return Problem("SerializationException", str(error))
    except _Unclear as error:
        return Problem("ValidationException", str(error))
    if missing and call.service in _MISSING:
        code, sentence = _MISSING[call.service]
        return Problem(code, sentence.format(name=missing[0].parameter))
    every = [*missing, *failed]
    if not every or call.service in _TYPES_ALONE:
        return None
    errors = f"{len(every)} validation error{'s' if len(every) > 1 else ''} detected"
    return Problem(
        _CODES.get(call.service, "ValidationException"), f"{errors}: {'; '.join(each.sentence for each in every)}"
    )


def is_as_modeled(service: str, shape: Shape, document: Any) -> bool:
    """Whether a document is one by the model of its shape: types, required members, enumerations."""
    try:
        return not any(_violations(service, shape, document, ""))
    except _WrongType:
        return False


_NOT_NULL = "Member must not be null"


@dataclass(frozen=True, slots=True)
class _Violation:
    parameter: str
    value: str
    constraint: str

    @property
    def sentence(self) -> str:
        at = ".".join(part[:1].lower() + part[1:] for part in self.parameter.split("."))
        return f"Value {self.value} at '{at}' failed to satisfy constraint: {self.constraint}"


def _violations(service: str, shape: Shape, value: Any, path: str) -> Iterator[_Violation]:
    if value is None:
        return
    if shape.type_name == "structure":
        yield from _of_structure(service, shape, value, path)
    elif shape.type_name == "list":
        yield from _of_list(service, shape, value, path)
    elif shape.type_name == "map":
        yield from _of_map(service, shape, value, path)
    else:
        known = _converted(shape, value)
        shown = "***" if shape.metadata.get("sensitive") else _shown(known)
        for constraint in _failed(service, shape, known):
            yield _Violation(path, f"'{shown}'", constraint)


def _of_structure(service: str, shape: Shape, value: Any, path: str) -> Iterator[_Violation]:
    if shape.is_document_type or not shape.members:
        return
    if not isinstance(value, Mapping):
        raise _WrongType(f"Unexpected {_kind(value)}: a structure is expected for {path}")
    if (service, shape.name) == ("dynamodb", "AttributeValue") and len(value) != 1:
        raise _Unclear(_TOO_MANY_KINDS if value else _NO_KIND)
    for name in (*shape.required_members, *_REQUIRED.get((service, shape.name), ())):
        if value.get(name) is None and not shape.members[name].serialization.get("streaming"):
            yield _Violation(f"{path}.{name}" if path else name, "null", _NOT_NULL)
    for name, below in value.items():
        if name in shape.members and shape.serialization.get("payload") != name:
            yield from _violations(service, shape.members[name], below, f"{path}.{name}" if path else name)


def _of_list(service: str, shape: Shape, value: Any, path: str) -> Iterator[_Violation]:
    if not isinstance(value, list):
        raise _WrongType(f"Expected list or null, and {path} is a {_kind(value)}")
    for constraint in _failed(service, shape, value):
        yield _Violation(path, f"'[{', '.join(map(_shown, value))}]'", constraint)
    if shape.member.type_name in {"structure", "list", "map"}:
        for number, item in enumerate(value, start=1):
            yield from _violations(service, shape.member, item, f"{path}.{number}.member")
    elif any(item is None or any(_failed(service, shape.member, _converted(shape.member, item))) for item in value):
        every = [*_all(service, shape.member), _NOT_NULL]
        shown = ", ".join("null" if item is None else _shown(item) for item in value)
        yield _Violation(path, f"'[{shown}]'", f"Member must satisfy constraint: [{', '.join(every)}]")


def _of_map(service: str, shape: Shape, value: Any, path: str) -> Iterator[_Violation]:
    if not isinstance(value, Mapping):
        raise _WrongType(f"Expected map or null, and {path} is a {_kind(value)}")
    for constraint in _failed(service, shape, value):
        yield _Violation(path, f"'{_shown(value)}'", constraint)
    if any(any(_failed(service, shape.key, key)) for key in value):
        every = [*_all(service, shape.key), _NOT_NULL]
        yield _Violation(path, f"'{_shown(value)}'", f"Map keys must satisfy constraint: [{', '.join(every)}]")
    for key, below in value.items():
        yield from _violations(service, shape.value, below, f"{path}.{key}.member")


def _size(shape: Shape, value: Any) -> float | None:
    """Return what the bounds of a shape are about: a number itself, a length of all else that has one."""
    if shape.type_name in _NUMBERS:
        number: float = value
        return number
    return len(value) if isinstance(value, str | bytes | list | Mapping) else None


def _failed(service: str, shape: Shape, value: Any) -> Iterator[str]:
    """Yield the constraints of a shape that a value fails."""
    said = _metadata(service, shape)
    if said.get("enum") and value not in said["enum"]:
        yield _enumerated(said["enum"])
    size = _size(shape, value)
    if size is not None and not math.isnan(size):
        if "max" in said and size > said["max"]:
            yield _bounded(shape, "less", said["max"])
        if "min" in said and size < said["min"]:
            yield _bounded(shape, "greater", said["min"])
    if "pattern" in said and isinstance(value, str) and not _fits(said["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {said['pattern']}"


def _all(service: str, shape: Shape) -> Iterator[str]:
    """Yield every constraint of a shape: of a list's items AWS names all of them, whichever failed."""
    said = _metadata(service, shape)
    if said.get("enum"):
        yield _enumerated(said["enum"])
    if "max" in said:
        yield _bounded(shape, "less", said["max"])
    if "min" in said:
        yield _bounded(shape, "greater", said["min"])
    if "pattern" in said:
        yield f"Member must satisfy regular expression pattern: {said['pattern']}"


def _metadata(service: str, shape: Shape) -> dict[str, Any]:
    said = {**shape.metadata, **_NARROWER.get((service, shape.name), {})}
    if (service, shape.name) in _NOT_ENUMERATED:
        said.pop("enum", None)
    return said


def _enumerated(values: list[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _bounded(shape: Shape, which: str, limit: int) -> str:
    what = "value" if shape.type_name in _NUMBERS else "length"
    return f"Member must have {what} {which} than or equal to {limit}"


@cache
def _pattern(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:  # Java's classes, as \p{L}
        return None


def _fits(pattern: str, text: str) -> bool:
    compiled = _pattern(pattern)
    return compiled is None or compiled.fullmatch(text) is not None


def _converted(shape: Shape, value: Any) -> Any:
    """Return a scalar as the model's type: a query, a path and a header bring texts. Raises _WrongType."""
    match shape.type_name:
        case "integer" | "long" | "float" | "double":
            return _number(shape, value)
        case "boolean":
            if not (isinstance(value, bool) or str(value).lower() in {"true", "false"}):
                raise _mismatch(shape, value)
            return str(value).lower() == "true"
        case "timestamp":
            return _moment(value)
        case "string":
            if not isinstance(value, str):
                raise _WrongType(f"{_kind(value)} can not be converted to a String")
        case "blob":
            return _bytes(value)
    return value


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return b64decode(value)
    except (TypeError, ValueError):
        raise _WrongType(f"{_kind(value)} can not be converted to a Blob") from None


def _number(shape: Shape, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _mismatch(shape, value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _mismatch(shape, value) from None
    if shape.type_name in {"integer", "long"}:
        bits = 31 if shape.type_name == "integer" else 63
        if not math.isfinite(number) or not number.is_integer() or abs(number) >= 2**bits:
            raise _mismatch(shape, value)
        return int(number)
    return number


def _moment(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value if hasattr(value, "timestamp") else _no_moment(value)
    try:
        return parse_timestamp(str(value))
    except (ValueError, OverflowError, TypeError, RuntimeError, OSError):
        return _no_moment(value)


def _no_moment(value: Any) -> Any:
    raise _WrongType(f"timestamp must follow ISO8601, and is {_shown(value)}")


def _mismatch(shape: Shape, value: Any) -> _WrongType:
    return _WrongType(f"{_kind(value)} can not be converted to {_article(_JAVA_TYPES[shape.type_name])}")


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "START_OBJECT"
    return "START_ARRAY" if isinstance(value, list) else _JSON_KINDS.get(type(value), "VALUE")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(below)}" for key, below in value.items()) + "}"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
