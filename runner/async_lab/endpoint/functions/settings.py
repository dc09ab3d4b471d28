"""What Lambda refuses of a function's settings by themselves, though its model takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.core.utils import get_service_model

from async_lab.endpoint.functions.refusals import invalid_value

_NO_LONGER = frozenset(  # developer guide, "Deprecated runtimes": functions can neither be created nor updated
    {
        *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x"),
        *("python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7", "java8", "go1.x", "provided"),
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"),
    }
)
_ENVIRONMENT_BYTES = 4_096  # developer guide, "Lambda quotas"
_RESERVED_VARIABLES = frozenset(  # developer guide, "Defined runtime environment variables", reserved
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"  # developer guide, "Wrapper scripts"
_OPTIMIZED = {"dotnet": "8", "java": "11", "python": "3.12"}
"""The first version of each runtime that SnapStart is for (developer guide, "Supported features")."""
_FAMILY = re.compile(r"(?P<family>[a-z]*)(?P<version>\d+(\.\d+)*)?")


def check(settings: Mapping[str, Any], *, runtime: str | None = None, package_type: str = "Zip") -> None:
    """Refuse what the model takes and Lambda doesn't, of a function with this runtime and package where it is there.

    Words: snapshot, and public issues where not said otherwise.
    """
    _check_runtime(settings.get("Runtime"))
    _check_environment(settings.get("Environment") or {})
    _check_optimized(settings, settings.get("Runtime", runtime))
    _check_logging(settings.get("LoggingConfig") or {})
    network = settings.get("VpcConfig") or {}
    if bool(network.get("SubnetIds")) is not bool(network.get("SecurityGroupIds")):
        raise invalid_value("SubnetIds and SecurityIds must coexist or be both empty list.")
    if settings.get("PackageType", package_type) == "Zip" and any((settings.get("ImageConfig") or {}).values()):
        raise invalid_value("ImageConfig is for functions with a container image alone.")  # assumed


def check_created(settings: Mapping[str, Any]) -> None:
    """Refuse what no function is made of."""
    if settings.get("PackageType", "Zip") == "Zip":
        if not (settings.get("Runtime") and settings.get("Handler")):
            raise invalid_value(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
    elif any(settings.get(name) for name in ("Handler", "Layers", "Runtime")):
        raise invalid_value(
            "Please don't provide Handler or Runtime or Layer when the intent is to create a function with a container "
            "image."
        )


def variables(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the variables that Terraform leaves out when it takes the last one away."""
    return {"Variables": environment.get("Variables") or {}}


def _check_optimized(settings: Mapping[str, Any], runtime: str | None) -> None:
    """Refuse SnapStart for a runtime that has none (developer guide, "Lambda SnapStart")."""
    if (settings.get("SnapStart") or {}).get("ApplyOn") != "PublishedVersions" or runtime is None:
        return
    match = _FAMILY.match(runtime)
    family, version = (match["family"], match["version"]) if match else ("", None)
    if version is None or family not in _OPTIMIZED or _number(version) < _number(_OPTIMIZED[family]):
        raise invalid_value(f"{runtime} is not supported for SnapStart enabled functions.")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _check_logging(logging: Mapping[str, Any]) -> None:
    levels = {"ApplicationLogLevel", "SystemLogLevel"} & logging.keys()
    if levels and logging.get("LogFormat", "Text") != "JSON":
        raise invalid_value(f"{min(levels)} can be set only when LogFormat is JSON.")  # assumed


def _check_runtime(runtime: str | None) -> None:
    known = get_service_model("lambda").shape_for("Runtime").metadata["enum"]
    if runtime is not None and runtime not in known:
        raise invalid_value(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(known)}] or be a valid ARN"
        )
    if runtime in _NO_LONGER:
        raise invalid_value(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )


def _check_environment(environment: Mapping[str, Any]) -> None:
    given = variables(environment)["Variables"]
    if _WRAPPER in given:
        raise invalid_value(
            f"async-lab starts no handler by a script, which {_WRAPPER} asks for: leave it out, or use AWS."
        )
    if taken := sorted(_RESERVED_VARIABLES & set(given)):
        raise invalid_value(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )
    measured = json.dumps(given, separators=(",", ":"))
    if len(measured.encode()) > _ENVIRONMENT_BYTES:
        raise invalid_value(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}"
        )
