"""A test's own function: from a file or a callable to something that events are sent to."""

from __future__ import annotations

import io
import json
import os
import re
import symtable
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import decode_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

from async_lab.checkout.package import zip_bytes
from async_lab.errors import UsageError
from async_lab.observation.events import Event, Events
from async_lab.observation.metrics import Metrics
from async_lab.testing import checks

if TYPE_CHECKING:
    from async_lab.testing.base import BaseLab

Handler = Callable[[Any, Any], Any]
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The lab's own Python, which handlers run on whatever their runtime says."""
NOT_IMPORTED = frozenset({"Runtime.ImportModuleError", "Runtime.UserCodeSyntaxError", "Runtime.HandlerNotFound"})
"""What Lambda's runtime says of a handler that can't be imported, or isn't there."""
_NOT_PACKED = frozenset({"__pycache__", "node_modules"})
_ENVIRONMENTS_OWN = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that a test made. ``str`` of it is its name."""

    name: str
    arn: str
    failure_queue: str | None
    """The ARN of the queue that was made for it as its on-failure destination."""
    success_queue: str | None
    dead_letter_queue: str | None
    lab: BaseLab = field(repr=False, compare=False)

    def send(self, payload: Any = None) -> Event:
        """Invoke it asynchronously; return the event as it is accepted. What becomes of it, ``events`` tells later.

        ``payload`` is anything that JSON has, or bytes as they are. Raises UsageError for what Lambda doesn't take.
        """
        return self.lab.send(self.name, payload)

    def invoke(self, payload: Any = None) -> Any:
        """Invoke it synchronously; return its result. Raises UsageError when it fails, with what it failed with."""
        return self.lab.invoke(self.name, payload)

    @property
    def events(self) -> Events:
        """What became of its events so far."""
        return self.lab.events(self.name)

    @property
    def metrics(self) -> Metrics:
        """Its metrics by minute."""
        return self.lab.metrics(self.name)

    @property
    def logs(self) -> list[str]:
        """All lines of its log."""
        return self.lab.logs(self.name)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Code:
    """A handler's package, and how Lambda names the handler in it."""

    package: bytes
    handler: str
    name: str
    """What a function of it is called unless somebody says otherwise."""


def code_of(where: str, directory: Path) -> Code:
    """Return the code of ``src/app.py:handler``, seen from ``directory``: all that lies beside the file is packed.

    Raises UsageError when the file isn't there, is no Python, or doesn't define the handler.
    """
    path, separator, handler = where.rpartition(":")
    if not separator or not path or not handler.isidentifier():
        raise UsageError(f"The function's code is {where!r}; it must be PATH:HANDLER, such as src/app.py:handler.")
    file = (directory / path).absolute()
    if not file.is_file() or file.suffix != ".py":
        raise UsageError(f"The handler {where!r} can't be imported: {file} is no Python file that is there.")
    if handler not in _defined(file):
        raise UsageError(f"The handler {where!r} can't be imported: {file} defines no {handler!r}.")
    if not file.stem.isidentifier():
        raise UsageError(f"The handler {where!r} can't be imported: {file.name} is no name of a module.")
    return Code(zip_bytes(file.parent, list(_packed(file.parent))), f"{file.stem}.{handler}", file.stem)


def in_process(handler: Handler, name: str) -> Code:
    """Return the code of a callable that the endpoint knows by a name."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("README", "This function is a callable in the process of its test.\n")
    called = re.sub(r"[^A-Za-z0-9_-]", "-", getattr(handler, "__name__", type(handler).__name__)).strip("-")
    return Code(package.getvalue(), name, called or "function")


def layer(where: str | os.PathLike[str], directory: Path) -> bytes:
    """Return a layer: a zip file as it is, or a directory's content. Raises UsageError when neither is there."""
    path = directory / where
    if path.is_dir():
        return zip_bytes(path, list(_packed(path)))
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"The layer {path} can't be read ({error.strerror}): give a directory or a zip.") from error


def payload_bytes(payload: Any, limit: int) -> bytes:
    """Return a payload as it is sent. Raises UsageError for what isn't JSON, or is longer than ``limit`` bytes."""
    try:
        content = payload if isinstance(payload, bytes) else json.dumps({} if payload is None else payload).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(f"The payload is nothing that JSON has: {error}.") from error
    if len(content) > limit:
        raise UsageError(f"The payload has {len(content):,} bytes; Lambda takes {limit:,} of an asynchronous event.")
    return content


def async_settings(retries: int | None, maximum_age: float | None) -> dict[str, int]:
    """Return what an event-invoke config has of these, of which None is Lambda's default: not written.

    Raises UsageError for what Lambda doesn't take.
    """
    settings = {}
    if retries is not None:
        checks.whole("retries", retries, 0, 2, "Lambda allows 0 to 2")
        settings["MaximumRetryAttempts"] = retries
    if maximum_age is not None:
        allowed = "Lambda allows 60 to 21600 whole seconds (6 hours)"  # doc
        checks.number("maximum_age", maximum_age, 60, 21_600, allowed)
        if maximum_age != int(maximum_age):
            raise UsageError(f"maximum_age is {maximum_age!r}; {allowed}.")
        settings["MaximumEventAgeInSeconds"] = int(maximum_age)
    return settings


def _defined(file: Path) -> set[str]:
    """Return the names that a module's top level defines, whatever decides whether it does.

    By its symbol table and not its syntax tree, of which CPython 3.11 takes one at a time (python/cpython#106905): the
    endpoint's threads build some when they are asked for a service first.
    """
    try:
        table = symtable.symtable(decode_source(file.read_bytes()), str(file), "exec")
    except (SyntaxError, ValueError) as error:
        where = f"{file}:{error.lineno}" if isinstance(error, SyntaxError) else f"{file}"
        why = error.msg if isinstance(error, SyntaxError) else error
        raise UsageError(f"The handler can't be imported: {where}: {why}.") from error
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def _packed(directory: Path) -> Iterator[str]:
    """Yield what a package of this directory holds: neither hidden files nor virtual environments."""
    for root, directories, files in os.walk(directory):
        directories[:] = [
            name
            for name in directories
            if not name.startswith(".") and name not in _NOT_PACKED and not Path(root, name, _ENVIRONMENTS_OWN).exists()
        ]
        for name in files:
            if not name.startswith("."):
                yield Path(root, name).relative_to(directory).as_posix()
