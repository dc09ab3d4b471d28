"""Holds each request against botocore's model, and against ``members.toml``, before anybody acts on it.

The table says which members somebody acts on, which are only kept, and which are refused. A member that changes what
happens on AWS and nothing here would be a silent lie, so that everything is refused which stands neither among those
acted on nor among those kept: members that are newer than this endpoint, too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from moto.core.model import Shape

from async_lab.endpoint.http import api_call, bucket_checks, constraints, object_checks, tag_limits, value_checks
from async_lab.endpoint.http.api_call import ApiCall, Malformed
from async_lab.endpoint.http.constraints import Problem
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response, error_response, missing


@dataclass(frozen=True, slots=True)
class Members:
    """Of one operation, by their paths: ``Metrics.MetricStat.Stat``; of lists and maps what is in them."""

    acted_on: frozenset[str]
    kept: frozenset[str]
    """They change nothing that the lab shows, and read back where AWS lets one read them."""
    refused: frozenset[str]
    """``DurableConfig.*`` is all below one."""
    harmless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values with which one that is refused says what is so anyway."""


@cache
def table() -> Mapping[str, Mapping[str, Members]]:
    """Return the table: operations by service, as botocore calls both."""
    read = tomllib.loads(files("async_lab.endpoint.http").joinpath("members.toml").read_text())
    return {
        service: {operation: _members(said) for operation, said in operations.items()}
        for service, operations in read.items()
    }


def models(call: ApiCall) -> bool:
    """Return whether the table has the call's operation."""
    return call.operation.name in table().get(call.service, {})


def unmodeled(call: ApiCall) -> str | None:
    """Return the first member of a call that nobody acts on nor keeps; None where there is none, or no table."""
    members = table().get(call.service, {}).get(call.operation.name)
    if members is None or call.shape is None:
        return None
    known = members.acted_on | members.kept
    for path, value in given(call.shape, call.parameters):
        if path in known or _is_above(path, known) or str(value).lower() in members.harmless.get(path, ()):
            continue
        return _widest(path, known)
    return None


def given(shape: Shape, value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each member that a request gives a value, with its value; what the model doesn't know, by its own name."""
    if value is None:
        return
    if shape.type_name == "structure" and shape.members and isinstance(value, Mapping):
        for name, below in value.items():
            member, at = shape.members.get(name), f"{path}.{name}" if path else name
            if member is not None:
                yield from given(member, below, at)
            elif below is not None:
                yield at, below
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from given(shape.member, item, path)
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from given(shape.value, item, f"{path}.{key}" if _keys(shape) else path)
    else:
        yield path, value


def leaves(shape: Shape, path: str = "", above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the paths of all members that a shape has."""
    if shape.type_name == "structure" and shape.members and shape.name not in above:
        for name, member in shape.members.items():
            yield from leaves(member, f"{path}.{name}" if path else name, (*above, shape.name))
    elif shape.type_name == "list":
        yield from leaves(shape.member, path, above)
    elif shape.type_name == "map":
        for at in [f"{path}.{key}" for key in _keys(shape)] or [path]:
            yield from leaves(shape.value, at, above)
    else:
        yield path


def _keys(shape: Shape) -> list[str]:
    """Return the keys that a map may have, where the model lists them: SQS's attributes are members in all but name."""
    keys: list[str] = shape.key.metadata.get("enum") or []
    return keys


def _members(said: Mapping[str, Any]) -> Members:
    acted_on, kept, refused = (frozenset(said.get(kind, "").split()) for kind in ("acted_on", "kept", "refused"))
    return Members(acted_on, kept, refused, {path: tuple(values) for path, values in said.get("harmless", {}).items()})


def _widest(path: str, known: frozenset[str]) -> str:
    """Return the uppermost member of a path below which nothing is known."""
    parts = path.split(".")
    tops = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return next(top for top in tops if not _is_above(top, known))


def _is_above(path: str, known: frozenset[str]) -> bool:
    """Whether some member below a path is known; one that has a value of another kind is not ours to judge."""
    return any(other.startswith(f"{path}.") for other in known)


_OURS = {"lambda", "cloudwatch"}
"""Of these an operation that has no table is none that anybody acts on, whatever moto makes of it."""
_ABSENT = re.compile(
    r"(Create|Delete|Get|Put)Bucket(Abac|(Analytics|IntelligentTiering|Metadata(Table)?|Metrics)Configuration)"
    r"|UpdateBucketMetadata\w+|\w+ObjectAnnotations?|DeleteBucketInventoryConfiguration|PutBucketRequestPayment"
    r"|PutBucket(Inventory|Replication)\w*"
    r"|GetObject(Retention|Torrent)|RenameObject|UpdateObjectEncryption|CreateSession|ListDirectoryBuckets"
)
"""Of S3's operations those that moto takes for others, as to delete a bucket's metrics, which would delete the bucket;
and those that it keeps for nobody who acts on them: nothing is replicated, and no inventory written."""
_UNREAD = {"AssumeRoleWithSAML": "an assertion", "AssumeRoleWithWebIdentity": "a token"}
"""Of STS' operations those that take what only somebody else can judge."""
_NEVER_ACTS = {
    "AnyScaleFrontendService.RegisterScalableTarget": "scale anything, such as provisioned concurrency,",
    "AWSStepFunctions.GetExecutionHistory": "run executions of Step Functions, which have no history here,",
    "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken": "serve images, for which one would log in,",
}
"""What moto would keep and nobody acts on, or make up, by the target that a request names."""


class ModelCheck:
    """WSGI middleware that refuses what nobody would act on."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass on, or say what is wrong."""
        refused = _refusal(environ)
        return refused.sent(start_response) if refused else self._app(environ, start_response)


def _refusal(environ: dict[str, Any]) -> Response | None:
    try:
        call = api_call.read(environ)
    except Malformed as error:
        problem: Problem | None = Problem("SerializationException", str(error))
    else:
        if call and _is_absent(call):
            return missing(environ, call.operation.name)
        if call and call.service == "sts" and call.operation.name in _UNREAD:
            return missing(environ, f"{call.operation.name}, as nobody here could read {_UNREAD[call.operation.name]},")
        problem = _of_what_never_acts(environ) or (_problem(call, environ) if call else None)
    return error_response(environ, HTTPStatus.BAD_REQUEST, problem.code, problem.message) if problem else None


def _is_absent(call: ApiCall) -> bool:
    if call.service in _OURS:
        return not models(call)
    return call.service == "s3" and _ABSENT.fullmatch(call.operation.name) is not None


def _problem(call: ApiCall, environ: dict[str, Any]) -> Problem | None:
    if member := unmodeled(call):
        return _not_modeled(f"model {member} of {call.operation.name}")
    if call.service == "s3":
        by_service = object_checks.problem(call, environ) or bucket_checks.problem(call)
    else:
        by_service = constraints.problem(call)
    return tag_limits.problem(call) or by_service or value_checks.problem(call)


def _of_what_never_acts(environ: dict[str, Any]) -> Problem | None:
    what = _NEVER_ACTS.get(environ.get("HTTP_X_AMZ_TARGET", ""))
    return _not_modeled(what) if what else None


def _not_modeled(what: str) -> Problem:
    return Problem("ValidationException", f"async-lab doesn't {what} yet: leave it out, or use AWS.")
