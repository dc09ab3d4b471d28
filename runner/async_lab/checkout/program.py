"""The program's own commands, as the user can type them."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

NAME = "async-lab"


def command(arguments: str) -> str:
    """Return a command as it can be typed here: ``async-lab run 2``, or ``.venv/bin/async-lab run 2`` off the PATH."""
    called = sys.argv[0]
    if Path(called).name != NAME or shutil.which(NAME) == shutil.which(called):
        return f"{NAME} {arguments}"
    return f"{shlex.quote(called)} {arguments}"


def export(name: str, value: str) -> str:
    """Return the shell's line that sets a variable, whatever the value holds."""
    return f"export {name}={shlex.quote(value)}"
