"""What several commands take, and how its values are read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from async_lab.wording import shortened

LARGEST_SEED = 2**63 - 1
LOCAL_REGION = "us-east-1"


class TargetName(StrEnum):
    """Where the lab runs."""

    LOCAL = "local"
    AWS = "aws"


def complete_scenario(incomplete: str) -> list[str]:
    """Return the scenarios' names that begin so, for the shell's completion."""
    from async_lab import scenario
    from async_lab.checkout.project import Project

    return [name for name in scenario.names(Project.locate()) if name.startswith(incomplete)]


def text(given: str) -> str:
    """Return what was given. Raises BadParameter when that is nothing."""
    if not given:
        raise typer.BadParameter("it is empty.")
    return given


def directory(given: str) -> Path:
    """Return a directory's path, which need not exist. Raises BadParameter for a file, or what can be no name."""
    path = Path(text(given))
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as error:  # such as one that is too long
        why = error.strerror if isinstance(error, OSError) else error
        raise typer.BadParameter(f"{shortened(given)} can't be a directory's name ({why}).") from error
    if is_file:
        raise typer.BadParameter(f"{given} is a file.")
    return path


ScenarioNames = Annotated[
    list[str],
    typer.Argument(help="Names, or .tfvars files.", autocompletion=complete_scenario, show_default=False),
]
TargetOption = Annotated[TargetName, typer.Option("--target", help="The embedded endpoint, or your AWS account.")]
RegionOption = Annotated[str | None, typer.Option(help="AWS region.", parser=text, metavar="TEXT", show_default=False)]
ProfileOption = Annotated[
    str | None, typer.Option(help="AWS profile.", parser=text, metavar="TEXT", show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", help="Change the AWS account without asking.")]
