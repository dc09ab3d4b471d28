"""The program's own commands, as the user can type them."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

NAME = "async-lab"
_EXPORT = "export "


def command(arguments: str) -> str:
    """Return a command as it can be typed here: ``async-lab run 2``, or ``.venv/bin/async-lab run 2`` off the PATH."""
    called = sys.argv[0]
    if Path(called).name != NAME or shutil.which(NAME) == shutil.which(called):
        return f"{NAME} {arguments}"
    return f"{shlex.quote(called)} {arguments}"


def export(name: str, value: str) -> str:
    """Return the shell's line that sets a variable, whatever the value holds."""
    return f"{_EXPORT}{name}={shlex.quote(value)}"


class Format(StrEnum):
    """How environment variables are printed."""

    SHELL = "shell"
    DOTENV = "dotenv"
    JSON = "json"


def printed(variables: Mapping[str, str], form: Format = Format.SHELL) -> str:
    """Return variables as a shell, a ``.env`` file or a program reads them, whatever their values hold."""
    if form is Format.JSON:
        return json.dumps(variables, indent=2)
    lines = [export(name, value) for name, value in variables.items()]
    return "\n".join(lines if form is Format.SHELL else [line.removeprefix(_EXPORT) for line in lines])
