"""``diagnose``: why events of any function are late or lost. Read-only."""

from __future__ import annotations

import json as json_format
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from async_lab.cli.console import console
from async_lab.cli.options import EndpointOption, ProfileOption, RegionOption
from async_lab.cli.places import asked, check_place, function_named
from async_lab.errors import ExitCode, UsageError
from async_lab.wording import shortened

if TYPE_CHECKING:
    from async_lab.observation.observations import Observations
    from async_lab.runs.diagnosed import Diagnosed
    from async_lab.target.base import Target

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
_LATEST_MINUTES = "all of the last two minutes"
_SPAN = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>s|min|m|h|d)")
_UNLESS_SAID_SECONDS = 10_800.0
_SHORTEST_SECONDS, _LONGEST_SECONDS = 60, 86_400


def span(given: str) -> float:
    """Return a span of time in seconds. Raises BadParameter for what is none, or not 1 minute to 24 hours."""
    match = _SPAN.fullmatch(given.strip())
    seconds = float(match["number"]) * _UNITS[match["unit"]] if match else 0.0
    if not _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise typer.BadParameter(f'"{shortened(given)}" must be 1 minute to 24 hours, such as 30m, 3h or 1d.')
    return seconds


def tag(given: str) -> str:
    """Return a tag. Raises BadParameter for what is none."""
    if not given.partition("=")[0] or "=" not in given:
        raise typer.BadParameter(f'"{shortened(given)}" must be KEY=VALUE, such as team=shop.')
    return given


def diagnose(
    function: Annotated[
        str | None,
        typer.Argument(help="Name or ARN, with :QUALIFIER for one alias or version alone.", show_default=False),
    ] = None,
    since: Annotated[
        float | None,
        typer.Option(help="How far to look back: 30m, 3h, 1d.", parser=span, metavar="SPAN", show_default="3h"),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(help="All functions whose name begins so, a line each.", metavar="PREFIX", show_default=False),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            help="All functions that have this tag, a line each; several times: all of them.",
            metavar="KEY=VALUE",
            parser=tag,
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All functions of the region, a line each.")] = False,
    endpoint_url: EndpointOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the diagnosis as JSON.")] = False,
    policy: Annotated[bool, typer.Option("--policy", help="Print the IAM policy that it needs, and end.")] = False,
) -> None:
    """Say why a function's asynchronous events are late or lost, on AWS or an endpoint. It changes nothing.

    Ends with 1 when events were lost.
    """
    from async_lab.observation.look import look_closer
    from async_lab.report.diagnosis import show_diagnoses, show_diagnosis
    from async_lab.runs.diagnosed import text

    if policy:
        typer.echo(json_format.dumps(iam_policy(), indent=2))
        return
    wanted = _wanted(function, is_prefixed=prefix is not None, is_tagged=bool(tags), every=every)
    target = asked(endpoint_url, region or (wanted and wanted["region"]), profile)
    seconds = since or _UNLESS_SAID_SECONDS
    if wanted:
        check_place(wanted, target)
        seen = _look(target, wanted["name"], wanted["qualifier"], seconds)
        found = [_examined(target, look_closer(target.client, seen, wanted["qualifier"]), wanted["qualifier"])]
    else:
        names = _names(target, prefix or "", tags or [])
        found = sorted((_examined(target, _look(target, name, None, seconds), None) for name in names), key=_rank)
    if json:
        typer.echo(text(found), nl=False)
    elif wanted:
        show_diagnosis(console(), found[0])
    else:
        show_diagnoses(console(), found)
    if any(one.loses_events for one in found):
        raise typer.Exit(ExitCode.NOT_AS_EXPECTED)


def iam_policy() -> dict[str, object]:
    """Return a policy that allows what ``diagnose`` reads, and nothing else."""
    from async_lab.observation.look import ACTIONS

    actions = sorted({*ACTIONS, "lambda:ListFunctions", "tag:GetResources"})
    statement = {"Sid": "AsyncLabDiagnose", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _wanted(function: str | None, *, is_prefixed: bool, is_tagged: bool, every: bool) -> re.Match[str] | None:
    """Return the one function that is asked about, taken apart; None when it is many."""
    if sum((function is not None, is_prefixed or is_tagged, every)) != 1:
        raise UsageError("Name one function, or ask about many with --prefix, --tag or --all.")
    if function is None:
        return None
    return function_named(function)


def _names(target: Target, prefix: str, tags: Sequence[str]) -> list[str]:
    names = _tagged(target, tags) if tags else _all(target)
    found = [name for name in names if name.startswith(prefix)]
    if (prefix or tags) and not found:
        have = f" has {' and '.join(tags)}" if tags else ""
        begins = f"'s name begins with {shortened(prefix)}" if prefix else ""
        both = " and" if tags and prefix else ""
        raise UsageError(f"No function{begins}{both}{have} in {target.region} of this account.")
    return found


def _all(target: Target) -> list[str]:
    pages = target.client("lambda").get_paginator("list_functions").paginate()
    return [one["FunctionName"] for page in pages for one in page["Functions"]]


def _tagged(target: Target, tags: Sequence[str]) -> list[str]:
    """Return the names of functions that have all of the tags, each given as ``KEY=VALUE``."""
    from async_lab import arns

    filters: dict[str, list[str]] = {}
    for key, _, value in (one.partition("=") for one in tags):
        filters.setdefault(key, []).append(value)
    if any(len(values) > 1 for values in filters.values()):
        raise UsageError("A tag has one value: give each key of --tag once.")
    pages = (
        target.client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(
            ResourceTypeFilters=["lambda:function"],
            TagFilters=[{"Key": key, "Values": values} for key, values in filters.items()],
        )
    )
    return [arns.parse(one["ResourceARN"]).name for page in pages for one in page["ResourceTagMappingList"]]


def _look(target: Target, name: str, qualifier: str | None, since: float) -> Observations:
    from async_lab.observation.gaps import Gap
    from async_lab.observation.look import look_at

    end = target.now()
    seen = look_at(target.client, name, qualifier, end - since, end)
    if target.data_point_delay_seconds:
        seen = replace(seen, gaps=(*seen.gaps, Gap(_LATEST_MINUTES, "CloudWatch may take that long to show a minute")))
    return seen


def _examined(target: Target, seen: Observations, qualifier: str | None) -> Diagnosed:
    from async_lab.diagnosis import examine
    from async_lab.runs.diagnosed import Diagnosed
    from async_lab.runs.result import Location

    return Diagnosed(Location(target.name, target.account_id, target.region), seen, examine(seen), qualifier)


def _rank(diagnosed: Diagnosed) -> tuple[int, float, str]:
    """Sort the worst first, then by how many events were dropped, then by name."""
    from async_lab.diagnosis import Severity

    severity = list(Severity).index(diagnosed.findings[0].severity)
    return severity, -diagnosed.seen.metrics["AsyncEventsDropped"].total, diagnosed.name
