"""How many tags a resource may have, and how each service says that there are too many."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend
from moto.utilities.tagging_service import TaggingService

from async_lab import arns
from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem
from async_lab.endpoint.moto_patches import replace

MOST_TAGS = 50  # AWS General Reference, "Tag naming limits and requirements"; of a bucket and a function as well

_ANY = "A resource can have no more than 50 tags."
_SAID = {
    "cloudwatch": ("InvalidParameterValue", _ANY),  # assumed
    "events": ("ValidationException", _ANY),  # assumed
    "lambda": ("InvalidParameterValueException", "Number of tags exceeds resource tag limit."),  # snapshot
    "logs": ("TooManyTagsException", _ANY),  # API reference, TagResource
    "s3": ("BadRequest", "Bucket tag count cannot be greater than 50"),  # public issues
    "sns": ("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded"),  # moto's own
    "sqs": ("InvalidParameterValue", "Too many tags added for queue {name}."),  # moto's own
}
"""Code and sentence by service, as botocore calls it. IAM's role of its own moto has."""
_tag_resource = TaggingService.tag_resource
_create_log_group = LogsBackend.create_log_group


def problem(call: ApiCall) -> Problem | None:
    """Return why AWS refuses a call that brings too many tags by itself; None when it doesn't."""
    tagging = call.parameters.get("Tagging")  # of an object put with its tags it is a header, which moto looks at
    of_bucket = tagging.get("TagSet") if isinstance(tagging, dict) else None
    given = call.parameters.get("Tags") or call.parameters.get("tags") or of_bucket or ()
    if (
        not isinstance(given, list | dict)
        or len(given) <= MOST_TAGS
        or call.service not in _SAID
        or call.operation.name == "PutObjectTagging"
    ):
        return None
    return _said(call.service, str(call.parameters.get("QueueName") or call.parameters.get("QueueUrl")))


def check(service: str, present: dict[str, Any], added: dict[str, Any]) -> Problem | None:
    """Return why AWS refuses to add tags to those that a resource has; None when it doesn't."""
    return _said(service) if len(present | added) > MOST_TAGS else None


def install() -> None:
    """Have moto count the tags that a resource has already, in the whole process; again is no harm."""
    replace(TaggingService, "tag_resource", _tag)
    replace(LogsBackend, "create_log_group", _create)


def _tag(tagger: TaggingService, arn: str, tags: list[dict[str, str]] | None) -> None:
    service = {"monitoring": "cloudwatch"}.get(arns.service_of(arn), arns.service_of(arn))
    added = {tag[tagger.key_name]: tag for tag in tags or ()}
    if service in _SAID and (refused := check(service, tagger.get_tag_dict_for_resource(arn), added)):
        if service == "cloudwatch":
            raise InvalidParameterValue(refused.message)
        raise JsonRESTError(refused.code, refused.message)
    _tag_resource(tagger, arn, tags)


def _create(backend: LogsBackend, log_group_name: str, tags: dict[str, str], **more: Any) -> Any:
    if refused := check("logs", {}, tags or {}):
        raise JsonRESTError(refused.code, refused.message)
    return _create_log_group(backend, log_group_name, tags, **more)


def _said(service: str, name: str = "") -> Problem:
    code, sentence = _SAID[service]
    return Problem(code, sentence.format(name=name.rpartition("/")[2]))
