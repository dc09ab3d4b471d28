"""What stands of a stack, asked of AWS itself: Terraform's state misses what an interruption orphaned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from async_lab import arns

if TYPE_CHECKING:
    from async_lab.stack.journal import Entry
    from async_lab.target.base import Target


@dataclass(frozen=True, slots=True)
class RemainingResource:
    """One resource that stands."""

    kind: str
    """As Terraform spells it: ``aws_lambda_function``."""
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class _Kind:
    service: str
    look: Callable[[Any, str], dict[str, str] | None]
    """The tags of the resource with exactly this name; None when there is none."""
    delete: Callable[[Any, str], object]
    name: str
    """The argument of Terraform's resource that holds the name."""
    has_tags: bool = True


PROJECT = "async-lab"
"""What the tag Project says of everything that the lab makes: terraform/versions.tf."""


def find(target: Target, entry: Entry) -> list[RemainingResource]:
    """Return what stands of a stack, by the exact names noted and where the tags agree, in the order to delete it in.

    Dashboards and layers have no tags: there the note decides.
    """
    return [
        RemainingResource(kind, name)
        for kind, name in _noted(entry)
        if (tags := _look(target, kind, name)) is not None
        and (_are_the_stacks(tags, entry) or not _KINDS[kind].has_tags)
    ]


def taken(target: Target, entry: Entry, made: Sequence[tuple[str, str]]) -> list[RemainingResource]:
    """Return which names that are about to be made are in use, by anything that isn't noted as this stack's."""
    known = {(one.kind, one.name) for one in find(target, entry)} if entry.resources else set()
    return [
        RemainingResource(kind, name)
        for kind, name in made
        if kind in _KINDS and (kind, name) not in known and _look(target, kind, name) is not None
    ]


def delete(target: Target, leftover: RemainingResource) -> None:
    """Delete one resource that ``find`` returned."""
    kind = _KINDS[leftover.kind]
    kind.delete(target.client(kind.service), leftover.name)


def empty_buckets(target: Target, entry: Entry) -> None:
    """Delete what lies in a stack's own buckets: until then nobody can delete them."""
    kind = "aws_s3_bucket"
    client = target.client(_KINDS[kind].service)
    for name in (name for noted, name in entry.resources if noted == kind):
        if (tags := _look(target, kind, name)) is not None and _are_the_stacks(tags, entry):
            _empty_bucket(client, name)


def names(changes: Sequence[Mapping[str, Any]], *, created: bool = False) -> tuple[tuple[str, str], ...]:
    """Return kind and name of the resources in Terraform's plan, before it and after; or of those it creates only."""
    found = {
        (change["type"], values[_KINDS[change["type"]].name])
        for change in changes
        if change["type"] in _KINDS and change.get("mode") == "managed"
        for values in ((change["change"].get("after"),) if created else _both(change["change"]))
        if values
        and values.get(_KINDS[change["type"]].name)
        and ("create" in change["change"]["actions"] or not created)
    }
    return tuple(sorted(found))


def _both(change: Mapping[str, Any]) -> tuple[Any, Any]:
    return change.get("before"), change.get("after")


def _noted(entry: Entry) -> list[tuple[str, str]]:
    """Return what was noted; of a note without resources, what is called exactly as the stack was."""
    old = (
        ("aws_cloudwatch_dashboard", entry.name),
        ("aws_lambda_function", entry.name),
        ("aws_cloudwatch_log_group", f"/aws/lambda/{entry.name}"),
        ("aws_iam_role", entry.name),
    )
    resources = [one for one in entry.resources or old if one[0] in _KINDS]
    return sorted(resources, key=lambda one: (list(_KINDS).index(one[0]), one[1]))


def _are_the_stacks(tags: Mapping[str, str], entry: Entry) -> bool:
    if entry.tag:
        return tags.get(entry.tag) == entry.name
    stack = tags.get("Stack", None if entry.resources else entry.name)  # an earlier version had no such tag
    return (tags.get("Project"), stack) == (PROJECT, entry.name)


def _look(target: Target, kind: str, name: str) -> dict[str, str] | None:
    asked = _KINDS[kind]
    return asked.look(target.client(asked.service), name)


