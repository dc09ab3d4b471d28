"""Where failed events go, and what waits there: counts and ages, never a payload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from async_lab import arns
from async_lab.observation.configuration import Configuration
from async_lab.observation.gaps import Gap, Looks

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
"""Returns boto3's client of a service."""

_MISSING = frozenset(
    {
        *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        *("NotFound", "NotFoundException", "404", "NoSuchBucket", "NoSuchKey", "ResourceNotFoundException"),
    }
)
_AGE_PERIOD_SECONDS = 300
_AGE_ACTION = "cloudwatch:GetMetricStatistics"


def is_missing(error: ClientError) -> bool:
    """Whether AWS answered that there is no such queue, topic, function, bus, bucket or object."""
    return error.response.get("Error", {}).get("Code") in _MISSING


@dataclass(frozen=True, slots=True)
class FailureTarget:
    """A dead-letter target, or an on-failure destination."""

    arn: str
    is_dead_letter: bool
    qualifier: str | None = None
    """Whose destination it is; None: a dead-letter target, which is of all."""
    exists: bool | None = None
    """None: not seen."""
    waiting: int | None = None
    """How many messages a queue holds, about; None: it is no queue, or not seen."""
    oldest_seconds: float | None = None
    """How old the oldest of them is, as CloudWatch last had it; None: not known."""
    subscriptions: int | None = None
    """Of a topic; None: it is none, or not seen."""

    @property
    def service(self) -> str:
        """``sqs``, ``sns``, ``lambda``, ``events`` or ``s3``."""
        return self.arn.split(":")[2]

    @property
    def name(self) -> str:
        """The queue's, topic's, function's, bus's or bucket's own name."""
        return self.arn.rpartition(":")[2]


def read_failure_targets(
    clients: Clients, configuration: Configuration, now: float, looks: Looks
) -> Iterator[FailureTarget]:
    """Yield where failed events go and what is there; ``now`` is in epoch seconds. What isn't seen is a gap."""
    if configuration.function and configuration.function.dead_letter_arn:
        yield _seen(clients, FailureTarget(configuration.function.dead_letter_arn, is_dead_letter=True), now, looks)
    for settings in configuration.written or ():
        if settings.on_failure:
            wanted = FailureTarget(settings.on_failure, is_dead_letter=False, qualifier=settings.qualifier)
            yield _seen(clients, wanted, now, looks)


def _seen(clients: Clients, target: FailureTarget, now: float, looks: Looks) -> FailureTarget:
    from botocore.utils import ArnParser

    subject, arn = f"what is in {target.arn}", ArnParser().parse_arn(target.arn)
    if target.service not in _SHOWN_BY:
        looks.gaps.append(Gap(subject, "such a destination isn't known here"))
        return target
    found = looks.at(f"whether {target.arn} exists", _SHOWN_BY[target.service], lambda: _answer(clients, target, arn))
    if found is None:
        return target
    if not found.stands or target.service not in ("sqs", "sns"):
        return replace(target, exists=found.stands)
    if target.service == "sns":
        return replace(target, exists=True, subscriptions=found.answer["confirmed"])
    url = found.answer["QueueUrl"]
    waiting = looks.at(subject, "sqs:GetQueueAttributes", lambda: _waiting(clients("sqs"), url))
    oldest = _oldest(clients, arn["resource"], now, looks) if waiting else None
    return replace(target, exists=True, waiting=waiting, oldest_seconds=oldest)


@dataclass(frozen=True, slots=True)
class _Found:
    stands: bool
    answer: Mapping[str, Any] = field(default_factory=dict)


_SHOWN_BY = {
    "sqs": "sqs:GetQueueUrl",
    "sns": "sns:ListSubscriptionsByTopic",
    "s3": "s3:ListBucket",
    "lambda": "lambda:GetFunctionConfiguration",
    "events": "events:DescribeEventBus",
}
"""What tells whether a target of a service is there."""


def _answer(clients: Clients, target: FailureTarget, arn: Mapping[str, str]) -> _Found:
    from botocore.exceptions import ClientError

    client, name = clients(target.service), arn["resource"]
    try:
        match target.service:
            case "sqs":
                return _Found(True, client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=arn["account"]))
            case "sns":
                return _Found(True, {"confirmed": _confirmed(client, target.arn)})
            case "s3":
                return _Found(True, client.list_objects_v2(Bucket=name, MaxKeys=1))
            case "lambda":
                return _Found(True, client.get_function_configuration(FunctionName=name.removeprefix("function:")))
            case _:
                return _Found(True, client.describe_event_bus(Name=name.removeprefix("event-bus/")))
    except ClientError as error:
        if is_missing(error):
            return _Found(False)
        raise


def _confirmed(sns: Any, arn: str) -> int:
    """Return how many confirmed subscriptions a topic has; one that isn't has no ARN of its own yet."""
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    return sum(one["SubscriptionArn"].startswith("arn:") for page in pages for one in page["Subscriptions"])


def _waiting(sqs: Any, url: str) -> int:
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes.get(name, 0)) for name in names)


def messages_in(sqs: Any, queue_arn: str) -> int:
    """Return how many messages a queue holds, about, visible or not. Raises what boto3 raises."""
    arn = arns.parse(queue_arn)
    return _waiting(sqs, sqs.get_queue_url(QueueName=arn.name, QueueOwnerAWSAccountId=arn.account_id)["QueueUrl"])


def _oldest(clients: Clients, queue: str, now: float, looks: Looks) -> float | None:
    subject = f"how old the oldest message in {queue} is"
    found = looks.at(subject, _AGE_ACTION, lambda: _ages(clients("cloudwatch"), queue, now))
    if found == []:
        looks.gaps.append(Gap(subject, "CloudWatch has no data point"))
    return found[-1] if found else None


def _ages(cloudwatch: Any, queue: str, now: float) -> list[float]:
    """Return the ages that CloudWatch has of the last minutes, in seconds, the latest last."""
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=datetime.fromtimestamp(now - 4 * _AGE_PERIOD_SECONDS, UTC),
        EndTime=datetime.fromtimestamp(now, UTC),
        Period=_AGE_PERIOD_SECONDS,
        Statistics=["Maximum"],
    )["Datapoints"]
    return [point["Maximum"] for point in sorted(points, key=lambda point: point["Timestamp"])]
