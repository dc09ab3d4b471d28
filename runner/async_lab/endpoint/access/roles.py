"""Whose request it is, and whether the role of who calls allows it, in AWS's words.

Each execution environment has an access key of its own, and so has a role that is assumed. Identity policies are read
as Lambda's own checks read them; a queue, a topic or a function may let the role in by its own policy instead. Whoever
calls with other credentials, as Terraform and tests do, may do everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from html import unescape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.core import utils
from moto.core.authorization import ActionAuthenticatorMixin
from moto.sts.models import STSBackend

from async_lab.endpoint.access import denials, identity_policies, needs, resource_policies
from async_lab.endpoint.access.identity_policies import ALLOW, DENY, RequiredPermission, allows_on_some_resource
from async_lab.endpoint.access.principals import Holder, Holders, Principal, RoleSession, calling
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response, error_response, signed_region, signed_service
from async_lab.endpoint.invocation.invocations import RecursiveInvocation
from async_lab.endpoint.invocation.recursion import NOBODY, Lineage, following
from async_lab.endpoint.moto_patches import replace

_SIGNED = re.compile(r"(?:^|&)(?:X-Amz-)?Signature=")
_INVOKE = re.compile(
    r"/20\d\d-\d\d-\d\d/functions/(?P<name>[^/]+)/(invocations|invoke-async|response-streaming-invocations)/?"
)
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


class Refused(Exception):
    """What a principal asks for is refused."""

    def __init__(self, code: str, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class AccessDenied(Refused):
    """Policies don't allow what a principal asks for; ``why`` says which, in AWS's words."""

    def __init__(self, session_arn: str, action: str, resource: str, why: str = "") -> None:
        on = f" on resource: {resource}" if resource else ""
        message = f"User: {session_arn} is not authorized to perform: {action}{on}{why and f' {why}'}"
        code, status = _CODES.get(action.partition(":")[0], _ELSEWHERE)
        super().__init__(code, message, status)


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
        caller = self._holders.of_request(environ.get("HTTP_AUTHORIZATION", ""), environ.get("QUERY_STRING", ""))
        if isinstance(caller, RoleSession) and caller.expires_at <= utils.unix_time():
            return _expired(environ).sent(start_response)
        environ[_ENFORCES] = self._enforces
        token, asking = calling.set(caller), resource_policies.asks.set(self._asks(environ, caller))
        try:
            if caller and self._enforces and (match := _INVOKE.fullmatch(environ["PATH_INFO"])):
                denials.check(environ.get("HTTP_AUTHORIZATION", ""), "InvokeFunction")
                function = self._function(environ, unquote(match["name"]))
                _ask(caller, "lambda:InvokeFunction", function, signed_region(environ))
            with following(self._lineage_of(caller.holder) if caller and caller.holder else NOBODY):
                return self._app(environ, start_response)
        except Refused as refused:
            return error_response(environ, refused.status, refused.code, str(refused)).sent(start_response)
        except RecursiveInvocation as stopped:
            code = "RecursiveInvocationException"
            return error_response(environ, HTTPStatus.BAD_REQUEST, code, str(stopped)).sent(start_response)
        finally:
            resource_policies.asks.reset(asking)
            calling.reset(token)

    def _asks(self, environ: dict[str, Any], caller: Principal | None) -> resource_policies.Asks:
        if caller and self._enforces:
            return "role"
        is_signed = "HTTP_AUTHORIZATION" in environ or _SIGNED.search(environ.get("QUERY_STRING", ""))
        return "account" if is_signed else "anybody"

    def _function(self, environ: dict[str, Any], called: str) -> str:
        name = called.partition("function:")[2] or called
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [""])[0]
        named = f"{name}:{qualifier}" if qualifier and ":" not in name else name
        return f"arn:aws:lambda:{signed_region(environ)}:{self._account_id}:function:{named}"


_ENFORCES = "async_lab.enforces_roles"
_EXPIRED = "The security token included in the request is expired"


def _expired(environ: dict[str, Any]) -> Response:
    service = signed_service(environ)
    is_query = service in {"s3", *_FORBIDS_BY_QUERY}
    status = HTTPStatus.FORBIDDEN if service in {"lambda", *_FORBIDS_BY_QUERY} else HTTPStatus.BAD_REQUEST
    return error_response(environ, status, "ExpiredToken" if is_query else "ExpiredTokenException", _EXPIRED)


_FORBIDS_BY_QUERY = {"iam", "monitoring", "sns", "sqs", "sts"}
"""Services whose errors are those of the query protocol."""


def enforces(response: Any) -> bool:
    """Whether roles are asked for a request that moto answers."""
    return bool(response.normalized_request.environ.get(_ENFORCES))


def _check(response: Any, _resource: str = "*") -> None:
    service, operation = response.service_name, response._get_action()  # noqa: SLF001 - moto's own
    denials.check(response.headers.get("Authorization", ""), operation)
    if (caller := calling.get()) and enforces(response):
        asked = needs.members(response.body, response.querystring)
        for action, resource in needs.needs_of(service, operation, asked, response.region, response.current_account):
            _ask(caller, action, resource, response.region)


def _check_s3(response: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
    action = response.data.get("Action") or "ListBuckets"
    action = needs.S3_ACTIONS.get(action, action)
    denials.check(response.headers.get("Authorization", ""), action)
    caller = calling.get()
    if caller is None or not enforces(response):
        return
    keys = [key_name] if key_name else []
    if action == "DeleteObject" and not keys:
        keys = [unescape(key.decode()) for key in _KEY.findall(response.raw_body or b"")]
    bucket = f"arn:aws:s3:::{bucket_name or '*'}"
    for resource in [f"{bucket}/{key}" for key in keys] or [bucket]:
        _ask(caller, f"s3:{action}", resource, response.region)


def _ask(caller: Principal, action: str, resource: str, region: str) -> None:
    """Raise AccessDenied unless the role, or the resource itself, allows it, and the session as well."""
    if caller.role_arn is None:
        return
    function_arn = caller.function_arn if isinstance(caller, Holder) else None
    request = {"aws:requestedregion": region, "lambda:sourcefunctionarn": function_arn}
    own = _own_decision(caller.role_arn, action, resource, request)
    its = resource_policies.decision({caller.role_arn, caller.session_arn}, action, resource) if resource else None
    session: str | None = ALLOW
    if caller.session_policies:
        session = _own_decision(caller.role_arn, action, resource, request, caller.session_policies)
    said = {"an identity-based policy": own, "a resource-based policy": its, "a session policy": session}
    for policy, decision in said.items():
        if decision == DENY:
            raise AccessDenied(caller.session_arn, action, resource, f"with an explicit deny in {policy}")
    for allowing, policy in (({own, its}, "identity-based"), ({session}, "session")):
        if ALLOW not in allowing:
            why = f"because no {policy} policy allows the {action} action"
            raise AccessDenied(caller.session_arn, action, resource, why)


def _own_decision(
    role_arn: str,
    action: str,
    resource: str,
    request: Mapping[str, str | None],
    documents: tuple[str, ...] | None = None,
) -> str | None:
    """Return what a role's policies say, or ``documents`` in their place."""
    if resource == needs.ANY_RESOURCE:
        return ALLOW if allows_on_some_resource(role_arn, action, request, documents) else None
    return identity_policies.decision(role_arn, RequiredPermission(action, resource), request, documents)


def _identity(backend: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    caller = calling.get()
    if not isinstance(caller, Holder):
        identity: tuple[str, str, str] = _caller_identity(backend, access_key_id, region)
        return identity
    return f"AROA{access_key_id[4:]}:{caller.function_name}", caller.session_arn, caller.account_id
