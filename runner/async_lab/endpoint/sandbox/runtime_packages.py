"""Which packages a handler finds beside its own: those of Lambda's Python runtime, and none of the lab's others.

Sources: developer guide, "Runtime-included packages" (boto3, botocore, and what they and awslambdaric need).
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

LAMBDAS = {
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
OURS = {"time_machine": "time_machine", "_time_machine": ""}
"""What makes a handler's time virtual: imported before the handler, and in no directory that it looks into."""


def files(modules: dict[str, str]) -> dict[str, str]:
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


def linked(directory: Path, modules: dict[str, str]) -> Path:
    """Make a directory of links to modules, unless it is there; return it."""
    if not directory.exists():
        directory.mkdir()
        for name, path in files(modules).items():
            (directory / name).symlink_to(path)
    return directory
