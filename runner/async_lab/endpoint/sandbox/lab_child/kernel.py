"""What Linux can do and Python's ``os`` can't: namespaces, mounts, capabilities. Everything raises OSError."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID = 0x0002_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000
_SYS_CLONE3, _SYS_MOUNT_SETATTR = 435, 442  # the same on every architecture
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_ATTR_RDONLY = 1
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 36, 38, 47
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_CAP_SYS_ADMIN = 21
_CAPABILITY_VERSION_3 = 0x2008_0522

_libc = ctypes.PyDLL(None, use_errno=True)  # it keeps the interpreter's lock, for the sake of fork_as_first


def enter_namespaces(user: int, group: int) -> None:
    """Move this process, which has one thread, into namespaces of its own, in which it is ``user`` and can mount."""
    outer_user, outer_group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWIPC)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {outer_user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {outer_group} 1")
    _call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)


def leave_mount_namespace() -> None:
    """Have mounts of our own from now on."""
    _call("unshare", _CLONE_NEWNS)


def mount_memory(target: str, options: str) -> None:
    """Mount an empty file system that lives in memory and goes with the last process that sees it."""
    _call("mount", b"tmpfs", target.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, options.encode())


def mount_processes(target: str) -> None:
    """Mount the view of our process namespace."""
    _call("mount", b"proc", target.encode(), b"proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, None)


def bind(source: str, target: str) -> None:
    """Let a file or a directory appear at another path too, with what is mounted below it."""
    _call("mount", source.encode(), target.encode(), None, _MS_BIND | _MS_REC, None)


def make_read_only(target: str, *, with_all_below: bool = True) -> None:
    """Refuse writes to what is mounted there, whoever owns the files."""
    attributes = ctypes.create_string_buffer(struct.pack("=QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0))
    flags = _AT_RECURSIVE if with_all_below else 0
    _system_call(_SYS_MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, attributes, 32)


def bind_read_only(source: str, target: str) -> None:
    """Let it appear at another path too, where it can't be changed."""
    bind(source, target)
    make_read_only(target)


def unmount(target: str) -> None:
    """Take a mount away with all below it; what is open stays open."""
    _call("umount2", target.encode(), _MNT_DETACH)


def change_root(new_root: str, old_root: str) -> None:
    """Make a mount the root; the former one is then at ``old_root``, a path below the new one."""
    os.chdir(new_root)
    _call("pivot_root", b".", old_root.encode())
    os.chdir("/")


def fork_as_first() -> int:
    """Fork a child that is the first process of a process namespace: when it ends, so do all in it.

    It is no more than the system call. The child may fork and wait; whatever needs more of the interpreter is for the
    child's own children.
    """
    arguments = ctypes.create_string_buffer(struct.pack("=8Q", _CLONE_NEWPID, 0, 0, 0, signal.SIGCHLD, 0, 0, 0))
    return _system_call(_SYS_CLONE3, arguments, len(arguments) - 1)


def keep_mounting_after_exec() -> None:
    """Let the program that this process becomes mount as well."""
    _set_capabilities(effective=1 << _CAP_SYS_ADMIN, inheritable=1 << _CAP_SYS_ADMIN)
    _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_SYS_ADMIN, 0, 0)


def give_up_privileges() -> None:
    """Be an ordinary process for good, and all that it starts."""
    _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _set_capabilities(effective=0, inheritable=0)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Be killed when the parent ends."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of what descendants leave behind."""
    _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _set_capabilities(*, effective: int, inheritable: int) -> None:
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    sets = ctypes.create_string_buffer(struct.pack("=6I", effective, effective, inheritable, 0, 0, 0))
    _call("capset", header, sets)


def _system_call(number: int, *arguments: object) -> int:
    return _call("syscall", number, *arguments)


def _call(function: str, *arguments: object) -> int:
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = int(getattr(_libc, function)(*wide))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
    return result
