"""Whose request it is, and whether the role of a handler that calls allows it, in AWS's words.

Each execution environment has an access key of its own. Identity policies are read as Lambda's own checks read them; a
queue, a topic or a function may let the role in by its own policy instead. Whoever calls with other credentials, as
Terraform and tests do, may do everything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from html import unescape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.core.authorization import ActionAuthenticatorMixin
from moto.sts.models import STSBackend

from async_lab.endpoint.access import denials, identity_policies, needs, resource_policies
from async_lab.endpoint.access.identity_policies import ALLOW, DENY, RequiredPermission, allows_on_some_resource
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import error_response, signed_region
from async_lab.endpoint.invocation.invocations import RecursiveInvocation
from async_lab.endpoint.invocation.recursion import NOBODY, Lineage, following
from async_lab.endpoint.moto_patches import replace

_ACCESS_KEY = re.compile(r"(?:Credential=|X-Amz-Credential=)(?P<key>[A-Z0-9]{20})(?:/|%2F)")
_SIGNED = re.compile(r"(?:^|&)(?:X-Amz-)?Signature=")
_PREFIX = "ASIA"  # a temporary key, as Lambda's are


@dataclass(frozen=True, slots=True)
class Holder:
    """An execution environment, and the function version whose role it acts by."""

    environment_id: str
    account_id: str
    region: str
    function_name: str
    version: str

    @property
    def role_arn(self) -> str | None:
        """The function's role as it is now; None when the function is gone."""
        try:
            function = lambda_backends[self.account_id][self.region].get_function(self.function_name, self.version)
        except UnknownFunctionException:
            return None
        role: str = function.role
        return role

    @property
    def function_arn(self) -> str:
        """The function's ARN, without a qualifier."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.function_name}"

    @property
    def session_arn(self) -> str:
        """Who it is, as STS says it."""
        role = (self.role_arn or "").rpartition("/")[2]
        return f"arn:aws:sts::{self.account_id}:assumed-role/{role}/{self.function_name}"


class Holders:
    """The access keys of all execution environments."""

    def __init__(self) -> None:
        self._by_key: dict[str, Holder] = {}

    def issue(self, environment_id: str, function_name: str, version: str) -> str:
        """Return the access key of an environment, always the same. Its id begins with account and region."""
        account_id, region = environment_id.split("/")[:2]
        digest = hashlib.blake2b(environment_id.encode(), digest_size=10).digest()
        key = _PREFIX + base64.b32encode(digest).decode()
        self._by_key[key] = Holder(environment_id, account_id, region, function_name, version)
        return key

    def of_request(self, authorization: str, query: str) -> Holder | None:
        """Return whose request it is; None for everybody but handlers."""
        match = _ACCESS_KEY.search(authorization) or _ACCESS_KEY.search(query)
        return self._by_key.get(match["key"]) if match else None


calling: ContextVar[Holder | None] = ContextVar("calling", default=None)
"""Whose request is being answered on this thread."""


_INVOKE = re.compile(r"/20\d\d-\d\d-\d\d/functions/(?P<name>[^/]+)/(invocations|invoke-async)/?")
_KEY = re.compile(rb"<Key>(.*?)</Key>", re.DOTALL)
_CODES = {  # of each service's errors, from botocore's models
    "s3": ("AccessDenied", HTTPStatus.FORBIDDEN),
    "sqs": ("AccessDenied", HTTPStatus.FORBIDDEN),
    "sns": ("AuthorizationError", HTTPStatus.FORBIDDEN),
    "sts": ("AccessDenied", HTTPStatus.FORBIDDEN),
    "iam": ("AccessDenied", HTTPStatus.FORBIDDEN),
    "cloudwatch": ("AccessDenied", HTTPStatus.FORBIDDEN),
    "lambda": ("AccessDeniedException", HTTPStatus.FORBIDDEN),
}
_ELSEWHERE = ("AccessDeniedException", HTTPStatus.BAD_REQUEST)

_caller_identity = STSBackend.get_caller_identity


class AccessDenied(Exception):
    """A role doesn't allow what its function asks for, or ``denied_by``, as ``an identity-based policy``, denies it."""

    def __init__(self, holder: Holder, action: str, resource: str, denied_by: str | None = None) -> None:
        on = f" on resource: {resource}" if resource else ""
        why = (
            f"with an explicit deny in {denied_by}"
            if denied_by
            else f"because no identity-based policy allows the {action} action"
        )
        super().__init__(f"User: {holder.session_arn} is not authorized to perform: {action}{on} {why}")
        self.code, self.status = _CODES.get(action.partition(":")[0], _ELSEWHERE)


def install() -> None:
    """Have moto ask before it acts; again is no harm."""
    replace(ActionAuthenticatorMixin, "_authenticate_and_authorize_normal_action", _check)
    replace(ActionAuthenticatorMixin, "_authenticate_and_authorize_s3_action", _check_s3)
    replace(STSBackend, "get_caller_identity", _identity)


