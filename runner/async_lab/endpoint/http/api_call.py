"""Which operation of AWS's API a request asks for, and with which parameters: read by botocore's own model.

Every protocol ends in one form: a dict by the model's names, with what the request brings beside them under the names
that it has there. Values are not converted: a query's are texts, an XML document's too.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

from moto.core.model import OperationModel, Shape
from moto.core.request import Request
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model

from async_lab.endpoint.http import wire

_MODELS = {
    **{name: name for name in ("events", "iam", "lambda", "logs", "s3", "scheduler", "sns", "sqs", "sts")},
    **{name: name for name in ("dynamodb", "firehose", "kinesis", "kms", "secretsmanager", "ssm")},
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}
"""botocore's names of the services that are looked at, by the names that requests are signed for."""
_NO_MEMBERS = {"Action", "Version", "x-id"}
_FORM = "application/x-www-form-urlencoded"
_NAMESPACE = re.compile(r"{.*}")


class Malformed(Exception):
    """A body that can't be read in its protocol."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request to AWS."""

    service: str
    """As botocore calls it."""
    operation: OperationModel
    parameters: Mapping[str, Any]

    @property
    def shape(self) -> Shape | None:
        """What botocore's model says of the parameters; None for an operation without any."""
        shape: Shape | None = self.operation.input_shape
        return shape


_CALL, _ACTION = "async_lab.call", "async_lab.action"
_WITHOUT_SIGNATURE = "sts"
"""What forms without a signature are for: tokens of web identities, and SAML, are exchanged by them."""


def asked(environ: dict[str, Any]) -> ApiCall | None:
    """Return what a request asked for when it was read; None where that wasn't known."""
    return environ.get(_CALL)


def operation(environ: dict[str, Any]) -> str:
    """Return the name of the operation that a request asked for when it was read, or else its method and path."""
    call, target = asked(environ), environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    named: str = call.operation.name if call else target or environ.get(_ACTION, "")
    return named or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def read(environ: dict[str, Any]) -> ApiCall | None:
    """Return what a request asks for; None for services that aren't looked at, and for what no service knows.

    Raises Malformed.
    """
    environ[_CALL] = call = _read(environ)
    if call is None and environ.get("CONTENT_TYPE", "").startswith(_FORM):
        environ[_ACTION] = parse_qs(_body(environ).decode(errors="replace")).get("Action", [""])[0]
    return call


def _read(environ: dict[str, Any]) -> ApiCall | None:
    is_form = environ.get("CONTENT_TYPE", "").startswith(_FORM)
    if is_form and not wire.is_signed(environ):
        return _query(_WITHOUT_SIGNATURE, environ)
    service = _MODELS.get(wire.signed_service(environ))
    if service is None:
        return None
    if get_service_model(service).metadata["protocol"].startswith("rest"):
        return _rest(service, environ)
    return _query(service, environ) if is_form or "HTTP_X_AMZ_TARGET" not in environ else _json(service, environ)


def _query(service: str, environ: dict[str, Any]) -> ApiCall | None:
    in_path = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    form = in_path | parse_qs(_text(_body(environ)), keep_blank_values=True)
    operation = _named(service, form.pop("Action", [""])[0])
    if operation is None:
        return None
    members = (name for name in form if name not in _NO_MEMBERS and not name.startswith("X-Amz-"))
    values = {name: form[name][0] for name in members}
    return ApiCall(service, operation, _from_form(operation.input_shape, values) if operation.input_shape else {})


def _json(service: str, environ: dict[str, Any]) -> ApiCall | None:
    operation = _named(service, environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2])
    return None if operation is None else ApiCall(service, operation, _object(_body(environ)))


def _rest(service: str, environ: dict[str, Any]) -> ApiCall | None:
    try:
        operation, path = get_service_router(service).match(Request(environ))
    except (NotFound, NotImplementedError):
        return None
    shape = operation.input_shape
    if shape is None:
        return ApiCall(service, operation, {})
    unasked = None if service == "s3" else _NO_MEMBERS | operation.http_trait.query_args.keys()
    parameters = dict(_located(shape, environ, path, unasked))
    parameters.update(_payload(service, shape, environ))
    return ApiCall(service, operation, parameters)


def _located(
    shape: Shape, environ: dict[str, Any], path: Mapping[str, Any], unasked: Collection[str] | None
) -> Iterator[tuple[str, Any]]:
    """Yield what stands in the path, in the query and in the headers.

    What else the query has is yielded too, but for the names in ``unasked``; nothing of it when that is None: S3 tells
    its operations apart by words of the query.
    """
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    for name, member in shape.members.items():
        where, called = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            yield name, unquote(str(path.get(called, "")))
        elif where == "querystring" and called in query:
            given = query.pop(called)
            yield name, given if member.type_name == "list" else given[0]
        elif where == "header" and (header := environ.get(f"HTTP_{called.upper().replace('-', '_')}")) is not None:
            yield name, header
    if unasked is not None:
        others = ((name, given[0]) for name, given in query.items() if name not in unasked)
        yield from (other for other in others if not other[0].startswith("X-Amz-"))


