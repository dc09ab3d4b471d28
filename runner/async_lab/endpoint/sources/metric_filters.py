"""Metric filters of CloudWatch Logs: what they make of log events, and which of them are refused.

Source: CloudWatch Logs user guide, "Creating metrics from log events using filters"; API reference,
MetricTransformation; words from public issues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.logs import models as logs
from moto.logs.exceptions import InvalidParameterException, LogsClientError, ResourceNotFoundException

from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.sources import log_patterns

Sample = tuple[str, str, tuple[tuple[str, str], ...], float, float, str]
"""Namespace, name, dimensions, epoch second, value, unit."""

_MOST_DIMENSIONS = 3
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_put = logs.LogsBackend.put_metric_filter
_delete = logs.LogsBackend.delete_metric_filter


def install() -> None:
    """Have filters checked in the whole process; again is no harm."""
    replace(logs.LogsBackend, "put_metric_filter", _checked)
    replace(logs.LogsBackend, "delete_metric_filter", _deleted)


def samples(stream: logs.LogStream, log_events: list[dict[str, Any]]) -> Iterator[Sample]:
    """Yield what the metric filters of a stream's group make of log events."""
    backend = logs.logs_backends[stream.account_id][stream.region]
    for each in backend.filters.get_matching_filters(log_group_name=stream.log_group.name):
        matches = log_patterns.compiled(each["filterPattern"] or "")
        matching = [event for event in log_events if matches(event["message"])]
        for transformation in each["metricTransformations"]:
            yield from _transformed(transformation, each["filterPattern"] or "", matching)
            if not matching and transformation.get("defaultValue") is not None and log_events:
                yield _sample(transformation, (), log_events[0]["timestamp"], float(transformation["defaultValue"]))


def _transformed(transformation: Mapping[str, Any], pattern: str, log_events: list[dict[str, Any]]) -> Iterator[Sample]:
    wanted = str(transformation["metricValue"])
    for event in log_events:
        value = log_patterns.found(pattern, event["message"], wanted) if wanted.startswith("$") else wanted
        dimensions = {
            name: log_patterns.found(pattern, event["message"], selector)
            for name, selector in (transformation.get("dimensions") or {}).items()
        }
        if isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
            continue  # of what is no number there is no data point
        if all(each is not None for each in dimensions.values()):
            described = tuple(sorted((name, str(each)) for name, each in dimensions.items()))
            yield _sample(transformation, described, event["timestamp"], float(value))


def _sample(
    transformation: Mapping[str, Any], dimensions: tuple[tuple[str, str], ...], timestamp: float, value: float
) -> Sample:
    namespace, name = transformation["metricNamespace"], transformation["metricName"]
    return namespace, name, dimensions, timestamp / 1_000, value, transformation.get("unit") or "None"


def _checked(
    backend: logs.LogsBackend,
    filter_name: str,
    filter_pattern: str,
    log_group_name: str,
    metric_transformations: Any,
) -> None:
    """Refuse a filter that can't be; one that is there already is replaced, which moto would keep beside it."""
    if log_group_name not in backend.groups:
        raise ResourceNotFoundException
    try:
        log_patterns.compiled(filter_pattern or "")
    except log_patterns.UnknownPattern as error:
        raise InvalidParameterException(str(error)) from error
    for transformation in metric_transformations:
        _check(transformation, filter_pattern or "")
    backend.filters.delete_filter(filter_name, log_group_name)
    _put(backend, filter_name, filter_pattern, log_group_name, metric_transformations)


def _check(transformation: Mapping[str, Any], pattern: str) -> None:
    value, dimensions = str(transformation["metricValue"]), transformation.get("dimensions") or {}
    if not _NUMBER.fullmatch(value) and not log_patterns.selects(pattern, value):
        raise _invalid(f"metric value {value} must be a valid number")
    if not dimensions:
        return
    if transformation.get("defaultValue") is not None:
        raise _invalid("dimensions and default value are mutually exclusive properties")
    if not pattern.strip().startswith(("{", "[")):
        raise InvalidParameterException("The specified filter pattern does not support dimensions")
    if len(dimensions) > _MOST_DIMENSIONS:
        raise _invalid(f"at most {_MOST_DIMENSIONS} dimensions are allowed")  # assumed
    if not all(log_patterns.selects(pattern, str(selector)) for selector in dimensions.values()):
        raise _invalid("dimension value must be valid selector")


def _invalid(why: str) -> InvalidParameterException:
    return InvalidParameterException(f"Invalid metric transformation: {why}")


def _deleted(backend: logs.LogsBackend, filter_name: str | None = None, log_group_name: str | None = None) -> None:
    if log_group_name not in backend.groups:
        raise ResourceNotFoundException
    present = backend.filters.get_matching_filters(log_group_name=log_group_name)
    if not any(each["filterName"] == filter_name for each in present):
        raise LogsClientError("ResourceNotFoundException", "The specified metric filter does not exist.")
    _delete(backend, filter_name, log_group_name)
