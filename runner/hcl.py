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

Place = tuple[str | int, ...]
"""Where in a file a value stands: ``("expectations", 0, "metric")``."""

# Names of python-hcl2's grammar, which has no constants for them.
_NAMED = {"attribute", "object_elem", "block"}
_PLAIN = {"start", "body", "attribute", "object", "object_elem", "tuple", "expr_term", "string", "string_part"} | {
    *("int_lit", "float_lit", "literal_value", "unary_op", "heredoc_template", "heredoc_template_trim")
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file."""

    place: Place
    sentence: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file that holds values alone, as a ``.tfvars`` does."""

    values: Mapping[str, Any]
    lines: Mapping[Place, int]
    """The line of each value, 1 for the first."""
    problems: tuple[Problem, ...]
    """What is HCL and yet is no plain value."""

    def line(self, place: Place) -> int | None:
        """Return the line of a place, or of the nearest around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)


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
    places = [(place, node) for place, node in _walk(tree, ()) if place]
    lines: dict[Place, int] = {}
    for place, node in places:
        lines.setdefault(place, node.meta.line)
    return Document(value_of(tree), lines, (*_repeated(places), *_computed(places)))


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
    return hcl2.transform(node).serialize(options=options)


def parts(node: Node) -> list[Node]:
    """Return what a node consists of, without punctuation, line ends and comments."""
    return [child for child in node.children if not isinstance(child, str) and child.data != "new_line_or_comment"]


def text_of(node: Node) -> str:
    """Return a name as text, whether it is quoted or not."""
    return "".join(map(str, node.scan_values(lambda token: str(token) != '"'))).strip()


def place_name(place: Place) -> str:
    """Return a place as Terraform writes it: ``expectations[0].metric``."""
    head, *rest = place
    return str(head) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def _walk(node: Node, place: Place) -> Iterator[tuple[Place, Node]]:
    """Yield each node but names, with its place."""
    yield place, node
    below = parts(node)[1:] if node.data in _NAMED else parts(node)
    for index, child in enumerate(below):
        if child.data in _NAMED:
            yield from _walk(child, (*place, text_of(parts(child)[0])))
        else:
            yield from _walk(child, (*place, index) if node.data == "tuple" else place)


def _repeated(places: list[tuple[Place, Node]]) -> Iterator[Problem]:
    names = Counter(place for place, node in places if node.data in _NAMED)
    for place, times in names.items():
        if times > 1:
            yield Problem(place, f"{place_name(place)} is set {times} times; set it once.")


def _computed(places: list[tuple[Place, Node]]) -> Iterator[Problem]:
    for place in dict.fromkeys(place for place, node in places if node.data not in _PLAIN):
        yield Problem(place, f"{place_name(place)} is not a plain value; a scenario computes nothing.")
