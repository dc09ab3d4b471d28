"""Read HCL files as plain values, and know the line of each."""

from __future__ import annotations

import re
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from async_lab.errors import UsageError

if TYPE_CHECKING:
    from lark import Token, Tree

    Node = Tree[Token]

Address = tuple[str | int, ...]
"""Where in a file a value stands: ``("expectations", 0, "metric")``."""

_LONGEST_NUMBER = 40
_ESCAPED = frozenset('nrt"\\')
_SURROGATES = (0xD800, 0xDFFF)
LARGEST_FILE_BYTES = 256_000
LARGEST_NUMBER = 10**15
"""Up to here a double holds every whole number."""
_DEEPEST = 100
"""How many nodes of the syntax tree may lie within each other: 11 are all that a scenario needs."""

# Names of python-hcl2's grammar, which has no constants for them.
_NAMED = {"attribute", "object_elem", "block"}
_NUMBERS = {"int_lit", "float_lit"}
_HEREDOCS = {"heredoc_template", "heredoc_template_trim"}
_PLAIN = {"start", "body", "attribute", "object", "object_elem", "tuple", "expr_term", "string", "string_part"} | {
    *("literal_value", "unary_op"),
    *_NUMBERS,
    *_HEREDOCS,
}
_PLAIN_NAME = {"object_elem_key", "expr_term", "string", "string_part", "identifier", "int_lit", "literal_value"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|$)", re.DOTALL)


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


def parse(text: str, shown: str) -> Node:
    """Return the syntax tree of what a file holds. Raises UsageError, calling the file ``shown``, when it isn't HCL."""
    import hcl2
    from lark.exceptions import UnexpectedInput

    try:
        tree = hcl2.parses_to_tree(text)
    except UnexpectedInput as error:
        where = f":{error.line}: there is a syntax error at column {error.column}."
        raise UsageError(f"{shown}{where if error.line > 0 else ' ends in the middle of something.'}") from error
    except RecursionError:
        tree = None
    if tree is None or _depth(tree) > _DEEPEST:
        raise UsageError(f"{shown} is nested too deeply: no value of a scenario needs so many brackets.")
    return tree


def text_in(path: Path, shown: str) -> str:
    """Return what a file holds. Raises UsageError, calling the file ``shown``, when that is no text.

    The file is looked at first: others never end (a device), or never begin (a FIFO).
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{shown} is not a regular file.")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{shown} can't be read: {error.strerror}.") from error
    if len(content) > LARGEST_FILE_BYTES:
        raise UsageError(f"{shown} is larger than 256 KB, which no scenario is.")
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown} is not text in UTF-8.") from error
    before, carriage_return, _ = text.partition("\r")
    if carriage_return:
        line = before.count("\n") + 1
        raise UsageError(f"{shown}:{line}: there is a carriage return alone, which Terraform takes for no line's end.")
    return text


def _depth(tree: Node) -> int:
    """Return how many nodes lie above the deepest one. All else here recurses, and may do so afterward."""
    depth, level = 0, [tree]
    while level := [child for node in level for child in node.children if not isinstance(child, str)]:
        depth += 1
    return depth


def read(path: Path, shown: str) -> Document:
    """Read a file of plain values. Raises UsageError, calling the file ``shown``, when it isn't HCL.

    A document with problems has no values: what is not plain has none.
    """
    tree = parse(text_in(path, shown), shown)
    nodes = [(address, node) for address, node in _walk(tree, ()) if address]
    lines: dict[Address, int] = {}
    for address, node in nodes:
        lines.setdefault(address, node.meta.line)
    found = (*_repeated(nodes), *_computed(nodes), *_misspelled(nodes))
    return Document({} if found else value_of(tree), lines, found)


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
    for address in dict.fromkeys(address for address, node in nodes if not _is_plain(node)):
        yield Problem(address, f"{address_name(address)} is not a plain value; a scenario computes nothing.")


def _is_plain(node: Node) -> bool:
    match node.data:
        case "object_elem":
            name = parts(node)[0]
            return all(part.data in _PLAIN_NAME for part in name.iter_subtrees()) and "(" not in _tokens(name)
        case "unary_op":  # -5, and not -"a" or !true
            value = parts(node)[0]
            return "-" in _tokens(node) and all(part.data in _NUMBERS for part in parts(value))
    return node.data in _PLAIN


def _tokens(node: Node) -> list[str]:
    return [str(token).strip() for token in node.scan_values(lambda _: True)]


def _misspelled(nodes: list[tuple[Address, Node]]) -> Iterator[Problem]:
    """Yield what python-hcl2 reads and Terraform doesn't, and numbers that no computer reads exactly."""
    for address, node in nodes:
        sentence = None
        if node.data == "string":
            sentence = _problem_of_string(node)
        elif node.data in _NUMBERS:
            sentence = _problem_of_number(node)
        if sentence:
            yield Problem(address, f"{address_name(address)} {sentence}")


def _problem_of_number(node: Node) -> str | None:
    text = "".join(_tokens(node))
    if len(text) < _LONGEST_NUMBER and abs(float(text)) <= LARGEST_NUMBER:
        return None
    cut = text if len(text) < _LONGEST_NUMBER else f"{text[:10]}… ({len(text)} characters)"
    return f"is {cut}; the lab's numbers go up to {LARGEST_NUMBER:.0e}."


def _problem_of_string(node: Node) -> str | None:
    text = "".join(map(str, node.scan_values(lambda _: True)))
    if "\n" in text:
        return "is a string of several lines; Terraform takes <<-EOT for that."
    for escape in _ESCAPE.finditer(text):
        kind = escape[1]
        if kind not in _ESCAPED and not (len(kind) > 1 and _is_character(int(kind[1:], 16))):
            return f"has {escape[0]}, which is no escape of Terraform's; a backslash is written \\\\."
    return None


def _is_character(code: int) -> bool:
    return code <= sys.maxunicode and not _SURROGATES[0] <= code <= _SURROGATES[1]
