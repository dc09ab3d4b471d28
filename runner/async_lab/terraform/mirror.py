"""Filesystem mirrors of providers on this machine, found by their layout.

Terraform looks into its implied directories by itself, unless a CLI configuration tells it otherwise; the lab asks it
first and looks only when it has found nothing. Sources: Terraform's documentation, "Implied Local Mirror Directories"
and "Filesystem Mirror layouts": ``HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/`` unpacked, or packed as
``HOST/NAMESPACE/TYPE/terraform-provider-TYPE_VERSION_OS_ARCH.zip``.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

AWS_PROVIDER = "registry.terraform.io/hashicorp/aws"
OPT = Path("/opt")
"""Where machines without network access are often given one: each directory right below is looked into."""
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def this_platform() -> str:
    """Return this machine's OS_ARCH as Terraform writes it: ``linux_amd64``."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{_ARCHITECTURES.get(machine, machine)}"


def searched(directory: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where mirrors are looked for: ``directory`` is Terraform's working directory."""
    home = Path(environment.get("HOME") or Path.home())
    implied = _of_macos(home) if sys.platform == "darwin" else _of_unix(home, environment)
    return (directory / "terraform.d" / "plugins", home / ".terraform.d" / "plugins", *implied, *_below(OPT))


def find_mirrors(places: Sequence[Path]) -> list[Path]:
    """Return those places that hold the AWS provider for this machine."""
    return [place for place in places if _holds_provider(place / AWS_PROVIDER)]


def _holds_provider(provider: Path) -> bool:
    wanted = this_platform()
    return any(provider.glob(f"*/{wanted}/")) or any(provider.glob(f"terraform-provider-*_{wanted}.zip"))


def _of_macos(home: Path) -> Iterator[Path]:
    support = Path("Library/Application Support/io.terraform/plugins")
    yield from (home / support, Path("/") / support)


def _of_unix(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    users = environment.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    everyones = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for data in (users, *everyones.split(os.pathsep)):
        yield Path(data) / "terraform" / "plugins"


def _below(parent: Path) -> list[Path]:
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir())
    except OSError:
        return []
