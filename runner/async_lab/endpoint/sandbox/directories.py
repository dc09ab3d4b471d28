"""Where a handler's files are on this machine, and where the handler sees them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from async_lab.endpoint.sandbox.lab_child.places import LANGUAGE, LAYERS, RUNTIME, TASK_ROOT, TEMPORARY

RUNTIME_DIRECTORY = "runtime"
"""What ``/var/runtime`` is called among the sandbox's files, where there is no private root."""
_SYSTEMS = "/usr"


@dataclass(frozen=True, slots=True)
class Directories:
    """The directories of one execution environment."""

    task_root: Path
    """Lambda's ``/var/task``: the deployment package."""
    layers: Path
    """Lambda's ``/opt``."""
    temporary: Path | None
    """Lambda's ``/tmp``; None in a private root, where handlers see all of this as on Lambda."""

    @property
    def mapped(self) -> dict[str, str] | None:
        """Return this machine's directories by Lambda's; None in a private root."""
        if self.temporary is None:
            return None
        runtime = self.task_root.parent / RUNTIME_DIRECTORY
        return {
            TASK_ROOT: str(self.task_root),
            LAYERS: str(self.layers),
            RUNTIME: str(runtime),
            TEMPORARY: str(self.temporary),
        }

    def seen(self, path: str) -> str:
        """Return what a path of Lambda's is called in the handler's process."""
        for lambdas, ours in (self.mapped or {}).items():
            if path == lambdas or path.startswith(f"{lambdas}/"):
                return f"{ours}{path.removeprefix(lambdas)}"
        return path

    def on_lambda(self, text: bytes) -> bytes:
        """Return a text, such as a stack trace, with Lambda's paths: ours are different on every run."""
        if self.mapped is not None:
            for lambdas, ours in (self.mapped | _interpreter()).items():
                text = text.replace(ours.encode(), lambdas.encode())
        return text


def _interpreter() -> dict[str, str]:
    """Return the directory of the interpreter, by Lambda's, unless it is one of the system's."""
    return {} if sys.base_prefix.startswith(_SYSTEMS) else {LANGUAGE: sys.base_prefix}
