"""Read HCL files as plain values, and know the line of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import UsageError

if TYPE_CHECKING:
    from lark import Token, Tree

    Node = Tree[Token]

Address = tuple[str | int, ...]
"""Where in a file a value stands: ``("expectations", 0, "metric")``."""

# Names of python-hcl2's grammar, which has no constants for them.
_NAMED = {"attribute", "object_elem", "block"}
_PLAIN = {"start", "body", "attribute", "object", "object_elem", "tuple", "expr_term", "string", "string_part"} | {
    *("int_lit", "float_lit", "literal_value", "unary_op", "heredoc_template", "heredoc_template_trim")
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file."""

    address: Address
    sentence: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file that holds values alone, as a ``.tfvars`` does."""

    values: Mapping[str, Any]
    lines: Mapping[Address, int]
    """The line of each value, 1 for the first."""
    problems: tuple[Problem, ...]
    """What is HCL and yet is no plain value."""

    def line(self, address: Address) -> int | None:
        """Return the line of an address, or of the nearest around it that the file has."""
        while address and address not in self.lines:
            address = address[:-1]
        return self.lines.get(address)


def parse(path: Path, shown: str) -> Node:
    """Return the file's syntax tree. Raises UsageError, calling the file ``shown``, when it isn't HCL."""
    import hcl2
    from lark.exceptions import UnexpectedInput

    try:
        return hcl2.parses_to_tree(path.read_text(encoding="utf-8"))
    except UnexpectedInput as error:
        raise UsageError(f"{shown}:{error.line}: there is a syntax error at column {error.column}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown} is not text in UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{shown} can't be read: {error.strerror}.") from error


def read(path: Path, shown: str) -> Document:
    """Read a file of plain values. Raises UsageError, calling the file ``shown``, when it isn't HCL."""
    tree = parse(path, shown)
    nodes = [(address, node) for address, node in _walk(tree, ()) if address]
    lines: dict[Address, int] = {}
    for address, node in nodes:
        lines.setdefault(address, node.meta.line)
    return Document(value_of(tree), lines, (*_repeated(nodes), *_computed(nodes)))


def value_of(node: Node) -> Any:
    """Return a syntax tree as Python values: numbers, strings, lists, dictionaries; an expression as its text."""
    import hcl2

    options = hcl2.SerializationOptions(
        strip_string_quotes=True,
        with_comments=False,
        explicit_blocks=False,
        preserve_heredocs=False,
        preserve_scientific_notation=False,
    )
    return _with_whole_numbers(hcl2.transform(node).serialize(options=options))


def _with_whole_numbers(value: Any) -> Any:
    """Return the value with 3 where it says 3.0: Terraform has one kind of number."""
    match value:
        case dict():
            return {name: _with_whole_numbers(each) for name, each in value.items()}
        case list():
            return [_with_whole_numbers(each) for each in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def parts(node: Node) -> list[Node]:
    """Return what a node consists of, without punctuation, line ends and comments."""
    return [child for child in node.children if not isinstance(child, str) and child.data != "new_line_or_comment"]


def text_of(node: Node) -> str:
    """Return a name as text, whether it is quoted or not."""
    return "".join(map(str, node.scan_values(lambda token: str(token) != '"'))).strip()


def address_name(address: Address) -> str:
    """Return an address as Terraform writes it: ``expectations[0].metric``."""
    head, *rest = address
    return str(head) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def _walk(node: Node, address: Address) -> Iterator[tuple[Address, Node]]:
    """Yield each node but names, with its address."""
    yield address, node
    below = parts(node)[1:] if node.data in _NAMED else parts(node)
    for index, child in enumerate(below):
        if child.data in _NAMED:
            yield from _walk(child, (*address, text_of(parts(child)[0])))
        else:
            yield from _walk(child, (*address, index) if node.data == "tuple" else address)


def _repeated(nodes: list[tuple[Address, Node]]) -> Iterator[Problem]:
    names = Counter(address for address, node in nodes if node.data in _NAMED)
    for address, times in names.items():
        if times > 1:
            yield Problem(address, f"{address_name(address)} is set {times} times; set it once.")


def _computed(nodes: list[tuple[Address, Node]]) -> Iterator[Problem]:
    for address in dict.fromkeys(address for address, node in nodes if node.data not in _PLAIN):
        yield Problem(address, f"{address_name(address)} is not a plain value; a scenario computes nothing.")
