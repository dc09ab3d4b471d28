"""``doctor`` and ``package``: this machine and this checkout."""

from __future__ import annotations

import typer

from async_lab.cli.console import console
from async_lab.cli.options import ProfileOption, RegionOption, TargetName, TargetOption
from async_lab.cli.places import aws
from async_lab.errors import ExitCode


def doctor(target: TargetOption = TargetName.LOCAL, region: RegionOption = None, profile: ProfileOption = None) -> None:
    """Say what is installed, found and missing, and what to do about it."""
    from async_lab import doctor as checks
    from async_lab.checkout.project import Project
    from async_lab.report.checks import show_checks

    account = None if target is TargetName.LOCAL else lambda: aws(region, profile)
    if not show_checks(console(), checks.examine(Project.locate(), account)):
        raise typer.Exit(ExitCode.ENVIRONMENT)


def package() -> None:
    """Build the function's package, the same bytes on any machine."""
    from async_lab.checkout.package import build_package
    from async_lab.checkout.project import Project

    project = Project.locate()
    files = project.laid_out()
    built = build_package(files.function_src, files.package_zip)
    typer.echo(f"{project.shown(built.path)}  sha256 {built.sha256}")
