"""Where a command works: the target that was asked for, opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from async_lab.cli.options import LOCAL_REGION, TargetName
from async_lab.errors import UsageError
from async_lab.process.interrupts import INTERRUPTIONS
from async_lab.wording import shortened

if TYPE_CHECKING:
    from async_lab.checkout.project import Project
    from async_lab.target.base import Target


_FUNCTION = (
    re.compile(  # API reference, FunctionName: a name, a partial ARN or an ARN, each with or without a qualifier
        r"(arn:(?P<partition>[a-z-]+):lambda:(?P<region>[a-z0-9-]+):)?((?P<account>\d{12}):)?(function:)?"
        r"(?P<name>[A-Za-z0-9_-]{1,64})(:(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
    )
)


@contextmanager
def opened(target: TargetName, region: str | None, profile: str | None, seed: int) -> Iterator[Target]:
    """Open the target for as long as the block runs."""
    from async_lab.target.local import open_local

    if target is TargetName.AWS:
        yield aws(region, profile)
    elif profile is not None:
        raise UsageError("--profile is for --target aws; the embedded endpoint knows no accounts but its own.")
    else:
        with open_local(region or LOCAL_REGION, seed) as where:
            yield where


def aws(region: str | None, profile: str | None) -> Target:
    """Return the user's account, as the options and their settings name it."""
    from async_lab.target.aws import open_aws

    return open_aws(profile, region)


@contextmanager
def says_what_may_stand(project: Project, target: TargetName) -> Iterator[None]:
    """Name what may stand when Ctrl-C ends the block."""
    from async_lab.stack import cleanup

    try:
        yield
    except INTERRUPTIONS as interruption:
        raise cleanup.after_interruption(project, target) from interruption


def asked(endpoint_url: str | None, region: str | None, profile: str | None) -> Target:
    """Return what is asked about functions that the lab didn't make: an account, or an endpoint that is served."""
    from async_lab.target.aws import open_aws
    from async_lab.target.served import ServedTarget, is_served

    if endpoint_url is None or not is_served(endpoint_url):
        return open_aws(profile, region, endpoint_url)
    if profile is not None:
        raise UsageError("--profile is for AWS; the embedded endpoint knows no accounts but its own.")
    return ServedTarget(endpoint_url, region or os.environ.get("AWS_REGION") or LOCAL_REGION)


def function_named(given: str) -> re.Match[str]:
    """Return a function's name or ARN taken apart: partition, region, account, name, qualifier. Raises UsageError."""
    match = _FUNCTION.fullmatch(given)
    if match is None:
        raise UsageError(f'"{shortened(given)}" is no function: give its name or its ARN, with or without :QUALIFIER.')
    return match


def check_place(function: re.Match[str], target: Target) -> None:
    """Refuse an ARN of another account or region: one's own function of that name would be taken for it."""
    for what, named, own in (
        ("account", function["account"], target.account_id),
        ("region", function["region"], target.region),
    ):
        if named not in (None, own):
            raise UsageError(
                f"{function[0]} is of {what} {named}, and you ask in {own}: choose another --profile or --region."
            )
