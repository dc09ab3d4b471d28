"""What several commands take, and how its values are read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
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

    project = Project.locate()
    known = [*scenario.names(project), *scenario.names_by_alias(project)]
    return [name for name in known if name.startswith(incomplete)]


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


def new_file(given: str) -> Path:
    """Return the path of a file that will be written. Raises BadParameter for what can be none."""
    path = Path(text(given))
    if path.is_dir():
        raise typer.BadParameter(f"{shortened(given)} is a directory; name a file in it.")
    return path


def url(given: str) -> str:
    """Return an endpoint's URL. Raises BadParameter for what is none."""
    if not re.fullmatch(r"https?://[^\s/]+(/.*)?", given):
        raise typer.BadParameter(f'"{shortened(given)}" must be a URL, such as http://127.0.0.1:4600.')
    return given


def whole(lowest: int, highest: int) -> Callable[[str | int], int]:
    """Return what reads a whole number of a range. It raises BadParameter with what is allowed."""

    def read(given: str | int) -> int:
        try:
            number = int(given)
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            raise typer.BadParameter(
                f"{shortened(str(given))} is not allowed: give a whole number from {lowest:,} to {highest:,}."
            )
        return number

    return read


def number(lowest: float, highest: float) -> Callable[[str | float], float]:
    """Return what reads a number of a range. It raises BadParameter with what is allowed."""

    def read(given: str | float) -> float:
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not lowest <= value <= highest:  # which no NaN is
            raise typer.BadParameter(
                f"{shortened(str(given))} is not allowed: give a number from {lowest:g} to {highest:,.0f}."
            )
        return value

    return read


ScenarioNames = Annotated[
    list[str],
    typer.Argument(
        help="Names, numbers, or .tfvars files.",
        metavar="SCENARIO",
        autocompletion=complete_scenario,
        show_default=False,
    ),
]
TargetOption = Annotated[TargetName, typer.Option("--target", help="The embedded endpoint, or your AWS account.")]
RegionOption = Annotated[str | None, typer.Option(help="AWS region.", parser=text, metavar="TEXT", show_default=False)]
ProfileOption = Annotated[
    str | None, typer.Option(help="AWS profile.", parser=text, metavar="TEXT", show_default=False)
]
EndpointOption = Annotated[
    str | None,
    typer.Option(
        help="Ask this endpoint instead of AWS.",
        envvar="AWS_ENDPOINT_URL",
        parser=url,
        metavar="URL",
        show_default=False,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Change the AWS account without asking.")]
SeedOption = Annotated[
    int,
    typer.Option(
        help="Seed for the simulated jitter; the same seed repeats the run.", parser=whole(0, LARGEST_SEED), metavar="N"
    ),
]
