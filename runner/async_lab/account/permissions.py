"""What a run on AWS must be allowed to do, as IAM names it."""

from __future__ import annotations

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

PERMISSIONS = {service: tuple(sorted({*actions, *ALSO_NEEDED.get(service, ())})) for service, actions in CALLED.items()}
