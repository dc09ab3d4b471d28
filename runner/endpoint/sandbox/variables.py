"""The environment variables of a handler's process. It gets these and nothing of the user's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runner.endpoint.sandbox.directories import Directories
from runner.endpoint.sandbox.model import Deployment
from runner.endpoint.sandbox.runtimes import python_version


def variables(
    deployment: Deployment, directories: Directories, *, log_stream: str, endpoint_url: str | None
) -> dict[str, str]:
    """Return them as Lambda sets them (developer guide, "Defined runtime environment variables").

    The function may overwrite the unreserved ones, and can't overwrite the reserved.
    """
    task_root, layers = directories.task_root, directories.layers
    unreserved = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), f"{layers}/bin", "/usr/local/bin:/usr/bin:/bin"]),
        "LD_LIBRARY_PATH": os.pathsep.join([f"{task_root}", f"{task_root}/lib", f"{layers}/lib"]),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        **_this_machine(directories.temporary),
        **({"AWS_ENDPOINT_URL": endpoint_url} if endpoint_url else {}),
    }
    return {**unreserved, **dict(deployment.environment), **_reserved(deployment, task_root, log_stream)}


def search_path(deployment: Deployment, directories: Directories) -> list[str]:
    """Return where modules are looked for, before what comes with Python, in Lambda's order.

    A ``PYTHONPATH`` of the function's may name ``/var/task`` and ``/opt``.
    """
    own = dict(deployment.environment).get("PYTHONPATH", "").split(os.pathsep)
    layers = f"{directories.layers}/python"
    site_packages = f"{layers}/lib/python{python_version(deployment.runtime)}/site-packages"
    return [str(directories.task_root), *(directories.here(entry) for entry in own if entry), site_packages, layers]


def _reserved(deployment: Deployment, task_root: Path, log_stream: str) -> dict[str, str]:
    return {
        "_HANDLER": deployment.handler,
        "LAMBDA_TASK_ROOT": str(task_root),
        "AWS_REGION": deployment.region,
        "AWS_DEFAULT_REGION": deployment.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{deployment.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": deployment.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": deployment.function_version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployment.memory_size_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": deployment.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
    }


def _this_machine(temporary: Path) -> dict[str, str]:
    """Lead away from the user's home, ``/tmp`` and instance role: a handler here must not find real credentials."""
    return {"HOME": str(temporary), "TMPDIR": str(temporary), "AWS_EC2_METADATA_DISABLED": "true"}
