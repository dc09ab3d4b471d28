"""What follows from a log event: its subscribers hear of it, and metrics are made of it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar

from moto.logs import models as logs
from moto.logs.exceptions import InvalidParameterException, LogsClientError, ResourceNotFoundException
from moto.logs.responses import LogsResponse

from async_lab import arns
from async_lab.cloudwatch.store import MINUTE, SECOND
from async_lab.endpoint import cloudwatch, json_text, trouble
from async_lab.endpoint.access.resource_policies import Caller
from async_lab.endpoint.delivery.targets import DeliveryFailed
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.sources import insights, log_patterns, metric_filters
from async_lab.endpoint.sources.insights import NotUnderstood
from async_lab.endpoint.sources.log_patterns import UnknownPattern
from async_lab.endpoint.sources.metric_filters import Sample
from async_lab.endpoint.sources.reach import Reach

_MOST_DIMENSIONS = 30  # of a metric in the embedded metric format (doc)

_describe_subscription_filters = LogsResponse.describe_subscription_filters
_pass_on = logs.LogStream._send_log_events  # noqa: SLF001 - the one way from a log to its subscribers
_put_log_events = logs.LogStream.put_log_events
_put_subscription_filter = logs.LogsBackend.put_subscription_filter


class _Installed:
    reach: ClassVar[Reach]


def install(reach: Reach) -> None:
    """Let logs reach functions and become metrics; calling again changes ``reach`` alone."""
    _Installed.reach = reach
    replace(logs.LogStream, "_send_log_events", _tell)
    replace(logs.LogStream, "put_log_events", _written)
    replace(logs, "EventMessageFilter", _Filter)
    replace(logs.LogsBackend, "put_subscription_filter", _checked_subscription)
    replace(logs, "execute_query", _query)
    replace(LogsResponse, "start_query", _start_query)
    replace(logs.LogsBackend, "get_query_results", _results)
    replace(LogsResponse, "describe_subscription_filters", _describe_subscriptions)
    metric_filters.install()


def _written(stream: logs.LogStream, log_events: list[dict[str, Any]]) -> Any:
    token = _put_log_events(stream, log_events)
    with trouble.contained("making metrics of a log"):
        store = cloudwatch.store(stream.account_id, stream.region)
        for sample in metric_filters.samples(stream, log_events):
            store.put(*sample)
        for sample, resolution in _embedded(log_events):
            store.put(*sample, resolution=resolution)
    return token


# Subscribers


def _tell(
    stream: logs.LogStream, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, Any]]
) -> None:
    """Pass on what matches; whoever writes the log doesn't wait to hear what becomes of that."""
    with trouble.contained(f"passing a log on to {service}"):
        matches = log_patterns.compiled(stream.log_group.subscription_filters[filter_name].filter_pattern or "")
        matching = [event for event in log_events if matches(event["message"])]
        if not matching:
            return
        if service != "lambda":
            _pass_on(stream, service, destination_arn, filter_name, matching)
            return
        caller = _caller(stream.account_id, stream.region, stream.log_group.name)
        try:
            _Installed.reach.function(caller, destination_arn, _event(stream, filter_name, matching))
        except DeliveryFailed:
            return


def _caller(account_id: str, region: str, group: str) -> Caller:
    return Caller("logs.amazonaws.com", f"arn:aws:logs:{region}:{account_id}:log-group:{group}:*", account_id)


