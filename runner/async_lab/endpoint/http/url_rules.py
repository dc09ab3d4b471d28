"""Compiles URL rules one at a time.

Werkzeug compiles a rule by way of Python's syntax tree, and CPython counts the depth of all trees under way in one
number: when garbage collection lets another thread in between, both can end in "AST constructor recursion depth
mismatch" (python/cpython#106905; seen on 3.11). moto makes a service's rules on the threads that ask for it first,
which are as many as Terraform has.
"""

from __future__ import annotations

import threading

from werkzeug.routing import Rule

_compile = Rule.compile
_compiling = threading.Lock()


def install() -> None:
    """Make it so in the whole process; again is no harm."""
    Rule.compile = _compile_alone  # type: ignore[method-assign, assignment]


def _compile_alone(rule: Rule) -> None:
    with _compiling:
        _compile(rule)
