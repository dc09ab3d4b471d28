"""Event source mappings of queues: what is kept of them, and what Lambda refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from moto.awslambda.models import LambdaBackend, lambda_backends
from moto.moto_api._internal import mock_random
from moto.sqs.models import Queue, sqs_backends

from async_lab import arns
from async_lab.endpoint import json_text
from async_lab.endpoint.access.identity_policies import RequiredPermission
from async_lab.endpoint.functions.deployed import FunctionNotFound, ResolvedFunction, find
from async_lab.endpoint.functions.refusals import (
    Refusal,
    check_execution_role,
    conflict,
    invalid_value,
    not_found,
)
from async_lab.endpoint.functions.requests import Answer, Requests, answer
from async_lab.endpoint.sources import event_patterns
from async_lab.endpoint.sources.event_patterns import InvalidPattern, Pattern

PARTIAL_FAILURES = "ReportBatchItemFailures"

_KEPT = {"KMSKeyArn", "MetricsConfig"}
_ACTED_ON = {
    "BatchSize",
    "Enabled",
    "EventSourceArn",
    "FilterCriteria",
    "FunctionName",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "ScalingConfig",
    "Tags",
    "UUID",
}
_MOST_FILTERS = 5  # developer guide, "Lambda event filtering", without a quota of one's own
_BATCH_SIZE = 10  # API reference: the default of queues, and the most without a window and of FIFO queues
_NEEDS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")  # developer guide, "Permissions"


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """Has Lambda poll a queue for a function."""

    uuid: str
    account_id: str
    region: str
    queue_arn: str
    function_arn: str
    """As the mapping was made for it: with an alias or a version, or without a qualifier."""
    modified_at: float
    enabled: bool = True
    batch_size: int = _BATCH_SIZE
    window_seconds: int = 0
    maximum_concurrency: int | None = None
    reports_failures: bool = False
    filters: tuple[str, ...] = ()
    """Patterns, of which a message must match one."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """What is read back and changes nothing that the lab shows."""
    tags: dict[str, str] = field(default_factory=dict)
    """moto reads and changes them by the mapping's ARN."""

    @property
    def arn(self) -> str:
        """The mapping's own ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:event-source-mapping:{self.uuid}"

    @property
    def function_name(self) -> str:
        """The function's name."""
        return arns.parse(self.function_arn).name

    @property
    def qualifier(self) -> str | None:
        """The alias or version; None for the function itself."""
        return arns.parse(self.function_arn).qualifier

    @property
    def queue(self) -> Queue | None:
        """The queue; None when it is gone."""
        return _queue(self.queue_arn)

    def response(self, state: str) -> dict[str, Any]:
        """Return the mapping as Lambda answers it."""
        scaling = (
            {"ScalingConfig": {"MaximumConcurrency": self.maximum_concurrency}} if self.maximum_concurrency else {}
        )
        patterns = [{"Pattern": pattern} for pattern in self.filters]
        return {
            "UUID": self.uuid,
            "EventSourceMappingArn": self.arn,
            "EventSourceArn": self.queue_arn,
            "FunctionArn": self.function_arn,
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.window_seconds,
            "FunctionResponseTypes": [PARTIAL_FAILURES] if self.reports_failures else [],
            "LastModified": self.modified_at,
            "State": state,
            "StateTransitionReason": "USER_INITIATED",
            **({"FilterCriteria": {"Filters": patterns}} if patterns else {}),
            **scaling,
            **self.kept,
        }

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether a message passes the filters. A body that is JSON is looked into (developer guide)."""
        if not self.filters:
            return True
        try:
            body = json_text.read(record["body"])
        except ValueError:
            body = record["body"]
        seen = {**record, "body": body}
        return any(event_patterns.matches(_filter(pattern), seen) for pattern in self.filters)


@lru_cache(maxsize=256)
def _filter(text: str) -> Pattern:
    return event_patterns.parse(text)


def all_of(account_id: str) -> list[QueueMapping]:
    """Return the mappings of all regions."""
    backends = list(lambda_backends[account_id].values())
    return [mapping for backend in backends for mapping in list(_kept(backend).values())]


def create(backend: LambdaBackend, request: Mapping[str, Any], at: float) -> QueueMapping:
    """Make one. Raises a Refusal."""
    _check_members(request)
    queue_arn = request.get("EventSourceArn") or ""
    function = _function(backend, request.get("FunctionName") or "")
    mapping = _changed(
        QueueMapping(
            uuid=str(mock_random.uuid4()),
            account_id=backend.account_id,
            region=backend.region_name,
            queue_arn=queue_arn,
            function_arn=_arn(function),
            modified_at=at,
            tags=dict(request.get("Tags") or {}),
        ),
        request,
        at,
    )
    for other in _kept(backend).values():
        if (other.queue_arn, other.function_arn) == (mapping.queue_arn, mapping.function_arn):
            raise conflict(
                f'An event source mapping with SQS arn (" {queue_arn} ") and function (" {function.name} ") already '
                f"exists. Please update or delete the existing mapping with UUID {other.uuid}"
            )
    _check(mapping, function)
    _kept(backend)[mapping.uuid] = mapping
    return mapping


def update(backend: LambdaBackend, uuid: str, request: Mapping[str, Any], at: float) -> QueueMapping:
    """Change what the request names. Raises a Refusal."""
    _check_members(request)
    mapping = get(backend, uuid)
    if name := request.get("FunctionName"):
        mapping = replace(mapping, function_arn=_arn(_function(backend, name)))
    mapping = _changed(mapping, request, at)
    _check(mapping, _function(backend, mapping.function_arn))
    _kept(backend)[uuid] = mapping
    return mapping


def get(backend: LambdaBackend, uuid: str) -> QueueMapping:
    """Return one. Raises a Refusal (404)."""
    try:
        return _kept(backend)[uuid]
    except KeyError:
        raise not_found("The resource you requested does not exist.") from None


def delete(backend: LambdaBackend, uuid: str) -> QueueMapping:
    """Forget one. Raises a Refusal (404)."""
    mapping = get(backend, uuid)
    del _kept(backend)[uuid]
    return mapping


def listed(backend: LambdaBackend, function: str | None, source_arn: str | None) -> list[QueueMapping]:
    """Return those of a function, by name or ARN, and of a queue."""
    wanted = None if function is None else _arn_of(backend, function)
    return [
        mapping
        for mapping in _kept(backend).values()
        if wanted in {None, mapping.function_arn} and source_arn in {None, mapping.queue_arn}
    ]


def _kept(backend: LambdaBackend) -> dict[str, QueueMapping]:
    mappings: dict[str, QueueMapping] = backend._event_source_mappings  # noqa: SLF001 - gone when moto is reset
    return mappings


def _changed(mapping: QueueMapping, request: Mapping[str, Any], at: float) -> QueueMapping:
    changes: dict[str, Any] = {"modified_at": at}
    if "Enabled" in request:
        changes["enabled"] = request["Enabled"]
    if request.get("BatchSize") is not None:
        changes["batch_size"] = int(request["BatchSize"])
    if request.get("MaximumBatchingWindowInSeconds") is not None:
        changes["window_seconds"] = int(request["MaximumBatchingWindowInSeconds"])
    if "ScalingConfig" in request:
        changes["maximum_concurrency"] = (request["ScalingConfig"] or {}).get("MaximumConcurrency")
    if "FunctionResponseTypes" in request:
        changes["reports_failures"] = PARTIAL_FAILURES in (request["FunctionResponseTypes"] or ())
    if "FilterCriteria" in request:
        filters = (request["FilterCriteria"] or {}).get("Filters") or ()
        if len(filters) > _MOST_FILTERS:
            raise invalid_value(f"Filter count {len(filters)} exceeds the limit of {_MOST_FILTERS}.")  # assumed
        changes["filters"] = tuple(each["Pattern"] for each in filters if each.get("Pattern"))
    changes["kept"] = {**mapping.kept, **{name: request[name] for name in _KEPT if name in request}}
    return replace(mapping, **changes)


def _check_members(request: Mapping[str, Any]) -> None:
    """Refuse by name what nobody acts on, before anything is made."""
    arn = request.get("EventSourceArn")
    if arn and arns.service_of(arn) != "sqs":
        raise invalid_value(
            f"async-lab polls queues alone: it doesn't model event sources of {arns.service_of(arn)} yet."
        )
    if (
        "EventSourceArn" not in request
        and "UUID" not in request
        and any(name in request for name in ("SelfManagedEventSource", "Topics", "Queues"))
    ):
        raise invalid_value("async-lab polls queues alone: it doesn't model self-managed event sources yet.")
    meant = {name for name, value in request.items() if value not in (None, "", [], {})}
    if unknown := sorted(meant - _ACTED_ON - _KEPT):
        raise invalid_value(f"{', '.join(unknown)} can't be given for a queue.")


def _check(mapping: QueueMapping, function: ResolvedFunction) -> None:
    """Refuse what Lambda does; the sentences are its own."""
    queue = mapping.queue
    if queue is None:
        raise invalid_value(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    check_execution_role(function.role_arn, tuple(RequiredPermission(need, mapping.queue_arn) for need in _NEEDS))
    timeout = round(function.deployment.timeout_seconds)
    if int(queue.visibility_timeout) < timeout:
        raise invalid_value(
            f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than Function timeout: "
            f"{timeout} seconds"
        )
    if queue.fifo_queue and mapping.window_seconds:
        raise invalid_value("Batching window is not supported for FIFO queues.")
    if mapping.batch_size > _BATCH_SIZE and (queue.fifo_queue or not mapping.window_seconds):
        raise invalid_value(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
            if not queue.fifo_queue
            else "Maximum batch size for FIFO queues is 10."
        )
    for pattern in mapping.filters:
        try:
            _filter(pattern)
        except InvalidPattern as error:
            raise invalid_value(f"Invalid filter pattern definition. ({error})") from error


def _function(backend: LambdaBackend, called: str) -> ResolvedFunction:
    arn = _arn_of(backend, called)
    parsed = arns.parse(arn)
    try:
        return find(backend.account_id, backend.region_name, parsed.name, parsed.qualifier)
    except FunctionNotFound as error:
        raise Refusal(404, "ResourceNotFoundException", f"Function does not exist: {arn}") from error


def _arn_of(backend: LambdaBackend, called: str) -> str:
    """Return the ARN of a function by its name, its ARN or a part of it, each with or without a qualifier."""
    name = called.partition("function:")[2] or called
    return f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}"


def _arn(function: ResolvedFunction) -> str:
    return function.arn.removesuffix(":$LATEST")


def _queue(queue_arn: str) -> Queue | None:
    arn = arns.parse(queue_arn)
    return sqs_backends[arn.account_id][arn.region].queues.get(arn.name)


class MappingRequests(Requests):
    """Made, changed, read back and deleted; each is at once what it was asked to become."""

    def create_event_source_mapping(self) -> Answer:
        """Make a mapping."""
        return answer(202, create(self.backend, self.json_body, self._at()).response("Creating"))

    def get_event_source_mapping(self) -> Answer:
        """Return a mapping."""
        return answer(200, _present(get(self.backend, self._uuid())))

    def update_event_source_mapping(self) -> Answer:
        """Change a mapping."""
        changed = update(self.backend, self._uuid(), self.json_body, self._at())
        return answer(202, changed.response("Updating"))

    def delete_event_source_mapping(self) -> Answer:
        """Delete a mapping."""
        return answer(202, delete(self.backend, self._uuid()).response("Deleting"))

    def list_event_source_mappings(self) -> Answer:
        """Return the mappings of a function or of a queue, or all."""
        asked = [(self.querystring.get(name) or [None])[0] for name in ("FunctionName", "EventSourceArn")]
        found = listed(self.backend, *asked)
        return answer(200, {"EventSourceMappings": [_present(mapping) for mapping in found]})

    def _uuid(self) -> str:
        return str(self.path.rstrip("/").rsplit("/", 1)[-1])


def _present(mapping: QueueMapping) -> dict[str, object]:
    return mapping.response("Enabled" if mapping.enabled else "Disabled")
