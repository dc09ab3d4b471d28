"""``local``: the embedded endpoint in the foreground."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from async_lab.checkout.program import Format
from async_lab.cli.options import LOCAL_REGION, RegionOption, SeedOption, number, whole
from async_lab.errors import UsageError

DEFAULT_PORT = 4600
FASTEST = 100_000
"""More than a day in a second."""
PortOption = Annotated[
    int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", parser=whole(0, 65_535), metavar="N")
]


class ClockName(StrEnum):
    """How the endpoint's time passes."""

    VIRTUAL = "virtual"
    REAL = "real"


def local(
    port: PortOption = DEFAULT_PORT,
    clock: Annotated[
        ClockName, typer.Option(help="virtual: moves only when you advance it; real: runs on its own.")
    ] = ClockName.VIRTUAL,
    speed: Annotated[
        float,
        typer.Option(help="With --clock real: this many times as fast.", parser=number(0.001, FASTEST), metavar="N"),
    ] = 1.0,
    seed: SeedOption = 0,
    region: RegionOption = None,
    env: Annotated[
        bool, typer.Option("--env", help="Print the variables that point other tools at it, and end.")
    ] = False,
    form: Annotated[
        Format, typer.Option("--format", help="How variables are printed: as exports, for a .env file, as an object.")
    ] = Format.SHELL,
    init: Annotated[
        Path | None, typer.Option(help="Apply this Terraform directory at the start.", show_default=False)
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Answer to this Host too, besides loopback's names.", metavar="HOST", show_default=False),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Let this web page's origin call it.", metavar="ORIGIN", show_default=False),
    ] = None,
    enforce_roles: Annotated[
        bool,
        typer.Option(
            help="Refuse handlers' own calls that their role doesn't allow, as AWS does. Whom a role trusts and where "
            "Lambda may deliver by it count either way."
        ),
    ] = True,
) -> None:
    """Serve the embedded endpoint until Ctrl-C."""
    from async_lab.cli.serve import AllowedCallers, Opening, serve
    from async_lab.target.local import check_region

    if speed != 1.0:
        clock = ClockName.REAL
    region = LOCAL_REGION if region is None else region
    check_region(region)
    opening = Opening(region, form, init)
    if env:
        if port == 0:
            raise UsageError("--env needs the --port of an endpoint that runs: 0 takes another each time.")
        typer.echo(opening.variables(f"http://127.0.0.1:{port}"))
        return
    callers = AllowedCallers(tuple(allow_host or ()), tuple(allow_origin or ()))
    serve(
        port,
        speed if clock is ClockName.REAL else None,
        seed,
        callers,
        opening,
        typer.echo,
        enforce_roles=enforce_roles,
    )
