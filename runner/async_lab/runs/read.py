"""A run's document, read back into what it was written from."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, cast

from async_lab.errors import UsageError
from async_lab.runs.document import SCHEMA
from async_lab.runs.result import RunResult


def read(path: Path) -> RunResult:
    """Return the run that a file holds. Raises UsageError when it holds none, or one of another version of the lab."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        schema = document["schema"]
        if schema == SCHEMA:
            return result_of(document)
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror}).") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is not the result of a run, or was changed since ({error}).") from error
    raise UsageError(f"{path} was written by another version of async-lab ({schema}; this one reads {SCHEMA}).")


def result_of(document: Mapping[str, Any]) -> RunResult:
    """Return the run of a document. Times are exact to the millisecond, as they are written."""
    known = {
        **document,
        "scenario": _scenario(document),
        "place": document["target"] | {"target": document["target"]["name"]},
        "function_name": document["target"]["function_name"],
        "sent": [event | {"at": event["sent_at"], "outcome": event["answer"]} for event in _sent(document)],
        "events": [event for event in document["events"] if event["accepted_at"] is not None],
        "metrics": {name: series | {"metric": name} for name, series in document["metrics"].items()},
        "comparisons": [{"expectation": entry, "value": entry["value"]} for entry in document["expectations"]],
    }
    return cast("RunResult", _value(RunResult, known))


def _scenario(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a scenario's fields; where its file lay is not written down."""
    configuration: dict[str, Any] = document["configuration"]
    return configuration | {"stack_name": configuration["name"], "name": document["scenario"], "path": ""}


def _sent(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [event for event in document["events"] if event["event_id"] is not None]


_OTHER_NAMES = {"points": "data_points"}
"""Fields that the document calls otherwise."""


def _value(wanted: Any, given: Any) -> Any:
    """Return a plain value as the type that it was written from."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        value = None if given is None else _value(_member(arguments, given), given)
    elif origin is tuple:
        value = tuple(_value(arguments[0], item) for item in given)
    elif origin is Mapping:
        value = {key: _value(arguments[1], item) for key, item in given.items()}
    elif is_dataclass(wanted):
        value = _dataclass(cast("type", wanted), given)
    elif wanted in (float, int) and isinstance(given, str):
        value = wanted(datetime.fromisoformat(given).timestamp())
    elif isinstance(wanted, type) and issubclass(wanted, (Enum, Path)):
        value = wanted(given)
    else:
        value = given
    return value


def _member(members: Sequence[Any], given: Any) -> Any:
    """Return which type of a union a value was written from."""
    possible = [member for member in members if member is not type(None)]
    if isinstance(given, Mapping):
        for member in possible:
            if is_dataclass(member) and {field.name for field in fields(member)} <= set(given):
                return member
    if isinstance(given, str) and str in possible:
        return str
    return possible[0]


def _dataclass(wanted: type, given: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(wanted)
    found: dict[str, Any] = {}
    for field in fields(wanted):
        name = field.name if field.name in given else _OTHER_NAMES.get(field.name, field.name)
        if name in given:
            found[field.name] = _value(hints[field.name], given[name])
    return wanted(**found)