class RoleMiddleware:
    """WSGI middleware that knows whose request it is.

    ``lineage_of`` gives the chain of invocations that a handler's request belongs to; ``enforces`` says whether roles
    are asked.
    """

    def __init__(
        self,
        app: WsgiApp,
        holders: Holders,
        account_id: str,
        lineage_of: Callable[[Holder], Lineage],
        *,
        enforces: bool,
    ) -> None:
        self._app, self._holders, self._account_id, self._enforces = app, holders, account_id, enforces
        self._lineage_of = lineage_of

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass on what is allowed."""
        holder = self._holders.of_request(environ.get("HTTP_AUTHORIZATION", ""), environ.get("QUERY_STRING", ""))
        environ[_ENFORCES] = self._enforces
        token, asking = calling.set(holder), resource_policies.asks.set(self._asks(environ, holder))
        try:
            if holder and self._enforces and (match := _INVOKE.fullmatch(environ["PATH_INFO"])):
                denials.check(environ.get("HTTP_AUTHORIZATION", ""), "InvokeFunction")
                _ask(holder, "lambda:InvokeFunction", self._function(environ, unquote(match["name"])))
            with following(self._lineage_of(holder) if holder else NOBODY):
                return self._app(environ, start_response)
        except AccessDenied as denied:
            return error_response(environ, denied.status, denied.code, str(denied)).sent(start_response)
        except RecursiveInvocation as stopped:
            code = "RecursiveInvocationException"
            return error_response(environ, HTTPStatus.BAD_REQUEST, code, str(stopped)).sent(start_response)
        finally:
            resource_policies.asks.reset(asking)
            calling.reset(token)

    def _asks(self, environ: dict[str, Any], holder: Holder | None) -> resource_policies.Asks:
        if holder and self._enforces:
            return "role"
        is_signed = "HTTP_AUTHORIZATION" in environ or _SIGNED.search(environ.get("QUERY_STRING", ""))
        return "account" if is_signed else "anybody"

    def _function(self, environ: dict[str, Any], called: str) -> str:
        name = called.partition("function:")[2] or called
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [""])[0]
        named = f"{name}:{qualifier}" if qualifier and ":" not in name else name
        return f"arn:aws:lambda:{signed_region(environ)}:{self._account_id}:function:{named}"


_ENFORCES = "async_lab.enforces_roles"


def _is_asked(response: Any) -> Holder | None:
    """Return the handler whose request it is, where roles are enforced."""
    holder = calling.get()
    return holder if holder and response.normalized_request.environ.get(_ENFORCES) else None


def _check(response: Any, _resource: str = "*") -> None:
    service, operation = response.service_name, response._get_action()  # noqa: SLF001 - moto's own
    denials.check(response.headers.get("Authorization", ""), operation)
    if holder := _is_asked(response):
        asked = needs.members(response.body, response.querystring)
        for action, resource in needs.needs_of(service, operation, asked, response.region, holder.account_id):
            _ask(holder, action, resource)


def _check_s3(response: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
    action = response.data.get("Action") or "ListBuckets"
    action = needs.S3_ACTIONS.get(action, action)
    denials.check(response.headers.get("Authorization", ""), action)
    if not (holder := _is_asked(response)):
        return
    keys = [key_name] if key_name else []
    if action == "DeleteObject" and not keys:
        keys = [unescape(key.decode()) for key in _KEY.findall(response.raw_body or b"")]
    bucket = f"arn:aws:s3:::{bucket_name or '*'}"
    for resource in [f"{bucket}/{key}" for key in keys] or [bucket]:
        _ask(holder, f"s3:{action}", resource)


def _ask(holder: Holder, action: str, resource: str) -> None:
    """Raise AccessDenied unless the role, or the resource itself, allows it."""
    role_arn = holder.role_arn
    if role_arn is None:
        return
    request = {"aws:requestedregion": holder.region, "lambda:sourcefunctionarn": holder.function_arn}
    if resource == needs.ANY_RESOURCE:
        if not allows_on_some_resource(role_arn, action, request):
            raise AccessDenied(holder, action, resource)
        return
    own = identity_policies.decision(role_arn, RequiredPermission(action, resource), request)
    its = resource_policies.decision({role_arn, holder.session_arn}, action, resource)
    if own == DENY:
        raise AccessDenied(holder, action, resource, "an identity-based policy")
    if its == DENY:
        raise AccessDenied(holder, action, resource, "a resource-based policy")
    if ALLOW not in {own, its}:
        raise AccessDenied(holder, action, resource)


def _identity(backend: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    holder = calling.get()
    if holder is None:
        identity: tuple[str, str, str] = _caller_identity(backend, access_key_id, region)
        return identity
    return f"AROA{access_key_id[4:]}:{holder.function_name}", holder.session_arn, holder.account_id
