"""Metric math: the language (CloudWatch user guide, "Metric math syntax and functions") and its evaluation.

Precedence, from strongest: ``^``, unary minus, ``* /``, ``+ -``, comparisons, ``AND``, ``OR``. A comparison gives 1 or
0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedInput, VisitError

from async_lab.cloudwatch.functions import call
from async_lab.cloudwatch.nesting import DEEPEST, is_too_deep
from async_lab.cloudwatch.scope import ExpressionError, Scope
from async_lab.cloudwatch.series import Series, Value, combine

_GRAMMAR = r"""
?start: either
?either: both | either _OR both -> either
?both: comparison | both _AND comparison -> both
?comparison: sum | comparison COMPARE sum -> binary
?sum: product | sum ADD product -> binary
?product: negation | product MULTIPLY negation -> binary
?negation: power | "-" negation -> negate
?power: atom | atom POWER negation -> binary
?atom: NUMBER -> number
     | STRING -> string
     | ID -> reference
     | FUNCTION "(" [either ("," either)*] ")" -> call
     | KEYWORD -> keyword
     | "[" either ("," either)* "]" -> array
     | "(" either ")"
_OR: "OR" | "||"
_AND: "AND" | "&&"
COMPARE: "==" | "!=" | "<=" | ">=" | "<" | ">"
ADD: "+" | "-"
MULTIPLY: "*" | "/"
POWER: "^"
ID: /[a-z][a-zA-Z0-9_]*/
FUNCTION: /[A-Z][A-Z0-9_]*(?=\s*\()/
KEYWORD: /[A-Z]+(?!\s*\()/
STRING: /"[^"]*"|'[^']*'/
%import common.NUMBER
%import common.WS
%ignore WS
"""

_LONGEST = 2_048  # API reference, MetricDataQuery

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def references(text: str) -> frozenset[str]:
    """Return the ids that an expression names.

    Raises:
        ExpressionError: it isn't metric math.

    """
    tokens = _parse(text).scan_values(lambda each: isinstance(each, Token))
    return frozenset(str(each) for each in tokens if isinstance(each, Token) and each.type == "ID")


def evaluate(text: str, scope: Scope, label: str) -> Series | list[Series]:
    """Evaluate an expression over the scope's series; ``label`` names a series that has none of its own.

    Raises:
        ExpressionError: it isn't metric math, names what isn't there, or gives neither a series nor a list of them.

    """
    try:
        result = _Evaluation(scope, label).transform(_parse(text))
    except VisitError as wrapped:
        if isinstance(wrapped.orig_exc, ExpressionError):
            raise wrapped.orig_exc from None
        raise
    if isinstance(result, Series) or (isinstance(result, list) and all(isinstance(each, Series) for each in result)):
        return result
    raise ExpressionError("The final result of the expression must be a time series or an array of time series")


class _Evaluation(Transformer[Token, Any]):
    def __init__(self, scope: Scope, label: str) -> None:
        super().__init__()
        self._scope = scope
        self._label = label

    def number(self, parts: list[Token]) -> float:
        return float(parts[0])

    def string(self, parts: list[Token]) -> str:
        return str(parts[0])[1:-1]

    def keyword(self, parts: list[Token]) -> str:
        return str(parts[0])

    def reference(self, parts: list[Token]) -> Value:
        try:
            return self._scope.values[parts[0]]
        except KeyError:
            raise ExpressionError(f"Undefined variable {parts[0]}") from None

    def array(self, parts: list[Value]) -> list[Value]:
        if any(isinstance(part, list | str) for part in parts):
            raise ExpressionError("An array can only have numbers and time series in it")
        return parts

    def call(self, parts: list[Any]) -> Value:
        name, *arguments = parts
        return call(name, [argument for argument in arguments if argument is not None], self._scope, self._label)

    def negate(self, parts: list[Value]) -> Value:
        if isinstance(parts[0], str):
            raise ExpressionError(f"{parts[0]} is neither a number nor a time series")
        return combine(operator.neg, parts, self._label)

    def binary(self, parts: list[Any]) -> Value:
        left, symbol, right = parts
        return self._combined(_OPERATORS[symbol], left, right)

    def both(self, parts: list[Value]) -> Value:
        return self._combined(lambda left, right: bool(left) and bool(right), *parts)

    def either(self, parts: list[Value]) -> Value:
        return self._combined(lambda left, right: bool(left) or bool(right), *parts)

    def _combined(self, operation: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
        if isinstance(left, list) and isinstance(right, list):
            raise ExpressionError("An operation can't be applied to two arrays of time series")
        if isinstance(left, str) or isinstance(right, str):
            raise ExpressionError(f"{left if isinstance(left, str) else right} is neither a number nor a time series")
        return combine(operation, [left, right], self._label)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr")


@lru_cache(maxsize=1024)
def _parse(text: str) -> Tree[Token]:
    if len(text) > _LONGEST:
        raise ExpressionError(f"The expression is longer than {_LONGEST} characters")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise ExpressionError(f"Unexpected text at position {error.pos_in_stream or 0}") from None
    tree = tree if isinstance(tree, Tree) else Tree("start", [tree])
    if is_too_deep(tree):
        raise ExpressionError(f"The expression is nested more than {DEEPEST} levels deep")
    return tree
