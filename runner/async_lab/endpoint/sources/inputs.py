"""EventBridge: what a rule passes on of an event, all of it, a part, a constant, or a template filled in.

Sources: EventBridge user guide, "Input transformation"; paths are the part of JSONPath that EventBridge takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

_STEP = re.compile(r"\.(?P<name>[\w-]+)|\[(?P<quote>['\"])(?P<quoted>.+?)(?P=quote)\]|\[(?P<index>\d+)\]")
_PLACEHOLDER = re.compile(r"<(?P<name>[\w.-]+)>")
_ABSENT = object()


def problem_of(path: str) -> str | None:
    """Return what is wrong with a path; None when it can be followed."""
    rest = path.removeprefix("$")
    while rest and (step := _STEP.match(rest)):
        rest = rest[step.end() :]
    return None if path.startswith("$") and not rest else f"Invalid JSON path: {path}"


def input_of(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, ingested_at: str) -> str:
    """Return what a rule's target gets of an event, as text."""
    if "Input" in target:
        return str(target["Input"])
    if path := target.get("InputPath"):
        part = _found(event, path)
        return json.dumps(None if part is _ABSENT else part)
    if transformer := target.get("InputTransformer"):
        return _transformed(transformer, event, rule_arn, ingested_at)
    return json.dumps(event)


def _found(event: Any, path: str) -> Any:
    found, rest = event, path.removeprefix("$")
    while rest and (step := _STEP.match(rest)):
        rest = rest[step.end() :]
        try:
            found = found[int(step["index"])] if step["index"] else found[step["name"] or step["quoted"]]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return found


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, ingested_at: str) -> str:
    template: str = transformer["InputTemplate"].strip()
    values = {name: _found(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": ingested_at,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    fill: Callable[[re.Match[str]], str] = partial(_value, values, template)
    return _PLACEHOLDER.sub(fill, template)


def _value(values: Mapping[str, Any], template: str, placeholder: re.Match[str]) -> str:
    """Return what stands in a placeholder's place: in quotes the bare text, outside of them JSON."""
    value = values.get(placeholder["name"], _ABSENT)
    value = "" if value is _ABSENT else value
    if not _is_quoted(template, placeholder.start()):
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1] if isinstance(value, str) else text.replace('"', "")


def _is_quoted(template: str, at: int) -> bool:
    """Whether a place in a template is inside of a string."""
    return len(re.findall(r'(?<!\\)"', template[:at])) % 2 == 1
