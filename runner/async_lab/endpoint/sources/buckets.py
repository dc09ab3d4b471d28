"""S3: what a bucket tells of its objects, and whom."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote_plus

from moto.events.models import events_backends
from moto.s3 import models as s3
from moto.s3 import notifications
from moto.s3.exceptions import MissingKey, NoSuchUpload, S3ClientError
from moto.s3.responses import S3Response

from async_lab import arns
from async_lab.endpoint import trouble
from async_lab.endpoint.access.resource_policies import Caller
from async_lab.endpoint.delivery.targets import DeliveryFailed
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.sources import rules
from async_lab.endpoint.sources.reach import Reach

_EVENT_VERSION = "2.1"  # S3 user guide, "Event message structure"
_OWNER = "A3NL1KOZZKEXAMPLE"
_PRINCIPAL = "AWS:AIDAJDPLRKLG7UEXAMPLE"
_counter = itertools.count()
_FILTER_NAMES = (b"prefix", b"suffix")
_LONGEST_FILTER_BYTES = 1024  # S3 user guide, "Configuring event notifications using object key name filtering"
_filter_name = re.compile(rb"<Name>\s*([^<]*?)\s*</Name>")
_empty_value = re.compile(rb"<Value\s*/>|<Value>\s*</Value>")
_ANY = "async-lab: any value"
"""Stands for an empty value while moto reads it."""
_read_configuration = S3Response._notification_config_from_body  # noqa: SLF001 - moto's own
_delete_object_tagging = s3.S3Backend.delete_object_tagging
_put_object_tagging = S3Response.put_object_tagging
_tags_alone: ContextVar[bool] = ContextVar("tags_alone", default=False)
"""Whether a request is about tags alone: moto tells of tags with every object that is put."""
_muted: ContextVar[frozenset[str]] = ContextVar("muted", default=frozenset())
"""Events that moto would send and S3 doesn't, or sends otherwise, while a request is answered."""
_complete_upload, _delete_object = s3.S3Backend.complete_multipart_upload, s3.S3Backend.delete_object
_set_configuration = s3.FakeBucket.set_notification_configuration


class _Installed:
    reach: ClassVar[Reach]


def install(reach: Reach) -> None:
    """Let buckets reach functions, queues, topics and the event bus; calling again changes ``reach`` alone."""
    _Installed.reach = reach
    replace(s3.FakeBucket, "set_notification_configuration", _configure)
    replace(s3.Notification, "_key_matches", _key_matches)
    replace(S3Response, "put_object_tagging", _put_tags)
    replace(s3.S3Backend, "delete_object_tagging", _delete_tags)
    replace(S3Response, "_notification_config_from_body", _read)
    replace(s3.S3Backend, "complete_multipart_upload", _complete)
    replace(s3.S3Backend, "delete_object", _delete)
    for name in ("upload_part", "upload_part_copy"):
        replace(s3.S3Backend, name, _of_an_upload(_parts[name]))
    replace(notifications, "send_event", _object_changed)
    replace(notifications, "send_test_event", _test)


def _configure(bucket: s3.FakeBucket, wanted: dict[str, Any] | None) -> None:
    """Keep a configuration whose targets let the bucket in and of which no two would tell of the same object."""
    before = bucket.notification_configuration
    try:
        with_ours = wanted or {}
        present = s3.NotificationConfiguration(
            topic=with_ours.get("TopicConfiguration"),
            queue=with_ours.get("QueueConfiguration"),
            cloud_function=with_ours.get("CloudFunctionConfiguration"),
        )
        for notification in _all(present):
            _check_filter(notification)
        _check_overlaps(list(_all(present)))
        for notification in _all(present):
            _check_target(bucket, notification.arn)
        _set_configuration(bucket, wanted)
    except Exception:
        bucket.notification_configuration = before
        raise


def _read(response: S3Response) -> Any:
    """Read a configuration as S3 takes it: filters named in any case, and empty ones. moto fails at both."""
    body = response.body if isinstance(response.body, bytes) else response.body.encode()
    response.body = _empty_value.sub(f"<Value>{_ANY}</Value>".encode(), _filter_name.sub(_named, body))
    configuration = _read_configuration(response)
    for kind in ("TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration"):
        for notification in configuration.get(kind) or ():
            for rule in _rules(notification.get("Filter") or {}):
                rule["Value"] = "" if rule["Value"] == _ANY else rule["Value"]
    return configuration


def _named(name: re.Match[bytes]) -> bytes:
    if name[1].lower() not in _FILTER_NAMES:
        raise S3ClientError("InvalidArgument", "filter rule name must be either prefix or suffix")
    return b"<Name>" + name[1].lower() + b"</Name>"


_parts = {name: getattr(s3.S3Backend, name) for name in ("upload_part", "upload_part_copy")}


