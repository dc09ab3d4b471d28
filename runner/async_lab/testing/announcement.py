"""What tests on an account will do, take and cost, told before the first of them."""

from __future__ import annotations

from collections.abc import Iterator

from async_lab.account import prices
from async_lab.target.base import Target
from async_lab.testing.account import TAG

NEEDED = {
    "sts": ("GetCallerIdentity",),
    "iam": (
        "CreateRole",
        "DeleteRole",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "ListRoleTags",
        "PassRole",
        "PutRolePolicy",
        "TagRole",
    ),
    "lambda": (
        "CreateFunction",
        "DeleteFunction",
        "DeleteLayerVersion",
        "GetFunction",
        "GetFunctionConcurrency",
        "GetFunctionConfiguration",
        "GetFunctionEventInvokeConfig",
        "InvokeFunction",
        "ListFunctions",
        "ListLayerVersions",
        "ListTags",
        "PublishLayerVersion",
        "PutFunctionConcurrency",
        "PutFunctionEventInvokeConfig",
        "TagResource",
    ),
    "logs": (
        "CreateLogGroup",
        "DeleteLogGroup",
        "DescribeLogGroups",
        "FilterLogEvents",
        "ListTagsForResource",
        "TagResource",
    ),
    "sqs": (
        "ChangeMessageVisibility",
        "CreateQueue",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListQueueTags",
        "ReceiveMessage",
        "TagQueue",
    ),
    "cloudwatch": ("GetMetricData",),
}
"""What ``function``, ``send``, ``events``, ``messages`` and the removal take; Terraform needs what your code makes."""


def sentences(target: Target) -> Iterator[str]:
    """Yield what is made where, how long it takes, what it costs, and what the credentials must allow."""
    yield f"tests run on AWS, account {target.account_id}, region {target.region}, in real time."
    yield (
        "Each test makes what it asks for: function() a function with its role, log group and queues, apply() what "
        f"your Terraform says. All of it is tagged {TAG}, and removed when its test ends (what a session shares, at "
        "its end)."
    )
    yield (
        "Lambda tries a failed event again after 1 and 2 minutes; run_until_idle() then waits 2 minutes more, as "
        "CloudWatch is late."
    )
    yield (
        f"Cost (list prices of {prices.ALARM_METRIC_HOUR.published}, no free tier; some regions are dearer): "
        f"${prices.LAMBDA_REQUEST.dollars * 1e6:.2f} for a million attempts and "
        f"${prices.LAMBDA_GB_SECOND.dollars:.7f} for a GB-second, ${prices.LOG_BYTE.dollars * 1e9:.2f} for a GB of "
        f"logs, ${prices.METRIC_READ.dollars * 1e3:.2f} for a thousand metrics read, which is about "
        f"${_METRICS_A_MINUTE * prices.METRIC_READ.dollars:.4f} for a minute of waiting; and what your Terraform makes."
    )
    yield "Your credentials need these permissions, and those of your Terraform:"
    for service, actions in NEEDED.items():
        yield f"  {service}: {', '.join(actions)}"


_METRICS_A_MINUTE = 5 * 4
"""Of one function: five metrics, looked at every 15 seconds."""
