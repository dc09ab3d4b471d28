"""The environment variables of a handler's process. It gets these and nothing of the user's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from async_lab.endpoint.sandbox.directories import Directories
from async_lab.endpoint.sandbox.lab_child.places import LANGUAGE, LAYERS, RUNTIME, TASK_ROOT, TEMPORARY
from async_lab.endpoint.sandbox.model import Deployment
from async_lab.endpoint.sandbox.runtimes import python_version

_LOOPBACK = "127.0.0.1,localhost"  # macOS has proxies in its settings, which Python reads
_PROGRAMS = "/usr/local/bin:/usr/bin:/bin"


def variables(
    deployment: Deployment,
    directories: Directories,
    *,
    log_stream: str,
    endpoint_url: str | None,
    access_key: str = "testing",
) -> dict[str, str]:
    """Return them as Lambda sets them (developer guide, "Defined runtime environment variables").

    The function may overwrite the unreserved ones, and can't overwrite the reserved.
    """
    task_root, layers = directories.seen(TASK_ROOT), directories.seen(LAYERS)
    unreserved = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"{_interpreters(directories)}:{_PROGRAMS}:{layers}/bin",
        "LD_LIBRARY_PATH": f"{LANGUAGE}/lib:{task_root}:{task_root}/lib:{layers}/lib",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_EC2_METADATA_DISABLED": "true",  # a handler here must not find this machine's role
        **_python_path(directories),
        **_outside_a_private_root(directories),
        **({"AWS_ENDPOINT_URL": endpoint_url} if endpoint_url else {}),
    }
    functions = dict(deployment.environment)
    past_proxies = _past_proxies(functions) if endpoint_url else {}
    return {**unreserved, **functions, **past_proxies, **_reserved(deployment, log_stream, access_key)}


def _past_proxies(functions: dict[str, str]) -> dict[str, str]:
    """Keep a proxy that the function uses from being asked for the endpoint, in both spellings that programs read."""
    own = functions.get("no_proxy") or functions.get("NO_PROXY")
    value = own if own == "*" else ",".join(filter(None, (own, _LOOPBACK)))
    return {"NO_PROXY": value, "no_proxy": value}


def search_path(deployment: Deployment, directories: Directories) -> list[str]:
    """Return where modules are looked for, before what comes with Python, in Lambda's order.

    A ``PYTHONPATH`` of the function's may name ``/var/task`` and ``/opt``.
    """
    own = dict(deployment.environment).get("PYTHONPATH", "").split(os.pathsep)
    layers = directories.seen(f"{LAYERS}/python")
    site_packages = f"{layers}/lib/python{python_version(deployment.runtime)}/site-packages"
    return [directories.seen(TASK_ROOT), *(directories.seen(entry) for entry in own if entry), site_packages, layers]


def _reserved(deployment: Deployment, log_stream: str, access_key: str) -> dict[str, str]:
    return {
        "_HANDLER": deployment.handler,
        "LAMBDA_TASK_ROOT": TASK_ROOT,
        "LAMBDA_RUNTIME_DIR": RUNTIME,
        "AWS_REGION": deployment.region,
        "AWS_DEFAULT_REGION": deployment.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{deployment.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": deployment.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": deployment.function_version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployment.memory_size_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": deployment.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
    }


def _interpreters(directories: Directories) -> str:
    return f"{LANGUAGE}/bin" if directories.mapped is None else str(Path(sys.executable).parent)


def _python_path(directories: Directories) -> dict[str, str]:
    """Let the handler's own Python processes find what Lambda's find (which sets this too)."""
    return {"PYTHONPATH": RUNTIME} if directories.mapped is None else {}


def _outside_a_private_root(directories: Directories) -> dict[str, str]:
    """Lead away from the user's home and ``/tmp``. On Lambda, and in a private root, neither variable is set."""
    return {} if directories.mapped is None else dict.fromkeys(("HOME", "TMPDIR"), directories.seen(TEMPORARY))
