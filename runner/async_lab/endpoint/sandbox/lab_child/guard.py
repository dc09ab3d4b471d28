"""Where Linux's namespaces aren't to be had: Lambda's paths by other means, and no writing outside.

Python's own functions take ``/tmp``, ``/var/task`` and ``/opt`` for the environment's directories, and refuse to change
anything elsewhere, and to start programs, which nobody could hold back. That protects from accidents, such as a handler
that empties ``/tmp``, not from malice: what C code does passes, and so does reading. Nor is there any shared memory,
which Lambda doesn't have.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import functools
import importlib
import io
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/stdout", "/dev/stderr"}
_TAKE_ONE_PATH = (
    "access", "chdir", "chflags", "chmod", "chown", "getxattr", "lchmod", "lchown", "listdir", "listxattr", "lstat",
    "makedirs", "mkdir", "mkfifo", "mknod", "open", "pathconf", "readlink", "remove", "removexattr", "rmdir", "scandir",
    "setxattr", "stat", "statvfs", "truncate", "unlink", "utime",
)  # fmt: skip
_TAKE_TWO_PATHS = ("link", "rename", "replace", "symlink")
_CHANGES = {  # audit events: the positions of paths that are changed, and of the descriptors that these may start from
    "os.chflags": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((1, 3),),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.removexattr": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.setxattr": ((0, None),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
    "sqlite3.connect": ((0, None),),
}
_FOLLOWS = {
    "os.chflags",
    "os.chmod",
    "os.chown",
    "os.removexattr",
    "os.setxattr",
    "os.truncate",
    "os.utime",
    "sqlite3.connect",
}
_STARTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn"}


def install(directories: Mapping[str, str], writable: str) -> None:
    """Begin. ``directories`` are this machine's by Lambda's; below ``writable``, one of them, anything may change."""
    real = os.path.realpath(writable)
    _map_paths(directories)
    _share_no_memory()
    sys.addaudithook(functools.partial(_check, real))


def _share_no_memory() -> None:
    """Refuse what needs ``/dev/shm``, such as locks, queues and pools of processes (in the words of public issues)."""
    semaphores: Any = importlib.import_module("_multiprocessing")

    class NoSemaphore(semaphores.SemLock):
        def __new__(cls, *_arguments: Any) -> Self:
            return _missing()

    semaphores.SemLock = NoSemaphore
    with contextlib.suppress(ImportError):
        memory: Any = importlib.import_module("_posixshmem")
        memory.shm_open = _missing


def _missing(*_arguments: Any, **_named: Any) -> Any:
    raise OSError(errno.ENOSYS, "Function not implemented")


def _here(directories: Mapping[str, str], path: Any) -> Any:
    """Return where a path of Lambda's lies on this machine; any other as it is."""
    if isinstance(path, int) or path is None or getattr(_checking, "now", False):
        return path
    try:
        name = os.fsdecode(path)
    except TypeError:
        return path  # what is called will say so
    normal = os.path.normpath(name) if name.startswith("/") else name
    if normal.startswith(tuple(directories.values())):
        return path
    for lambdas, ours in directories.items():
        if normal == lambdas or normal.startswith(f"{lambdas}/"):
            mapped = ours + normal.removeprefix(lambdas)
            return os.fsencode(mapped) if isinstance(path, bytes) else mapped
    return path


def _map_paths(directories: Mapping[str, str]) -> None:
    here = functools.partial(_here, directories)

    def mapping(real: Callable[..., Any], paths: int) -> Callable[..., Any]:
        @functools.wraps(real)
        def call(*arguments: Any, **named: Any) -> Any:
            mapped = [here(argument) if at < paths else argument for at, argument in enumerate(arguments)]
            return real(*mapped, **{name: here(value) if name in _NAMES else value for name, value in named.items()})

        return call

    for name in _TAKE_ONE_PATH:
        if hasattr(os, name):
            _replace(name, mapping(getattr(os, name), 1))
    for name in _TAKE_TWO_PATHS:
        _replace(name, mapping(getattr(os, name), 2))
    builtins.open = io.open = mapping(io.open, 1)


_NAMES = {"path", "file", "src", "dst", "name"}
_checking = threading.local()
"""Its ``now`` is true in a thread that looks at this machine's paths themselves."""


def _replace(name: str, function: Callable[..., Any]) -> None:
    """Put a function in the place of one of ``os``, and keep what ``os`` says that it supports."""
    real = getattr(os, name)
    for supporting in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if real in supporting:
            supporting.add(function)
    setattr(os, name, function)


def _check(writable: str, event: str, arguments: tuple[Any, ...]) -> None:
    if event in _STARTS:
        raise PermissionError(
            errno.EPERM, "async-lab: without Linux's namespaces handlers can't start programs, which nothing holds back"
        )
    if event == "open":
        path, _mode, flags = arguments
        if isinstance(flags, int) and flags & _WRITES:
            _check_path(writable, path, None, follows=True)
    elif event == "os.link":  # a second name for a file outside would make it writable
        _check_path(writable, arguments[0], arguments[2], follows=True)
    for path_at, directory_at in _CHANGES.get(event, ()):
        directory = None if directory_at is None else arguments[directory_at]
        _check_path(writable, arguments[path_at], directory, follows=event in _FOLLOWS)


def _check_path(writable: str, path: Any, directory: int | None, *, follows: bool) -> None:
    if isinstance(path, int) or path is None:  # open already
        return
    name = os.fsdecode(path)
    if name == ":memory:" or name in _DEVICES:
        return
    if isinstance(directory, int) and directory >= 0 and not os.path.isabs(name):
        name = os.path.join(_opened(directory), name)
    _checking.now = True
    try:
        parent, last = os.path.split(os.path.abspath(name))
        real = os.path.realpath(name) if follows else os.path.join(os.path.realpath(parent), last)
    finally:
        _checking.now = False
    if not real.startswith(f"{writable}/") and not (follows and real == writable):
        raise PermissionError(errno.EACCES, "async-lab: handlers may only write below /tmp", name)


def _opened(descriptor: int) -> str:
    """Return the path of an open directory."""
    if sys.platform == "darwin":
        import fcntl

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return os.readlink(f"/proc/self/fd/{descriptor}")
