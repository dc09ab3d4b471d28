"""What Terraform's variables may hold, read from their own declarations, so that nothing is written twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from async_lab.scenario.hcl import Address, Problem, address_name, parse, parts, text_in, text_of, value_of
from async_lab.wording import shortened

if TYPE_CHECKING:
    from async_lab.scenario.hcl import Node

_KINDS = {
    "number": ("a number", (int, float)),
    "string": ("a string", (str,)),
    "bool": ("true or false", (bool,)),
    "list": ("a list", (list,)),
    "map": ("an object", (dict,)),
    "object": ("an object", (dict,)),
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type constraint as far as the lab's variables need it: primitive, list, map or object."""

    kind: str
    element: Type | None = None
    """Of a list or a map."""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    """Of an object."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an object; a variable is one of the object that all variables make."""

    type: Type
    is_required: bool
    default: Any = None


def read_declarations(path: Path, shown: str) -> Type:
    """Return all variables of a file as one object. Raises UsageError when it can't be read."""
    return _declarations(text_in(path, shown), shown)


@lru_cache(maxsize=1)  # asked for again for each scenario
def _declarations(text: str, shown: str) -> Type:
    blocks = [block for block in parts(parts(parse(text, shown))[0]) if text_of(parts(block)[0]) == "variable"]
    return Type("object", attributes={text_of(parts(block)[1]): _variable(block) for block in blocks})


def problems(value: Any, wanted: Type, address: Address = ()) -> Iterator[Problem]:
    """Yield what keeps a value from being of a type."""
    if wanted.kind not in _KINDS:
        return  # Terraform will tell
    described, types = _KINDS[wanted.kind]
    if type(value) not in types:  # and not isinstance: to Python, true is a number
        yield Problem(address, f"{address_name(address)} is {_quoted(value)}; it must be {described}.")
    elif wanted.kind == "object":
        yield from _object_problems(value, wanted, address)
    elif wanted.element:
        items = value.items() if wanted.kind == "map" else enumerate(value)
        for step, item in items:
            yield from problems(item, wanted.element, (*address, step))


def complete(value: Any, wanted: Type) -> Any:
    """Return a value of the type with every default filled in; None for what has neither value nor default."""
    if wanted.kind == "object":
        return {name: _completed(value.get(name), attribute) for name, attribute in wanted.attributes.items()}
    if wanted.kind == "list" and wanted.element:
        return [complete(item, wanted.element) for item in value]
    if wanted.kind == "map" and wanted.element:
        return {name: complete(item, wanted.element) for name, item in value.items()}
    return value


def _completed(given: Any, attribute: Attribute) -> Any:
    value = attribute.default if given is None else given
    return None if value is None else complete(value, attribute.type)


def _object_problems(value: Mapping[str, Any], wanted: Type, address: Address) -> Iterator[Problem]:
    for name, given in value.items():
        if name not in wanted.attributes:
            yield Problem((*address, name), undeclared((*address, name), list(wanted.attributes)))
        elif given is not None:
            yield from problems(given, wanted.attributes[name].type, (*address, name))
    for name, attribute in wanted.attributes.items():
        if attribute.is_required and value.get(name) is None:
            yield Problem((*address, name), f"{address_name((*address, name))} is missing; a scenario must set it.")


def undeclared(address: Address, declared: list[str]) -> str:
    """Return the sentence about a name that no variable or attribute has."""
    near = get_close_matches(str(address[-1]), declared, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(declared)}."
    return f"{address_name(address)} is not declared in terraform/variables.tf; {hint}"


def _quoted(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    return shortened(json.dumps(value, ensure_ascii=False))


def _variable(block: Node) -> Attribute:
    arguments = {text_of(parts(node)[0]): parts(node)[1] for node in parts(parts(block)[2]) if node.data == "attribute"}
    has_default = "default" in arguments
    return Attribute(_type(arguments["type"]), not has_default, value_of(arguments["default"]) if has_default else None)


def _type(node: Node) -> Type:
    if node.data == "expr_term":
        return _type(parts(node)[0])
    if node.data == "identifier":
        return Type(text_of(node))
    kind, (argument,) = _call(node)
    if kind != "object":
        return Type(kind, element=_type(argument))
    entries = (parts(entry) for entry in parts(parts(argument)[0]))
    return Type(kind, attributes={text_of(name): _attribute(constraint) for name, constraint in entries})


def _attribute(node: Node) -> Attribute:
    (inner,) = parts(node)
    if inner.data == "identifier" or _call(inner)[0] != "optional":
        return Attribute(_type(inner), is_required=True)
    constraint, *default = _call(inner)[1]
    return Attribute(_type(constraint), is_required=False, default=value_of(default[0]) if default else None)


def _call(node: Node) -> tuple[str, list[Node]]:
    name, arguments = parts(node)
    return text_of(name), parts(arguments)
