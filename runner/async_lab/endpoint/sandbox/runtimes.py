"""Which of Lambda's runtimes run here, and which packages a handler finds beside its own.

Those are Lambda's Python runtime's, and none of the lab's others. Sources: developer guide, "Runtime-included packages"
(boto3, botocore, and what they and awslambdaric need).
"""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

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


LAMBDAS_PACKAGES = {
    "awslambdaric": "awslambdaric",
    "boto3": "boto3",
    "botocore": "botocore",
    "dateutil": "python_dateutil",
    "jmespath": "jmespath",
    "s3transfer": "s3transfer",
    "simplejson": "simplejson",
    "six": "six",
    "snapshot_restore_py": "snapshot_restore_py",
    "urllib3": "urllib3",
}
"""Distributions by their modules."""
OUR_PACKAGES = {"time_machine": "time_machine", "_time_machine": ""}
"""What makes a handler's time virtual: imported before the handler, and in no directory that it looks into."""


def package_files(modules: dict[str, str]) -> dict[str, str]:
    """Return where modules and their metadata lie, by the names that they have in a directory of packages."""
    found: dict[str, str] = {}
    for module, distribution in modules.items():
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            continue
        path = Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)
        found[path.name] = os.path.realpath(path)
        if distribution:
            found |= {place.name: os.path.realpath(place) for place in path.parent.glob(f"{distribution}-*.dist-info")}
    return found


def linked_packages(directory: Path, modules: dict[str, str]) -> Path:
    """Make a directory of links to modules, unless it is there; return it."""
    if not directory.exists():
        directory.mkdir()
        for name, path in package_files(modules).items():
            (directory / name).symlink_to(path)
    return directory