def _of_an_upload(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that says of an upload that isn't there what S3 says; moto fails."""

    def checked(backend: s3.S3Backend, bucket_name: str, multipart_id: str, *rest: Any, **options: Any) -> Any:
        if multipart_id not in backend.get_bucket(bucket_name).multiparts:
            raise NoSuchUpload(upload_id=multipart_id)
        return real(backend, bucket_name, multipart_id, *rest, **options)

    return checked


def _complete(backend: s3.S3Backend, bucket_name: str, multipart_id: str, body: Any) -> Any:
    """Tell of an upload that is complete as that, and not as an object that was put as well."""
    with _without("s3:ObjectCreated:Put"):
        return _of_an_upload(_complete_upload)(backend, bucket_name, multipart_id, body)


def _delete(
    backend: s3.S3Backend, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
) -> Any:
    """Tell of each version that is deleted, and of delete markers; moto tells of a key's last version alone."""
    bucket = backend.get_bucket(bucket_name)
    if not getattr(bucket, "is_versioned", False):
        return _delete_object(backend, bucket_name, key_name, version_id, bypass)
    before = list(bucket.keys.getlist(key_name, []))
    with _without("s3:ObjectRemoved:Delete"):
        answer = _delete_object(backend, bucket_name, key_name, version_id, bypass)
    if version_id is None:
        _object_changed(bucket.account_id, "s3:ObjectRemoved:DeleteMarkerCreated", bucket, bucket.keys[key_name])
    for gone in before:
        if version_id is not None and str(gone.version_id) == version_id:
            _object_changed(bucket.account_id, "s3:ObjectRemoved:Delete", bucket, gone)
    return answer


@contextmanager
def _without(event_name: str) -> Iterator[None]:
    token = _muted.set(_muted.get() | {event_name})
    try:
        yield
    finally:
        _muted.reset(token)


def _put_tags(response: S3Response) -> Any:
    token = _tags_alone.set(True)
    try:
        return _put_object_tagging(response)
    finally:
        _tags_alone.reset(token)


def _delete_tags(backend: s3.S3Backend, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
    if backend.get_object(bucket_name, key_name, version_id=version_id) is None:
        raise MissingKey(key=key_name)
    _delete_object_tagging(backend, bucket_name, key_name, version_id)


def _all(configuration: s3.NotificationConfiguration) -> Iterator[s3.Notification]:
    yield from (*configuration.cloud_function, *configuration.queue, *configuration.topic)


def _check_target(bucket: s3.FakeBucket, target_arn: str) -> None:
    if arns.parse(target_arn).region != bucket.region_name:
        return  # moto's to refuse
    try:
        _Installed.reach.check(_caller(bucket), target_arn)
    except DeliveryFailed as error:
        raise S3ClientError("InvalidArgument", "Unable to validate the following destination configurations") from error


def _check_filter(notification: s3.Notification) -> None:
    """Refuse a filter that S3 doesn't take (API reference, S3KeyFilter and FilterRule)."""
    rules_ = _rules(notification.filters)
    names = [rule["Name"] for rule in rules_]
    for name in names:
        if names.count(name) > 1:
            raise S3ClientError("InvalidArgument", f"Cannot specify more than one {name} rule in a filter.")
    if any(len((rule["Value"] or "").encode()) > _LONGEST_FILTER_BYTES for rule in rules_):
        raise S3ClientError(
            "InvalidArgument", "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"
        )


def _check_overlaps(notifications_: list[s3.Notification]) -> None:
    """Refuse two that could tell of the same object (S3 user guide, "Configuring event notifications")."""
    for one, other in itertools.combinations(notifications_, 2):
        if not any(_same_kind(event, another) for event in one.events for another in other.events):
            continue
        (prefix, suffix), (other_prefix, other_suffix) = _filters(one), _filters(other)
        if _either(str.startswith, prefix, other_prefix) and _either(str.endswith, suffix, other_suffix):
            if prefix or suffix or other_prefix or other_suffix:
                raise S3ClientError(
                    "InvalidArgument",
                    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the "
                    "prefixes are overlapping for the same event type.",
                )
            raise S3ClientError(
                "InvalidArgument",
                "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
            )


def _either(contains: Callable[[str, str], bool], one: str, other: str) -> bool:
    return contains(one, other) or contains(other, one)


def _same_kind(event: str, other: str) -> bool:
    """Whether both events can be one: ``s3:ObjectCreated:*`` covers ``s3:ObjectCreated:Put``."""
    return event == other or (
        event.rpartition(":")[0] == other.rpartition(":")[0]
        and "*" in {event.rpartition(":")[2], other.rpartition(":")[2]}
    )


def _filters(notification: s3.Notification) -> tuple[str, str]:
    """Return prefix and suffix."""
    found = {rule["Name"]: rule["Value"] for rule in _rules(notification.filters)}
    return found.get("prefix", ""), found.get("suffix", "")


def _rules(filter_: Any) -> list[dict[str, str]]:
    """Return the rules of a filter as moto has it."""
    rules_ = (filter_.get("S3Key") or {}).get("FilterRule") or []
    return rules_ if isinstance(rules_, list) else [rules_]


def _key_matches(notification: s3.Notification, key: str) -> bool:
    prefix, suffix = _filters(notification)
    return key.startswith(prefix) and key.endswith(suffix)


def _object_changed(account_id: str, event_name: Any, bucket: s3.FakeBucket, key: Any) -> None:
    """Tell everybody of a change. Who can't be reached doesn't hear of it: S3 says so nowhere."""
    configuration = bucket.notification_configuration
    name = str(getattr(event_name, "value", event_name))
    if configuration is None or name in _muted.get() or (name == "s3:ObjectTagging:Put" and not _tags_alone.get()):
        return
    for kind, notifications_ in _by_service(configuration):
        for notification in notifications_:
            if notification.matches(name, key.name):
                event = {"Records": [_record(name, bucket, key, notification.id)]}
                _tell(bucket, kind, notification.arn, json.dumps(event))
    if configuration.event_bridge is not None:
        with trouble.contained("telling the event bus of an object"):
            rules.send(events_backends[account_id][bucket.region_name], "default", _bus_event(name, bucket, key))


def _by_service(configuration: s3.NotificationConfiguration) -> Iterable[tuple[str, list[s3.Notification]]]:
    return (
        ("lambda", configuration.cloud_function),
        ("sqs", configuration.queue),
        ("sns", configuration.topic),
    )


def _test(account_id: str, bucket: s3.FakeBucket) -> None:  # noqa: ARG001 - moto's signature
    """Send queues and topics the message with which S3 tries them."""
    configuration = bucket.notification_configuration
    body = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _time(),
        "Bucket": bucket.name,
        "RequestId": _request_id(bucket.name),
        "HostId": _host_id(bucket.name),
    }
    for kind, notifications_ in _by_service(configuration):
        for arn in dict.fromkeys(each.arn for each in notifications_ if kind != "lambda"):
            _tell(bucket, kind, arn, json.dumps(body))


def _tell(bucket: s3.FakeBucket, kind: str, arn: str, body: str) -> None:
    reach, caller = _Installed.reach, _caller(bucket)
    with trouble.contained("telling of an object"):
        try:
            if kind == "lambda":
                reach.function(caller, arn, body.encode())
            elif kind == "sqs":
                reach.queue(caller, arn, body)
            else:
                reach.topic(caller, arn, body, "Amazon S3 Notification")
        except DeliveryFailed:
            return


def _caller(bucket: s3.FakeBucket) -> Caller:
    return Caller("s3.amazonaws.com", bucket.arn, bucket.account_id)


def _record(event_name: str, bucket: s3.FakeBucket, key: Any, configuration_id: str) -> dict[str, Any]:
    """Return one record as S3's user guide has it ("Event message structure")."""
    sequencer = _sequencer()
    described: dict[str, Any] = {"key": _encoded(key.name)}
    if not event_name.startswith("s3:ObjectRemoved"):
        described |= {"size": key.size, "eTag": key.etag.replace('"', "")}
    if bucket.is_versioned:
        described["versionId"] = key.version_id
    return {
        "eventVersion": _EVENT_VERSION,
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": _time(),
        "eventName": event_name.removeprefix("s3:"),
        "userIdentity": {"principalId": _PRINCIPAL},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": _request_id(sequencer), "x-amz-id-2": _host_id(sequencer)},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {"name": bucket.name, "ownerIdentity": {"principalId": _OWNER}, "arn": bucket.arn},
            "object": {**described, "sequencer": sequencer},
        },
    }