def _payload(service: str, shape: Shape, environ: dict[str, Any]) -> Mapping[str, Any]:
    """Return what stands in the body, but for a body that is one member's bytes."""
    named = shape.serialization.get("payload")
    if named and shape.members[named].type_name != "structure":
        return {}
    in_body = [name for name, member in shape.members.items() if "location" not in member.serialization]
    content = _body(environ) if in_body else b""
    if not content:
        return {}
    if get_service_model(service).metadata["protocol"] == "rest-json":
        return _by_model(shape, _object(content))
    document = _from_xml(shape.members[named] if named else shape, _document(content))
    return {named: document} if named else document


def _named(service: str, operation: str) -> OperationModel | None:
    model = get_service_model(service)
    return model.operation_model(operation) if operation in model.operation_names else None


def _body(environ: dict[str, Any]) -> bytes:
    """Return a request's body, unpacked, and leave it to whoever reads it next."""
    content = wire.peeked(environ)
    if environ.get("HTTP_CONTENT_ENCODING") != "gzip":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise Malformed("The body is no gzip") from error


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Malformed(str(error)) from error


def _object(content: bytes) -> dict[str, Any]:
    try:
        given = json.loads(content or b"{}")
    except (ValueError, RecursionError) as error:
        raise Malformed(f"Could not parse request body into json: {error}") from error
    if not isinstance(given, dict):
        raise Malformed("Could not parse request body into json: it is no object")
    return given


def _document(content: bytes) -> ET.Element:
    try:
        return ET.fromstring(content)  # noqa: S314 - from this machine, as everything that gets here
    except ET.ParseError as error:
        raise Malformed(f"The XML you provided was not well-formed: {error}") from error


def _by_model(shape: Shape, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body's members by the model's names."""
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    return {names.get(called, called): value for called, value in given.items()}


def _from_form(shape: Shape, values: Mapping[str, str]) -> Any:
    """Return what a query's ``Metrics.member.1.Id=m`` says, for the members below one."""
    if "" in values and (len(values) == 1 or shape.type_name not in {"structure", "list", "map"}):
        return [] if shape.type_name == "list" and not values[""] else values[""]
    parts: dict[str, dict[str, str]] = {}
    for path, value in values.items():
        first, _, rest = path.partition(".")
        parts.setdefault(first, {})[rest] = value
    if shape.type_name == "structure":
        names = {_form_name(member, name): name for name, member in shape.members.items()}
        return {
            names.get(first, first): _from_form(shape.members[names[first]], below) if first in names else below
            for first, below in parts.items()
        }
    if shape.type_name == "list":
        members = parts if shape.is_flattened else _numbered(parts, shape.member.serialization.get("name", "member"))
        return [_from_form(shape.member, members[number]) for number in sorted(members, key=_number)]
    if shape.type_name == "map":
        entries = parts if shape.is_flattened else _numbered(parts, "entry")
        return dict(_entry(shape, entries[number]) for number in sorted(entries, key=_number))
    return values


def _form_name(member: Shape, name: str) -> str:
    called = member.serialization.get("locationNameForQueryCompatibility") or member.serialization.get("name", name)
    if member.type_name == "list" and member.is_flattened:
        return str(member.member.serialization.get("name", called))
    return str(called)


def _numbered(parts: Mapping[str, dict[str, str]], word: str) -> dict[str, dict[str, str]]:
    numbered: dict[str, dict[str, str]] = {}
    for path, value in parts.get(word, {}).items():
        number, _, rest = path.partition(".")
        numbered.setdefault(number, {})[rest] = value
    return numbered


def _number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (0, text)


def _entry(shape: Shape, values: Mapping[str, str]) -> tuple[str, Any]:
    key = shape.key.serialization.get("name", "key")
    value = shape.value.serialization.get("name", "value")
    below = {path[len(value) :].lstrip("."): given for path, given in values.items() if path.startswith(value)}
    return values.get(key, ""), _from_form(shape.value, below)


def _from_xml(shape: Shape, element: ET.Element) -> Any:
    if shape.type_name != "structure":
        return element.text or ""
    lists = {_xml_name(member, name): name for name, member in shape.members.items()}
    given: dict[str, Any] = _attributes(shape, element)
    for child in element:
        called = _NAMESPACE.sub("", child.tag)
        name = lists.get(called, called)
        member = shape.members.get(name)
        if member is None:
            given[name] = child.text or ""
        elif member.type_name != "list":
            given[name] = _from_xml(member, child)
        elif member.is_flattened:
            given.setdefault(name, []).append(_from_xml(member.member, child))
        else:
            given[name] = [_from_xml(member.member, item) for item in child]
    return given


def _attributes(shape: Shape, element: ET.Element) -> dict[str, Any]:
    """Return the members that stand in an element's tag: of S3's, the type of a grantee."""
    by_name = {_NAMESPACE.sub("", called): value for called, value in element.attrib.items()}
    given = {}
    for name, member in shape.members.items():
        called = member.serialization.get("name", name).rpartition(":")[2]
        if member.serialization.get("xmlAttribute") and called in by_name:
            given[name] = by_name[called]
    return given


def _xml_name(member: Shape, name: str) -> str:
    called = member.serialization.get("name", name)
    if member.type_name == "list" and member.is_flattened:
        return str(member.member.serialization.get("name", called))
    return str(called)
