"""Which of Lambda's runtimes run here."""

from __future__ import annotations

import re
import sys

from async_lab.errors import EnvironmentFailure

_PYTHON = re.compile(r"python(?P<version>3\.\d+)")


OWN_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The interpreter's, which every Python function runs on."""


class UnsupportedRuntime(EnvironmentFailure):
    """The function is written for a runtime that this machine doesn't have. It needs AWS."""


def python_version(runtime: str) -> str:
    """Return "3.13" for "python3.13". Raises UnsupportedRuntime for what isn't Python.

    It chooses the directory of a layer that is searched; the interpreter is always our own.
    """
    match = _PYTHON.fullmatch(runtime)
    if match is None:
        raise UnsupportedRuntime(
            f"The local target runs Python functions only and this one's runtime is {runtime!r}: "
            "choose a python3.x runtime or run it on AWS with TARGET=aws."
        )
    return match["version"]


def difference(runtime: str) -> str | None:
    """Return what is to be known of a runtime that isn't the Python which runs its functions here; None if it is."""
    if python_version(runtime) == OWN_VERSION:
        return None
    return (
        f"{runtime} functions run on Python {OWN_VERSION} here, which is async-lab's own: run async-lab with another "
        "Python for code, or packages with compiled parts, that need theirs."
    )
