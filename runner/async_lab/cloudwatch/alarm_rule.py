"""The rules of composite alarms: a boolean expression over other alarms' states.

Source: CloudWatch API reference, PutCompositeAlarm, "AlarmRule".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from async_lab.cloudwatch.alarm_state import State
from async_lab.cloudwatch.nesting import DEEPEST, is_too_deep

_GRAMMAR = r"""
?start: either
?either: both | both ("OR" both)+ -> either
?both: refusal | refusal ("AND" refusal)+ -> both
?refusal: "NOT" refusal -> refuse | atom
?atom: "(" either ")"
     | "TRUE" -> true
     | "FALSE" -> false
     | STATE "(" name ")" -> state
     | "AT_LEAST" "(" THRESHOLD "," [NOT] STATE "," "(" name ("," name)* ")" ")" -> at_least
name: QUOTED | WORD
NOT.2: "NOT"
STATE.2: "ALARM" | "OK" | "INSUFFICIENT_DATA"
THRESHOLD.2: /\d+%?/
QUOTED: /"[^"]*"|'[^']*'/
WORD: /[^\s"'(),]+/
%import common.WS
%ignore WS
"""

StateOf = Callable[[str], State | None]  # by the name or ARN of an alarm; None if there is none
_Test = Callable[[StateOf], bool]


class AlarmRuleError(ValueError):
    """The text isn't a rule."""


def is_true(rule: str, state_of: StateOf) -> bool:
    """Tell whether a rule holds.

    Raises:
        AlarmRuleError: it isn't a rule.

    """
    holds: _Test = _Tests().transform(_parse(rule))
    return holds(state_of)


def alarms_in(rule: str) -> list[str]:
    """Return the names and ARNs of the alarms in a rule, each once, in their order.

    Raises:
        AlarmRuleError: it isn't a rule.

    """
    tokens = _parse(rule).scan_values(lambda each: isinstance(each, Token) and each.type in {"QUOTED", "WORD"})
    return list(dict.fromkeys(_unquoted(token) for token in tokens))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr")


@lru_cache(maxsize=256)
def _parse(rule: str) -> Any:
    try:
        tree = _parser().parse(rule)
    except UnexpectedInput as error:
        raise AlarmRuleError(f"Invalid AlarmRule at position {error.pos_in_stream or 0}: {rule}") from None
    if is_too_deep(tree):
        raise AlarmRuleError(f"Invalid AlarmRule: it is nested more than {DEEPEST} levels deep")
    return tree


class _Tests(Transformer[Token, Any]):
    """Turns a parsed rule into a function of the alarms' states."""

    def true(self, _: list[Any]) -> _Test:
        return lambda _: True

    def false(self, _: list[Any]) -> _Test:
        return lambda _: False

    def name(self, parts: list[str]) -> str:
        return _unquoted(parts[0])

    def state(self, parts: list[str]) -> _Test:
        wanted, name = parts
        return lambda state_of: state_of(name) == wanted

    def at_least(self, parts: list[Any]) -> _Test:
        threshold, negation, wanted, *names = parts
        fewest = _fewest(threshold, names)
        is_wanted = negation is None
        return lambda state_of: sum((state_of(name) == wanted) is is_wanted for name in names) >= fewest

    def refuse(self, parts: list[_Test]) -> _Test:
        return lambda state_of: not parts[0](state_of)

    def both(self, parts: list[_Test]) -> _Test:
        return lambda state_of: all(holds(state_of) for holds in parts)

    def either(self, parts: list[_Test]) -> _Test:
        return lambda state_of: any(holds(state_of) for holds in parts)


def _fewest(threshold: str, names: Sequence[str]) -> int:
    if threshold.endswith("%"):
        return math.ceil(len(names) * int(threshold[:-1]) / 100)
    return int(threshold)


def _unquoted(token: Any) -> str:
    return str(token).strip("\"'")
