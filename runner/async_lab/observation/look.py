"""Look at any function as it stands: read-only, and each call may be refused without the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from async_lab.observation import alarms, failed_requests, history, triggers
from async_lab.observation.configuration import LATEST, PERMISSIONS, Configuration, read_configuration
from async_lab.observation.failure_targets import Clients, read_failure_targets
from async_lab.observation.gaps import Gap, Looks
from async_lab.observation.invokers import read_invokers
from async_lab.observation.metrics import ages_of, collect, dimensions_of, sums, unreserved_by_minute
from async_lab.observation.observations import Observations

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

ACTIONS = (
    *PERMISSIONS.values(),
    *triggers.ACTIONS,
    failed_requests.ACTION,
    history.ACTION,
    "lambda:GetPolicy",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
    "events:DescribeEventBus",
    "s3:ListBucket",
    "sns:ListSubscriptionsByTopic",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
)
"""The IAM actions that all of it takes: each reads, none changes anything."""


def look_at(clients: Clients, function_name: str, qualifier: str | None, start: float, end: float) -> Observations:
    """Return what is to be seen of a function from ``start`` to ``end`` (epoch seconds).

    ``qualifier`` looks at what went to one alias or version; None at all together. Raises UsageError when there is no
    such function, EnvironmentFailure when CloudWatch doesn't give its metrics whole, and what boto3 raises when it
    refuses them: without metrics there is nothing to say.
    """
    looks = Looks()
    lambda_, cloudwatch = clients("lambda"), clients("cloudwatch")
    configuration = read_configuration(lambda_, function_name, looks, qualifier)
    seen = look_at_metrics(cloudwatch, configuration, qualifier, start, end, looks)
    received: Mapping[str, float] | None
    if qualifier is None:
        received = looks.at(
            "which qualifiers the events were sent to",
            "cloudwatch:ListMetrics",
            lambda: received_by_qualifier(cloudwatch, configuration, start, end),
        )
    else:
        received = {qualifier: seen.metrics["AsyncEventsReceived"].total}
    return replace(
        seen,
        received_by_qualifier=received,
        failure_targets=tuple(read_failure_targets(clients, configuration, end, looks)),
        alarms=looks.at(
            "the function's alarms", "cloudwatch:DescribeAlarms", lambda: alarms.standing(cloudwatch, function_name)
        ),
        invokers=looks.at(
            "who may invoke the function", "lambda:GetPolicy", lambda: read_invokers(lambda_, function_name, qualifier)
        ),
        gaps=tuple(looks.gaps),
    )


def look_at_metrics(
    client: CloudWatchClient,
    configuration: Configuration,
    qualifier: str | None,
    start: float,
    end: float,
    looks: Looks,
) -> Observations:
    """Return what CloudWatch alone shows of a function from ``start`` to ``end`` (epoch seconds).

    Raises EnvironmentFailure when it doesn't give the function's metrics whole, and what boto3 raises when it refuses
    them.
    """
    name = configuration.function_name
    return Observations(
        start=start,
        end=end,
        metrics=collect(client, name, start, end, qualifier=qualifier),
        configuration=configuration,
        recursions_stopped=looks.at(
            "invocations that Lambda stopped as recursive",
            "cloudwatch:GetMetricData",
            lambda: _recursions_stopped(client, name, qualifier, start, end),
        ),
        unreserved_by_minute=looks.at(
            "how much of the account's concurrency was in use",
            "cloudwatch:GetMetricData",
            lambda: unreserved_by_minute(client, start, end),
        ),
    )


def look_closer(clients: Clients, seen: Observations, qualifier: str | None) -> Observations:
    """Return with what was seen of a function also what takes more calls.

    Who changed it, what its log says of failed requests, what its triggers do, how late events were as a distribution.
    """
    looks, function = Looks(), seen.configuration.function
    name = seen.configuration.function_name
    return replace(
        seen,
        changes=history.read_changes(clients("cloudtrail"), name, seen.end, looks),
        failed_requests=_failed_requests(clients, seen, qualifier, looks),
        ages=looks.at(
            "how old events were at their attempts",
            "cloudwatch:GetMetricData",
            lambda: ages_of(
                clients("cloudwatch"), name, None if qualifier is None else f"{name}:{qualifier}", seen.start, seen.end
            ),
        ),
        triggers=None
        if seen.invokers is None or function is None
        else triggers.read_triggers(clients, function.arn, seen.invokers, looks),
        gaps=(*seen.gaps, *looks.gaps),
    )


def _failed_requests(
    clients: Clients, seen: Observations, qualifier: str | None, looks: Looks
) -> tuple[failed_requests.FailedRequest, ...] | None:
    """Return what the log says of the last errors; None where it isn't known in which log they would be.

    Of a qualifier they are its versions', however these were invoked: a log names no alias.
    """
    function = seen.configuration.function
    errors = [point.minute for point in seen.metrics["Errors"].points if point.sum]
    if not errors or function is None or function.log_group is None:
        return None if errors else ()
    versions = None if qualifier is None else seen.configuration.versions_of(qualifier)
    found = failed_requests.read_failed_requests(
        clients("logs"), function.log_group, errors[-1], function.timeout_seconds, looks, versions
    )
    if found and qualifier in (seen.configuration.aliases or ()):
        looks.gaps.append(Gap(f"whether failed requests came by {qualifier}", "the log names their version alone"))
    return found


def _recursions_stopped(
    client: CloudWatchClient, function_name: str, qualifier: str | None, start: float, end: float
) -> float:
    """Return how many invocations Lambda stopped because the function had led to itself."""
    dimensions = dimensions_of(function_name, None if qualifier is None else f"{function_name}:{qualifier}")
    return sums(client, "RecursiveInvocationsDropped", [dimensions], start, end)[0]


def received_by_qualifier(
    client: CloudWatchClient, configuration: Configuration, start: float, end: float
) -> Mapping[str, float]:
    """Return how many events were sent to each qualifier that got any; without one is to ``$LATEST``."""
    name = configuration.function_name
    resources = {name, f"{name}:{LATEST}"}
    resources |= {f"{name}:{alias}" for alias in configuration.aliases or ()}
    resources |= {f"{name}:{settings.qualifier}" for settings in configuration.written or ()}
    pages = client.get_paginator("list_metrics").paginate(
        Namespace="AWS/Lambda",
        MetricName="AsyncEventsReceived",
        Dimensions=[{"Name": "FunctionName", "Value": name}, {"Name": "Resource"}],
    )
    for metric in (metric for page in pages for metric in page["Metrics"]):
        resources |= {one["Value"] for one in metric["Dimensions"] if one["Name"] == "Resource"}
    counts: dict[str, float] = {}
    for resource, count in _received(client, name, sorted(resources), start, end).items():
        qualifier = resource.removeprefix(name).removeprefix(":") or LATEST
        counts[qualifier] = counts.get(qualifier, 0.0) + count
    return {qualifier: count for qualifier, count in counts.items() if count}


def _received(
    client: CloudWatchClient, function_name: str, resources: Sequence[str], start: float, end: float
) -> dict[str, float]:
    totals = dict.fromkeys(resources, 0.0)
    for begin in range(0, len(resources), _MOST_QUERIES):
        some = resources[begin : begin + _MOST_QUERIES]
        dimensions = [dimensions_of(function_name, resource) for resource in some]
        totals.update(zip(some, sums(client, "AsyncEventsReceived", dimensions, start, end), strict=True))
    return totals


_MOST_QUERIES = 500  # API reference, GetMetricData
