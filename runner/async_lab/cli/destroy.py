"""``destroy``: what runs left standing goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from async_lab.cli.console import confirm, console, note
from async_lab.cli.options import ProfileOption, RegionOption, TargetName, TargetOption, YesOption
from async_lab.cli.places import aws, says_what_may_stand
from async_lab.process.interrupts import Interrupts

if TYPE_CHECKING:
    from async_lab.target.base import Target


def destroy(
    target: TargetOption = TargetName.LOCAL,
    region: RegionOption = None,
    profile: ProfileOption = None,
    yes: YesOption = False,
) -> None:
    """Take down what runs left standing, and check that nothing is left."""
    from async_lab.checkout.project import Project
    from async_lab.report.progress import ProgressView
    from async_lab.stack import cleanup
    from async_lab.stack.sweep import sweep

    project = Project.locate()
    sweep(project)
    with (
        says_what_may_stand(project, target),
        ProgressView(console(stderr=True)) as view,
        Interrupts(view.interject) as interrupts,
    ):
        if target is TargetName.LOCAL:
            typer.echo(cleanup.forget_local(project))
            return
        where = aws(region, profile)
        standing = cleanup.standing(project, where)
        _ask_before_removing(where, standing, yes=yes)
        typer.echo(cleanup.remove(project, where, standing, view.phase, view.terraform, interrupts))


def _ask_before_removing(where: Target, standing: Sequence[object], *, yes: bool) -> None:
    if not standing:
        return
    note(f"Account {where.account_id}, region {where.region}: the lab will remove")
    for name in standing:
        note(str(name), indent="  ")
    confirm(yes=yes)
