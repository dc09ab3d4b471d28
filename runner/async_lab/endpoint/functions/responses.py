"""The requests of Lambda's API that moto answers differently from AWS, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from moto.awslambda import models, urls
from moto.awslambda.exceptions import UnknownFunctionException, UnknownLayerException
from moto.core.utils import get_service_model
from moto.moto_api._internal import mock_random

from async_lab import arns
from async_lab.endpoint.functions import late_queue, requests
from async_lab.endpoint.functions.concurrency import ConcurrencyRequests, limit_account
from async_lab.endpoint.functions.event_invoke_config import EventInvokeConfigRequests
from async_lab.endpoint.functions.model import Function, LayerVersion, check_sha256, check_zipped
from async_lab.endpoint.functions.policies import PolicyRequests
from async_lab.endpoint.functions.refusals import Refusal, check_revision, conflict, invalid_value, too_large
from async_lab.endpoint.functions.requests import LATEST, NO_CONTENT, Answer, Requests, answer, changing
from async_lab.endpoint.functions.urls import UrlRequests
from async_lab.endpoint.http import tag_limits
from async_lab.endpoint.http.wire import lambda_error
from async_lab.endpoint.moto_patches import add_route, replace, replace_route
from async_lab.endpoint.sources.mappings import MappingRequests
from async_lab.twin.rules import ACCOUNT_CONCURRENCY

_LONGEST_NAME = 64  # API reference, CreateFunction; the model's 140 are those of an ARN
_PAGE = 50
"""How many items of a list Lambda gives at the most (API reference, MaxItems)."""
_FIRST_ERROR = 400
_CODE_REQUEST_BYTES = 70_167_211
"""Of a request with code (snapshot, November 2023; 69,905,067 before)."""
_REQUEST_BYTES = {"UpdateFunctionConfiguration": 5_120}  # public issues, 2016 to May 2024
_NOT_LISTED = (  # API reference, ListFunctions
    *("State", "StateReason", "StateReasonCode"),
    *("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"),
)


class FunctionsResponse(EventInvokeConfigRequests, ConcurrencyRequests, PolicyRequests, UrlRequests, MappingRequests):
    """All of them; functions, versions, aliases and layers themselves are moto's."""

    def call_action(self) -> Any:
        """Answer, with errors in AWS's form and lists in pages."""
        status, headers, body = super().call_action()
        if int(status) >= _FIRST_ERROR:
            return status, headers, _error(headers, body)
        return status, headers, self._page(body)

    def create_function(self) -> Any:
        """Make a function; whatever calls it, its name is all that is kept."""
        self._check_size()
        request = self.json_body
        called = requests.read_name(request["FunctionName"])
        if called is None or len(called.name) > _LONGEST_NAME:
            raise Refusal(
                400,
                "ValidationException",
                f"1 validation error detected: Value '{request['FunctionName']}' at 'functionName' failed to satisfy "
                f"constraint: Member must have length less than or equal to {_LONGEST_NAME}",
            )
        late_queue.check(request.get("Tags") or {})
        self.body = json.dumps(request | {"FunctionName": called.name})
        return super().create_function()

    def get_function(self) -> Answer:
        """Return a function with its code's location."""
        found = json.loads(super().get_function())
        return answer(200, found | {"Configuration": self._called(found["Configuration"])})

    def get_function_configuration(self) -> Answer:
        """Return a function's configuration."""
        return answer(200, self._called(json.loads(super().get_function_configuration())))

    def list_functions(self) -> Answer:
        """List functions, or all their versions."""
        return answer(200, {"Functions": _listed(json.loads(super().list_functions())["Functions"])})

    def list_versions_by_function(self) -> Answer:
        """List a function's versions."""
        return answer(200, {"Versions": _listed(json.loads(super().list_versions_by_function())["Versions"])})

    def update_function_configuration(self) -> Any:
        """Change a function's configuration, one change at a time."""
        self._check_size()
        function = self._function()
        check_revision(self.json_body.get("RevisionId"), function.revision_id)
        with changing(function.function_arn, self.headers.get("Authorization", "")):
            return super().update_function_configuration()

    def update_function_code(self) -> Any:
        """Change a function's code, one change at a time."""
        self._check_size()
        function = self._function()
        check_revision(self.json_body.get("RevisionId"), function.revision_id)
        with changing(function.function_arn, self.headers.get("Authorization", "")):
            return super().update_function_code()

    def delete_function(self) -> Answer:
        """Delete a function, or one of its versions; a version that isn't there is no error."""
        name, qualifier = self._named()
        function = self._function()
        aliases = self.backend.list_aliases(name)
        if qualifier == LATEST:
            raise invalid_value("$LATEST version cannot be deleted without deleting the function.")  # snapshot
        if qualifier in {alias.name for alias in aliases}:
            raise invalid_value("Deletion of aliases is not currently supported.")  # snapshot
        if qualifier and (alias := next((each for each in aliases if qualifier in _versions_of(each)), None)):
            raise conflict(f"Version {qualifier} can't be deleted: the alias {alias.name} references it.")  # doc; ours
        with suppress(UnknownFunctionException):
            self.backend.delete_function(name, qualifier)
            _forget(function, qualifier or "")
        return NO_CONTENT

    def create_alias(self) -> Any:
        """Make an alias."""
        self._check_routing(self.json_body["FunctionVersion"])
        return super().create_alias()

    def publish_version(self) -> Any:
        """Publish the code that the caller knows, if they say which."""
        function = self._function()
        check_revision(self._get_param("RevisionId"), function.revision_id)
        check_sha256(self._get_param("CodeSha256"), function.code_sha_256)
        return super().publish_version()

    def get_alias(self) -> Answer:
        """Return an alias."""
        return answer(200, json.loads(super().get_alias()[2]))

    def list_aliases(self) -> Answer:
        """List a function's aliases, or those of one version."""
        aliases = json.loads(super().list_aliases()[2])["Aliases"]
        version = (self.querystring.get("FunctionVersion") or [None])[0]
        return answer(200, {"Aliases": [each for each in aliases if version in {None, each["FunctionVersion"]}]})

    def update_alias(self) -> Answer:
        """Change an alias."""
        alias = self.backend.get_alias(self.path.rsplit("/", 1)[-1], self._function().function_name)
        check_revision(self.json_body.get("RevisionId"), alias.revision_id)
        self._check_routing(self.json_body.get("FunctionVersion") or alias.function_version)
        super().update_alias()
        alias.revision_id = str(mock_random.uuid4())
        return answer(200, alias.to_json())

    def delete_alias(self) -> Answer:
        """Delete an alias with what was configured for it (assumed of the event-invoke config)."""
        super().delete_alias()
        _forget(self._function(), self.path.rsplit("/", 1)[-1])
        return NO_CONTENT

    def get_function_recursion_config(self) -> Answer:
        """Return what becomes of a function that triggers itself."""
        return answer(200, {"RecursiveLoop": self._function().recursive_loop})

    def put_function_recursion_config(self) -> Answer:
        """Say what becomes of a function that triggers itself."""
        self._function().recursive_loop = self._get_param("RecursiveLoop")
        return self.get_function_recursion_config()

    def delete_layer_version(self) -> Answer:
        """Delete a layer's version."""
        super().delete_layer_version()
        return NO_CONTENT

    def get_layer_version_by_arn(self) -> Answer:
        """Return what GetLayerVersion does, by the version's ARN."""
        layer = self.backend.layers_versions_by_arn(self.querystring["Arn"][0])
        if layer is None:
            raise UnknownLayerException
        return answer(200, layer.get_layer_version())

    def publish_layer_version(self) -> Any:
        """Publish a layer's next version."""
        self._check_size()
        return super().publish_layer_version()

    def tag_resource(self) -> Answer:
        """Tag a function or a mapping."""
        arn = unquote(self.path.rsplit("/", 1)[-1])
        if arns.service_of(arn) == "lambda" and arns.parse(arn).qualifier and ":function:" in arn:
            raise invalid_value(  # snapshot
                "Tags on function aliases and versions are not supported. Please specify a function ARN."
            )
        if not self.json_body["Tags"]:
            raise invalid_value("An error occurred and the request cannot be processed.")  # snapshot
        if refused := tag_limits.check("lambda", self.backend.list_tags(arn), self.json_body["Tags"]):
            raise invalid_value(refused.message)
        late_queue.check(self.json_body["Tags"])
        super().tag_resource()
        return NO_CONTENT

    def _check_routing(self, version: str) -> None:
        """Refuse to route an alias's invocations to what it can't be routed to. Words: snapshot."""
        weights = (self.json_body.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        if len(weights) > 1:
            raise invalid_value("Number of items in AdditionalVersionWeights cannot be greater than 1")
        for other in weights:
            if other == version:
                raise invalid_value(
                    f"Invalid function version {version}. Function version {version} is already included in routing "
                    "configuration."
                )
            if LATEST in {version, other}:
                raise invalid_value("$LATEST is not supported for an alias pointing to more than 1 version")
            self.backend.get_function(self._named()[0], other)  # 404 for one that isn't there

    def _check_size(self) -> None:
        """Refuse a package, and then a request, that is larger than Lambda takes directly."""
        operation, request = self._get_action(), self.json_body
        check_zipped((request.get("Code") or request.get("Content") or request).get("ZipFile"))
        limit = _REQUEST_BYTES.get(operation, _CODE_REQUEST_BYTES)
        if len(self.body) > limit:
            raise too_large(f"Request must be smaller than {limit} bytes for the {operation} operation")

    def _called(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Return a configuration with the ARN under which it was asked for: an alias's is its own."""
        qualifier = self._named()[1]
        if qualifier is None:
            return configuration
        return configuration | {"FunctionArn": f"{self._function().function_arn}:{qualifier}"}

    def _page(self, body: Any) -> Any:
        """Return the part of a list that MaxItems and Marker ask for; anything else as it is."""
        operation = get_service_model("lambda").operation_model(self._get_action())
        if not operation.input_shape or "MaxItems" not in operation.input_shape.members:
            return body
        answered = json.loads(body)
        (key,) = (name for name, member in operation.output_shape.members.items() if member.type_name == "list")
        marker = (self.querystring.get("Marker") or ["0"])[0]
        if not marker.isdecimal():
            raise invalid_value("Invalid marker.")
        first, size = int(marker), min(int((self.querystring.get("MaxItems") or [_PAGE])[0]), _PAGE)
        more = {"NextMarker": str(first + size)} if first + size < len(answered[key]) else {}
        return json.dumps(answered | {key: answered[key][first : first + size]} | more)


def _versions_of(alias: Any) -> set[str]:
    """Return the versions that an alias points to."""
    routed = ((alias.routing_config or {}).get("AdditionalVersionWeights") or {}).keys()
    return {alias.function_version, *routed}


def _forget(function: Function, qualifier: str) -> None:
    """Drop what was configured for a qualifier that is gone."""
    for settings in (function.event_invoke_configs, function.provisioned, function.policies, function.urls):
        settings.pop(qualifier, None)


def _listed(configurations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in configuration.items() if name not in _NOT_LISTED}
        for configuration in configurations
    ]


def _error(headers: dict[str, Any], body: Any) -> Any:
    """Return an error of moto's in Lambda's form."""
    try:
        said = json.loads(body)
    except (TypeError, ValueError):
        return body
    lowered = {name.lower(): value for name, value in headers.items()}
    code = said.get("__type") or lowered.get("x-amzn-errortype")
    message = said.get("message", said.get("Message"))
    return json.dumps(lambda_error(code, message)) if code and message is not None else body


_FEWER = r"[\w_:%-]+"
"""What a function may be called in moto's paths; Lambda's own have ``$LATEST`` too, and refuse the rest by name."""
_PATHS_UNKNOWN_TO_MOTO = (
    r"{0}/(?P<api_version>[^/]+)/account-settings/?$",
    r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[^/]+)/provisioned-concurrency/?$",
    r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[^/]+)/recursion-config/?$",
    r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[^/]+)/urls/?$",
)


def install(now: Callable[[], float], account_concurrency: int = ACCOUNT_CONCURRENCY) -> None:
    """Make moto keep and answer functions as Lambda does, in the time that ``now`` tells (epoch seconds).

    Call it before moto's application takes its first Lambda request; calling again changes the clock and the account's
    concurrency alone.
    """
    limit_account(account_concurrency)
    replace(models, "LambdaFunction", Function)
    replace(models, "LayerVersion", LayerVersion)
    Function.now = Requests.now = staticmethod(now)
    for pattern in list(urls.url_paths):
        replace_route(urls.url_paths, pattern, FunctionsResponse.dispatch)
    ours = [pattern.replace(_FEWER, "[^/]+") for pattern in urls.url_paths if _FEWER in pattern]
    for pattern in (*ours, *_PATHS_UNKNOWN_TO_MOTO):
        add_route(urls.url_paths, pattern, FunctionsResponse.dispatch)
