"""What a run on AWS must be allowed to do, as IAM names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from async_lab.scenario import Scenario

CALLED = {
    "sts": ("GetCallerIdentity",),
    "iam": (
        "CreateRole",
        "DeleteRole",
        "DeleteRolePolicy",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
        "ListRoleTags",
        "PutRolePolicy",
    ),
    "lambda": (
        "CreateFunction",
        "DeleteFunction",
        "DeleteFunctionConcurrency",
        "DeleteFunctionEventInvokeConfig",
        "GetAccountSettings",
        "GetFunction",
        "GetFunctionCodeSigningConfig",
        "GetFunctionConcurrency",
        "GetFunctionConfiguration",
        "GetFunctionEventInvokeConfig",
        "InvokeFunction",
        "ListAliases",
        "ListFunctionEventInvokeConfigs",
        "ListTags",
        "ListVersionsByFunction",
        "PutFunctionConcurrency",
        "PutFunctionEventInvokeConfig",
        "TagResource",
        "UpdateFunctionConfiguration",
    ),
    "logs": ("CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "ListTagsForResource", "PutRetentionPolicy"),
    "cloudwatch": (
        "DeleteAlarms",
        "DeleteDashboards",
        "DescribeAlarmHistory",
        "DescribeAlarms",
        "GetDashboard",
        "GetMetricData",
        "ListDashboards",
        "ListTagsForResource",
        "PutCompositeAlarm",
        "PutDashboard",
        "PutMetricAlarm",
    ),
}
"""What every run calls, one after another on the same stack, and what takes down."""

ALSO_NEEDED = {
    "iam": ("DetachRolePolicy", "PassRole", "TagRole"),
    "lambda": ("UpdateFunctionCode",),
    "logs": ("TagResource",),
    "cloudwatch": ("TagResource",),
}
"""What AWS checks with another call (the role that a function gets, tags of what is created), and what only some runs
call: on a kept stack after the handler was changed, or where somebody attached a policy to the role."""

TOPICS = {
    "sns": (
        "CreateTopic",
        "DeleteTopic",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "ListTopics",
        "SetTopicAttributes",
        "TagResource",
    )
}
SUBSCRIPTIONS = {"sns": (*TOPICS["sns"], "GetSubscriptionAttributes", "Publish", "Subscribe", "Unsubscribe")}
QUEUES = {
    "sqs": (
        "CreateQueue",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListQueueTags",
        "TagQueue",
    )
}
RULES = {
    "events": (
        "DeleteRule",
        "DescribeRule",
        "ListTagsForResource",
        "ListTargetsByRule",
        "PutEvents",
        "PutRule",
        "PutTargets",
        "RemoveTargets",
        "TagResource",
    )
}
BUCKETS = {
    "s3": (
        "CreateBucket",
        "DeleteBucket",
        "DeleteObject",
        "DeleteObjectVersion",
        "GetAccelerateConfiguration",
        "GetBucketAcl",
        "GetBucketCORS",
        "GetBucketLogging",
        "GetBucketNotification",
        "GetBucketObjectLockConfiguration",
        "GetBucketPolicy",
        "GetBucketRequestPayment",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetBucketWebsite",
        "GetEncryptionConfiguration",
        "GetLifecycleConfiguration",
        "GetReplicationConfiguration",
        "ListBucket",
        "ListBucketVersions",
        "PutBucketNotification",
        "PutBucketTagging",
        "PutObject",
    )
}
"""Most of them are how the AWS provider reads a bucket."""
TRIGGER_PERMISSIONS = {"lambda": ("AddPermission", "GetPolicy", "RemovePermission")}
"""What only scenarios call that have targets or a trigger, calls and what AWS checks with them."""


def needed(scenarios: Sequence[Scenario]) -> dict[str, tuple[str, ...]]:
    """Return the actions that runs of these scenarios need, by service."""
    groups = [CALLED, ALSO_NEEDED, *(group for group, has in _GROUPS if any(map(has, scenarios)))]
    services = dict.fromkeys(service for group in groups for service in group)
    return {service: tuple(sorted({one for group in groups for one in group.get(service, ())})) for service in services}


def _targets(scenario: Scenario) -> set[str]:
    """Return the types of the targets that a scenario makes."""
    targets = (scenario.on_failure, scenario.on_success, scenario.dead_letter_target)
    return {target.type for target in targets if target and target.problem != "missing"}


_GROUPS: Sequence[tuple[Mapping[str, tuple[str, ...]], Callable[[Scenario], bool]]] = (
    (TOPICS, lambda scenario: "topic" in _targets(scenario)),
    (SUBSCRIPTIONS, lambda scenario: scenario.trigger.service == "sns"),
    (QUEUES, lambda scenario: "queue" in _targets(scenario)),
    (BUCKETS, lambda scenario: scenario.trigger.service == "s3"),
    (RULES, lambda scenario: scenario.trigger.service == "eventbridge"),
    (TRIGGER_PERMISSIONS, lambda scenario: scenario.trigger.service != "direct"),
)