def _event(stream: logs.LogStream, filter_name: str, log_events: list[dict[str, Any]]) -> bytes:
    """Return the event of a subscription filter (CloudWatch Logs user guide, "Subscription filters with Lambda")."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": stream.account_id,
        "logGroup": stream.log_group.name,
        "logStream": stream.log_stream_name,
        "subscriptionFilters": [filter_name],
        "logEvents": log_events,
    }
    packed = gzip.compress(json.dumps(data).encode(), mtime=0)
    return json.dumps({"awslogs": {"data": base64.b64encode(packed).decode()}}).encode()


def _checked_subscription(
    backend: logs.LogsBackend,
    log_group_name: str,
    filter_name: str,
    filter_pattern: str,
    destination_arn: str,
    role_arn: str,
) -> None:
    """Refuse a pattern that isn't one, and a function that doesn't let the log in."""
    _check_pattern(filter_pattern)
    if not arns.service_of(destination_arn):
        raise InvalidParameterException(f"{destination_arn} is no ARN that a subscription can have as its destination.")
    if arns.service_of(destination_arn) == "lambda":
        try:
            caller = _caller(backend.account_id, backend.region_name, log_group_name)
            _Installed.reach.check(caller, destination_arn)
        except DeliveryFailed as error:
            raise InvalidParameterException(
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
                "your function."
            ) from error
    _put_subscription_filter(backend, log_group_name, filter_name, filter_pattern, destination_arn, role_arn)


# Metrics


def _embedded(log_events: list[dict[str, Any]]) -> Iterator[tuple[Sample, int]]:
    """Yield the metrics of log events in the embedded metric format, each with its resolution in seconds.

    A log event that isn't well formed has none (doc).
    """
    for event in log_events:
        if '"_aws"' not in event["message"]:
            continue
        try:
            told = json_text.read(event["message"])
            metadata = told["_aws"]
            at = float(metadata["Timestamp"]) / 1_000
            yield from list(_directives(told, metadata["CloudWatchMetrics"], at))
        except (ValueError, KeyError, TypeError):
            continue


def _directives(
    told: Mapping[str, Any], directives: list[Mapping[str, Any]], at: float
) -> Iterator[tuple[Sample, int]]:
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            if len(names) > _MOST_DIMENSIONS:
                continue
            dimensions = tuple(sorted((name, str(told[name])) for name in names))
            for metric in directive["Metrics"]:
                values = told[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    unit = metric.get("Unit") or "None"
                    sample = directive["Namespace"], metric["Name"], dimensions, at, float(value), unit
                    yield sample, SECOND if metric.get("StorageResolution") == SECOND else MINUTE


def _describe_subscriptions(response: LogsResponse) -> str:
    """List subscriptions, by the beginning of their names if a request asks; moto lists all."""
    found = json.loads(_describe_subscription_filters(response))["subscriptionFilters"]
    prefix = response._get_param("filterNamePrefix") or ""  # noqa: SLF001 - moto's own
    return json.dumps({"subscriptionFilters": [each for each in found if each["filterName"].startswith(prefix)]})


# Logs Insights


_limit: ContextVar[int | None] = ContextVar("limit", default=None)
"""What a request says of how many log events a query gives at the most."""


def _start_query(response: LogsResponse) -> str:
    """Run a query; moto reads neither where else a request names its log groups, nor its limit."""
    ask = response._get_param  # noqa: SLF001 - moto's own
    language, limit = ask("queryLanguage") or "CWLI", ask("limit")
    if language != "CWLI":
        raise InvalidParameterException(f"async-lab runs no {language} queries yet: leave queryLanguage out.")
    named = [*(ask("logGroupNames") or ()), *filter(None, [ask("logGroupName")])]
    identified = [str(each).partition(":log-group:")[2] or str(each) for each in ask("logGroupIdentifiers") or ()]
    if bool(named) is bool(identified):
        raise InvalidParameterException("Name the log groups by logGroupName, logGroupNames or logGroupIdentifiers.")
    groups = [each.removesuffix(":*") for each in named or identified]
    span = int(ask("startTime")), int(ask("endTime"))
    token = _limit.set(None if limit is None else int(limit))
    try:
        query_id = response.logs_backend.start_query(groups, *span, ask("queryString"))
    finally:
        _limit.reset(token)
    return json.dumps({"queryId": query_id})


def _query(log_groups: list[logs.LogGroup], query: str, start_time: int, end_time: int) -> list[dict[str, str]]:
    """Return what a query finds from one epoch second to another; moto's filters nothing."""
    try:
        parsed = insights.parse(query)
    except NotUnderstood as error:
        raise MalformedQuery(str(error)) from error
    events = (
        {
            "@timestamp": event.timestamp,
            "@message": event.message,
            "@ingestionTime": event.ingestion_time,
            "@logStream": stream.log_stream_name,
            "@log": f"{group.account_id}:{group.name}",
            "@ptr": event.event_id,
        }
        for group in log_groups
        for stream in group.streams.values()
        for event in stream.events
        if start_time * 1_000 <= event.timestamp <= end_time * 1_000
    )
    return parsed.answer(events, _limit.get())


def _results(backend: logs.LogsBackend, query_id: str) -> logs.LogQuery:
    if query_id not in backend.queries:
        raise ResourceNotFoundException("Query not found")
    return backend.queries[query_id]


class MalformedQuery(LogsClientError):
    """A query that can't be run."""

    def __init__(self, message: str) -> None:
        super().__init__("MalformedQueryException", message)


def _check_pattern(pattern: str) -> log_patterns.Matches:
    try:
        return log_patterns.compiled(pattern or "")
    except UnknownPattern as error:
        raise InvalidParameterException(str(error)) from error


class _Filter:
    """What FilterLogEvents looks for; moto's own finds everything where it can't read a pattern."""

    def __init__(self, pattern: str) -> None:
        self.matches = _check_pattern(pattern)
