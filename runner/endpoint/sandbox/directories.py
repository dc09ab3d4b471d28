"""Where a handler's files are on this machine, and where Lambda would have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Directories:
    """The directories of one execution environment."""

    task_root: Path
    """Lambda's ``/var/task``: the deployment package."""
    layers: Path
    """Lambda's ``/opt``."""
    temporary: Path
    """Lambda's ``/tmp``, by ``TMPDIR``: a handler that writes to ``/tmp`` itself writes to this machine's."""

    def here(self, path: str) -> str:
        """Return where a path of Lambda's is on this machine."""
        for lambdas, ours in self._names():
            if path == lambdas or path.startswith(f"{lambdas}/"):
                return f"{ours}{path.removeprefix(lambdas)}"
        return path

    def on_lambda(self, text: bytes) -> bytes:
        """Return a text, such as a stack trace, with Lambda's paths: ours are different on every run."""
        for lambdas, ours in self._names():
            text = text.replace(str(ours).encode(), lambdas.encode())
        return text

    def _names(self) -> tuple[tuple[str, Path], ...]:
        return ("/var/task", self.task_root), ("/opt", self.layers), ("/tmp", self.temporary)  # noqa: S108 -- a name
