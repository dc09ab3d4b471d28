"""What a handler's process sees: its directories, as Lambda calls them, and its environment variables."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from async_lab.endpoint.sandbox.lab_child.protocol import LANGUAGE, LAYERS, RUNTIME, TASK_ROOT, TEMPORARY
from async_lab.endpoint.sandbox.model import Deployment
from async_lab.endpoint.sandbox.runtimes import python_version

RUNTIME_DIRECTORY = "runtime"
"""What ``/var/runtime`` is called among the sandbox's files, where there is no private root."""
_SYSTEMS = "/usr"


@dataclass(frozen=True, slots=True)
class Directories:
    """The directories of one execution environment."""

    task_root: Path
    """Lambda's ``/var/task``: the deployment package."""
    layers: Path
    """Lambda's ``/opt``."""
    temporary: Path | None
    """Lambda's ``/tmp``; None in a private root, where handlers see all of this as on Lambda."""

    @property
    def mapped(self) -> dict[str, str] | None:
        """Return this machine's directories by Lambda's; None in a private root."""
        if self.temporary is None:
            return None
        runtime = self.task_root.parent / RUNTIME_DIRECTORY
        return {
            TASK_ROOT: str(self.task_root),
            LAYERS: str(self.layers),
            RUNTIME: str(runtime),
            TEMPORARY: str(self.temporary),
        }

    def seen(self, path: str) -> str:
        """Return what a path of Lambda's is called in the handler's process."""
        for lambdas, ours in (self.mapped or {}).items():
            if path == lambdas or path.startswith(f"{lambdas}/"):
                return f"{ours}{path.removeprefix(lambdas)}"
        return path

    def on_lambda(self, text: bytes) -> bytes:
        """Return a text, such as a stack trace, with Lambda's paths: ours are different on every run."""
        if self.mapped is not None:
            for lambdas, ours in (self.mapped | _interpreter()).items():
                text = text.replace(ours.encode(), lambdas.encode())
        return text


def _interpreter() -> dict[str, str]:
    """Return the directory of the interpreter, by Lambda's, unless it is one of the system's."""
    return {} if sys.base_prefix.startswith(_SYSTEMS) else {LANGUAGE: sys.base_prefix}


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
