"""Run the campaign: ``python -m tools.campaign [--cases 50] [--seed 0] [--kind kills] [--only 17]``.

Exit code 0 when every promise was kept, 1 when one was not; then each broken one is listed with the command that runs
it again. A case takes from milliseconds (a request) to a quarter of a minute (a run that is killed late).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from async_lab.checkout.project import Project
from tools.campaign import handlers, inputs, kills, requests
from tools.campaign.case import Case, Outcome, chance_of
from tools.campaign.checkout import Checkout
from tools.campaign.served import served

Draw = Callable[[Random], Case]


class Kind(StrEnum):
    """What is odd."""

    KILLS = "kills"
    INPUTS = "inputs"
    REQUESTS = "requests"
    HANDLERS = "handlers"


@contextmanager
def _drawing(kind: Kind) -> Iterator[Draw]:
    """Prepare what the cases of a kind need, once for all of them."""
    with tempfile.TemporaryDirectory(prefix="async-lab-campaign-") as directory:
        checkout = Checkout.copy_of(Project.locate(), Path(directory))
        if kind is Kind.KILLS:
            yield partial(kills.draw, checkout=checkout)
        elif kind is Kind.INPUTS:
            yield partial(inputs.draw, checkout=checkout)
        else:
            draw = requests.draw if kind is Kind.REQUESTS else handlers.draw
            with served(checkout) as endpoint:
                yield partial(draw, served=endpoint)


def campaign(kind: Kind, seed: int, numbers: range) -> Iterator[Outcome]:
    """Try the cases with these numbers, one after another; yield each as it is known."""
    with _drawing(kind) as draw:
        for number in numbers:
            case = draw(chance_of(kind, seed, number))
            yield Outcome(kind, seed, number, case.what, tuple(case.broken_promises()))


def main(
    cases: Annotated[int, typer.Option(min=1, help="How many cases of each kind.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same cases.")] = 0,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only this kind; may be given several times.")] = None,
    only: Annotated[int | None, typer.Option(min=0, help="Only the case with this number.", show_default=False)] = None,
) -> None:
    """Try odd things, and count which promises were kept."""
    numbers = range(cases) if only is None else range(only, only + 1)
    broken: list[Outcome] = []
    for each in kind or list(Kind):
        tried = 0
        for outcome in campaign(each, seed, numbers):
            tried += 1
            if outcome.broken:
                broken.append(outcome)
                typer.echo(outcome)
            if sys.stderr.isatty():
                typer.echo(f"\r{each} {tried}/{len(numbers)} ", err=True, nl=False)
        not_kept = sum(outcome.kind == each for outcome in broken)
        typer.echo(f"{each}: {tried} tried, {tried - not_kept} as promised, {not_kept} not")
    raise typer.Exit(code=1 if broken else 0)


if __name__ == "__main__":
    typer.run(main)
