"""async-lab: a lab, Terraform modules and a digital twin for AWS Lambda's asynchronous invocations.

``from async_lab import Lab`` is the lab for tests of one's own functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from async_lab.testing import Lab as Lab

__all__ = ["Lab"]


def __getattr__(name: str) -> Any:
    """Import the lab for tests when it is asked for."""
    if name in __all__:
        from async_lab import testing

        return getattr(testing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
