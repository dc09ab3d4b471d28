"""Where a command works: the target that was asked for, opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from async_lab.cli.options import LOCAL_REGION, TargetName
from async_lab.errors import UsageError
from async_lab.process.interrupts import INTERRUPTIONS

if TYPE_CHECKING:
    from async_lab.checkout.project import Project
    from async_lab.target.base import Target


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