def _pairs(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _alarm(client: Any, name: str, kind: str) -> dict[str, str] | None:
    for alarm in client.describe_alarms(AlarmNames=[name], AlarmTypes=[kind]).get(f"{kind}s", ()):
        return _pairs(client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"])
    return None


def _delete_alarm(client: Any, name: str) -> None:
    client.delete_alarms(AlarmNames=[name])


def _dashboard(client: Any, name: str) -> dict[str, str] | None:
    pages = client.get_paginator("list_dashboards").paginate(DashboardNamePrefix=name)
    return {} if any(entry["DashboardName"] == name for page in pages for entry in page["DashboardEntries"]) else None


def _function(client: Any, name: str) -> dict[str, str] | None:
    with suppress(client.exceptions.ResourceNotFoundException):
        arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
        return dict(client.list_tags(Resource=arn)["Tags"])
    return None


def _log_group(client: Any, name: str) -> dict[str, str] | None:
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
        for group in page["logGroups"]:
            if group["logGroupName"] == name:
                return dict(client.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"])
    return None


def _role(client: Any, name: str) -> dict[str, str] | None:
    with suppress(client.exceptions.NoSuchEntityException):
        return _pairs(client.list_role_tags(RoleName=name)["Tags"])
    return None


def _delete_role(client: Any, name: str) -> None:
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    client.delete_role(RoleName=name)


def _queue(client: Any, name: str) -> dict[str, str] | None:
    with suppress(client.exceptions.QueueDoesNotExist):
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
        return dict(client.list_queue_tags(QueueUrl=url).get("Tags", {}))
    return None


def _delete_queue(client: Any, name: str) -> None:
    client.delete_queue(QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"])


def _layer(client: Any, name: str) -> dict[str, str] | None:
    return {} if client.list_layer_versions(LayerName=name)["LayerVersions"] else None


def _delete_layer(client: Any, name: str) -> None:
    for page in client.get_paginator("list_layer_versions").paginate(LayerName=name):
        for version in page["LayerVersions"]:
            client.delete_layer_version(LayerName=name, VersionNumber=version["Version"])


def _bucket(client: Any, name: str) -> dict[str, str] | None:
    try:
        return _pairs(client.get_bucket_tagging(Bucket=name)["TagSet"])
    except client.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            return None
        if code in ("NoSuchTagSet", "AccessDenied", "403"):  # names are everybody's: it may be another account's
            return {}
        raise


def _empty_bucket(client: Any, name: str) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        every = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if objects := [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in every]:
            client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})


def _delete_bucket(client: Any, name: str) -> None:
    _empty_bucket(client, name)
    client.delete_bucket(Bucket=name)


def _topic_arn(client: Any, name: str) -> str | None:
    for page in client.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            if arns.parse(topic["TopicArn"]).name == name:
                return str(topic["TopicArn"])
    return None


def _topic(client: Any, name: str) -> dict[str, str] | None:
    arn = _topic_arn(client, name)
    return None if arn is None else _pairs(client.list_tags_for_resource(ResourceArn=arn)["Tags"])


def _delete_topic(client: Any, name: str) -> None:
    if arn := _topic_arn(client, name):
        client.delete_topic(TopicArn=arn)


def _rule(client: Any, name: str) -> dict[str, str] | None:
    with suppress(client.exceptions.ResourceNotFoundException):
        arn = client.describe_rule(Name=name)["Arn"]
        return _pairs(client.list_tags_for_resource(ResourceARN=arn)["Tags"])
    return None


def _delete_rule(client: Any, name: str) -> None:
    targets = [target["Id"] for target in client.list_targets_by_rule(Rule=name)["Targets"]]
    if targets:  # a rule with targets can't be deleted
        client.remove_targets(Rule=name, Ids=targets)
    client.delete_rule(Name=name)


_KINDS = {  # in the order in which they can be deleted
    "aws_cloudwatch_composite_alarm": _Kind(
        "cloudwatch", partial(_alarm, kind="CompositeAlarm"), _delete_alarm, "alarm_name"
    ),
    "aws_cloudwatch_metric_alarm": _Kind(
        "cloudwatch", partial(_alarm, kind="MetricAlarm"), _delete_alarm, "alarm_name"
    ),
    "aws_cloudwatch_dashboard": _Kind(
        "cloudwatch",
        _dashboard,
        lambda client, name: client.delete_dashboards(DashboardNames=[name]),
        "dashboard_name",
        has_tags=False,
    ),
    "aws_cloudwatch_event_rule": _Kind("events", _rule, _delete_rule, "name"),
    "aws_lambda_function": _Kind(
        "lambda", _function, lambda client, name: client.delete_function(FunctionName=name), "function_name"
    ),
    "aws_lambda_layer_version": _Kind("lambda", _layer, _delete_layer, "layer_name", has_tags=False),
    "aws_cloudwatch_log_group": _Kind(
        "logs", _log_group, lambda client, name: client.delete_log_group(logGroupName=name), "name"
    ),
    "aws_sqs_queue": _Kind("sqs", _queue, _delete_queue, "name"),
    "aws_s3_bucket": _Kind("s3", _bucket, _delete_bucket, "bucket"),
    "aws_sns_topic": _Kind("sns", _topic, _delete_topic, "name"),
    "aws_iam_role": _Kind("iam", _role, _delete_role, "name"),
}
