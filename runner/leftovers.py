"""What stands under the lab's names, asked of AWS itself: Terraform's state misses what an interruption orphaned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.target import Target


@dataclass(frozen=True, slots=True)
class Leftover:
    """One resource that stands."""

    kind: str
    """As Terraform spells it: ``aws_lambda_function``."""
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class _Kind:
    service: str
    find: Callable[[Any, str], list[str]]
    """Names of the resources of this kind that belong to the stack with this name."""
    delete: Callable[[Any, str], object]


def find(target: Target, name: str) -> list[Leftover]:
    """Return everything that stands under the stack's name, in the order in which it can be deleted."""
    return [
        Leftover(kind, found)
        for kind, asked in _KINDS.items()
        for found in asked.find(target.client(asked.service), name)
    ]


def delete(target: Target, leftover: Leftover) -> None:
    """Delete one resource that ``find`` returned."""
    kind = _KINDS[leftover.kind]
    kind.delete(target.client(kind.service), leftover.name)


def _named(list_pages: Iterator[list[str]], wanted: Callable[[str], bool]) -> list[str]:
    return [name for page in list_pages for name in page if wanted(name)]


def _alarms(client: Any, name: str, kind: str) -> list[str]:
    pages = client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{name}-", AlarmTypes=[kind])
    return [alarm["AlarmName"] for page in pages for alarm in page.get(f"{kind}s", ())]


def _delete_alarm(client: Any, name: str) -> None:
    client.delete_alarms(AlarmNames=[name])


def _dashboards(client: Any, name: str) -> list[str]:
    pages = client.get_paginator("list_dashboards").paginate(DashboardNamePrefix=name)
    names = ([entry["DashboardName"] for entry in page["DashboardEntries"]] for page in pages)
    return _named(names, lambda found: found == name)


def _functions(client: Any, name: str) -> list[str]:
    with suppress(client.exceptions.ResourceNotFoundException):
        return [client.get_function_configuration(FunctionName=name)["FunctionName"]]
    return []


def _log_groups(client: Any, name: str) -> list[str]:
    wanted = f"/aws/lambda/{name}"
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=wanted)
    return _named(
        ([group["logGroupName"] for group in page["logGroups"]] for page in pages), lambda found: found == wanted
    )


def _roles(client: Any, name: str) -> list[str]:
    with suppress(client.exceptions.NoSuchEntityException):
        return [client.get_role(RoleName=name)["Role"]["RoleName"]]
    return []


def _delete_role(client: Any, name: str) -> None:
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    client.delete_role(RoleName=name)


_KINDS = {
    "aws_cloudwatch_composite_alarm": _Kind("cloudwatch", partial(_alarms, kind="CompositeAlarm"), _delete_alarm),
    "aws_cloudwatch_metric_alarm": _Kind("cloudwatch", partial(_alarms, kind="MetricAlarm"), _delete_alarm),
    "aws_cloudwatch_dashboard": _Kind(
        "cloudwatch", _dashboards, lambda client, name: client.delete_dashboards(DashboardNames=[name])
    ),
    "aws_lambda_function": _Kind("lambda", _functions, lambda client, name: client.delete_function(FunctionName=name)),
    "aws_cloudwatch_log_group": _Kind(
        "logs", _log_groups, lambda client, name: client.delete_log_group(logGroupName=name)
    ),
    "aws_iam_role": _Kind("iam", _roles, _delete_role),
}
