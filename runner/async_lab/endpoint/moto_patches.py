"""How a part of moto, and of what it stands on, is replaced by ours: aloud when it is no longer there.

Every replacement of the endpoint goes through here, so that a new version of moto, werkzeug or requests that renames
something fails at the start and by name. ``pyproject.toml`` bounds the versions.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def replace(owner: Any, name: str, ours: Any) -> None:
    """Set ``owner.name`` to ``ours``. Raises AttributeError when there is no such name (any more)."""
    if not hasattr(owner, name):
        called = getattr(owner, "__name__", type(owner).__name__)
        raise AttributeError(f"There is no {called}.{name} any more, which the endpoint replaces.")
    setattr(owner, name, ours)


def replace_route(routes: MutableMapping[str, Any], pattern: str, ours: Any) -> None:
    """Have ``ours`` answer a path of one of moto's services. Raises KeyError when it has no such path (any more)."""
    if pattern not in routes:
        raise KeyError(f"moto has no path {pattern} any more, which the endpoint answers.")
    routes[pattern] = ours


def add_route(routes: MutableMapping[str, Any], pattern: str, ours: Any) -> None:
    """Have ``ours`` answer a path that moto's service doesn't have; again is no harm."""
    routes[pattern] = ours


def add_operation(owner: Any, name: str, ours: Any) -> None:
    """Have ``ours`` be an operation that moto's class of responses doesn't have; again is no harm."""
    setattr(owner, name, ours)