def _bus_event(event_name: str, bucket: s3.FakeBucket, key: Any) -> dict[str, Any]:
    """Return what the event bus hears (S3 user guide, "Using EventBridge")."""
    sequencer = _sequencer()
    _, kind, reason = event_name.split(":")
    removed = kind in {"ObjectRemoved", "LifecycleExpiration"}
    described: dict[str, Any] = {"key": key.name, "sequencer": sequencer}
    if not removed:
        described |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if bucket.is_versioned:
        described["version-id"] = key.version_id
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": described,
        "request-id": _request_id(sequencer),
        "requester": bucket.account_id,
        "source-ip-address": "127.0.0.1",
    }
    if removed:
        detail |= {
            "reason": "DeleteObject",
            "deletion-type": "Delete Marker Created" if reason == "DeleteMarkerCreated" else "Permanently Deleted",
        }
    elif kind == "ObjectCreated":
        detail["reason"] = f"{reason}Object" if reason in {"Put", "Post", "Copy"} else reason
    return {
        "detail-type": notifications._detail_type(event_name),  # noqa: SLF001 - moto's table
        "source": "aws.s3",
        "resources": [bucket.arn],
        "detail": detail,
    }


def _encoded(key: str) -> str:
    """Encode a key as S3 does: like a form, but for slashes."""
    return quote_plus(key, safe="/*").replace("~", "%7E")


def _sequencer() -> str:
    """Return a number in hexadecimal that is greater than all before."""
    return f"{round(_Installed.reach.now() * 1_000) << 24 | next(_counter) & 0xFFFFFF:018X}"


def _time() -> str:
    moment = datetime.fromtimestamp(_Installed.reach.now(), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03d}Z"


def _request_id(seed: str) -> str:
    return hashlib.blake2b(seed.encode(), digest_size=8).hexdigest().upper()


def _host_id(seed: str) -> str:
    return base64.b64encode(hashlib.blake2b(seed.encode(), digest_size=57).digest()).decode()
