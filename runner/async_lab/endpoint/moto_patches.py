"""How a part of moto is replaced by ours: aloud when moto no longer has it."""

from __future__ import annotations

from typing import Any


def replace(owner: Any, name: str, ours: Any) -> None:
    """Set ``owner.name`` to ``ours``. Raises AttributeError when moto has no such name (any more)."""
    if not hasattr(owner, name):
        raise AttributeError(f"moto has no {owner.__name__}.{name} any more, which the endpoint replaces")
    setattr(owner, name, ours)
