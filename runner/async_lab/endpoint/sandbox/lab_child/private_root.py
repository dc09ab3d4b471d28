"""A root as Lambda's, which a process enters before it becomes the zygote: ``python -m lab_child.private_root``.

Nothing of the user's is in it: system programs and libraries, the interpreter at ``/var/lang``, Lambda's packages at
``/var/runtime``, and for each execution environment its own ``/var/task``, ``/opt``, ``/tmp`` and ``/proc``.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from . import kernel
from .protocol import LANGUAGE, LAYERS, RUNTIME, TASK_ROOT, TEMPORARY

USER, GROUP = 993, 990  # Lambda's own
_OURS, _PACKAGES, _FILES, _OLD = "/run/lab", "/run/packages", "/run/files", "/run/old"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/gnu")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_CONFIGURATION = (
    "alternatives", "ca-certificates", "ca-certificates.conf", "crypto-policies", "gai.conf", "host.conf", "hosts",
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "os-release", "pki",
    "protocols", "resolv.conf", "services", "ssl",
)  # fmt: skip
_ACCOUNTS = {
    "passwd": f"root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:{USER}:{GROUP}::/home/sbx_user1051:/sbin/nologin\n",
    "group": f"root:x:0:\nsbx_user1051:x:{GROUP}:\n",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes into the root and who starts in it; paths are this machine's."""

    root: str
    """The directory with packages and layers; its place also serves as the mount point."""
    descriptor: int
    interpreter: str
    prefix: str
    """Where the interpreter's own files are."""
    runtime: dict[str, str]
    """Packages of Lambda's runtime, by the names that they have there."""
    ours: dict[str, str]
    """Likewise what the zygote imports and handlers don't see."""
    child_package: str

    def written(self) -> str:
        """Return it as an argument."""
        return json.dumps(asdict(self))


def enter(plan: Plan) -> None:
    """Change the root of this process. Raises OSError where the kernel or its administrator doesn't let us."""
    shown = _shown(plan)
    links = {path: os.readlink(path) for path in _SYSTEM if os.path.islink(path)}
    kernel.enter_namespaces(USER, GROUP)
    kernel.mount_memory(plan.root, "mode=755,size=4m")
    Path(f"{plan.root}{_OLD}").mkdir(parents=True)
    kernel.change_root(plan.root, _OLD[1:])
    for path, target in links.items():  # those that only point into /usr do so here too
        os.symlink(target, path)
    for target, source in shown.items():
        _place(f"{_OLD}{source}", target)
        kernel.bind_read_only(f"{_OLD}{source}", target)
    for name, text in _ACCOUNTS.items():
        Path("/etc", name).write_text(text)
    for name, target in {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}.items():
        os.symlink(f"/proc/self/{target}", f"/dev/{name}")
    for path in (TASK_ROOT, LAYERS, TEMPORARY, "/proc", _FILES):
        Path(path).mkdir(parents=True, exist_ok=True)
    kernel.bind(f"{_OLD}{Path(plan.root).parent}", _FILES)  # its holder: at the end somebody must remove it
    kernel.bind(f"{_OLD}/proc", "/proc")  # Linux mounts a namespace's own only where one is to be seen already
    kernel.unmount(_OLD)
    Path(_OLD).rmdir()
    kernel.make_read_only("/", with_all_below=False)


def furnish(files: str, layers: str, temporary_mb: int) -> None:
    """Give this process, the first of its namespace, what is one execution environment's own. Paths are this machine's.

    Raises OSError.
    """
    kernel.leave_mount_namespace()
    kernel.mount_processes("/proc")
    kernel.bind_read_only(inside(files), TASK_ROOT)
    kernel.bind_read_only(inside(layers), LAYERS)
    kernel.mount_memory(TEMPORARY, f"mode=1777,size={temporary_mb}m")
    kernel.unmount(_FILES)
    kernel.give_up_privileges()


def inside(path: str) -> str:
    """Return where something below the directory with packages is for the zygote."""
    root = Path(path)
    return f"{_FILES}/{root.parent.name}/{root.name}"


def is_systems(prefix: str) -> bool:
    """Whether the interpreter is among the system's programs, and so is where it always is."""
    return Path(prefix).is_relative_to("/usr")


def interpreter(plan: Plan) -> str:
    """Return the interpreter's path in the private root."""
    if is_systems(plan.prefix):
        return plan.interpreter
    return f"{LANGUAGE}/{Path(plan.interpreter).relative_to(plan.prefix)}"


def _shown(plan: Plan) -> dict[str, str]:
    """Return what of this machine is to be seen, by its path in the private root."""
    paths = [path for path in _SYSTEM if not os.path.islink(path)]
    paths += [f"/etc/{name}" for name in _CONFIGURATION]
    paths += [f"/dev/{name}" for name in _DEVICES]
    shown = {path: path for path in paths}
    if not is_systems(plan.prefix):
        shown[LANGUAGE] = plan.prefix
    shown |= {f"{RUNTIME}/{name}": path for name, path in plan.runtime.items()}
    shown |= {f"{_PACKAGES}/{name}": path for name, path in plan.ours.items()}
    shown[f"{_OURS}/{Path(plan.child_package).name}"] = plan.child_package
    return {path: os.path.realpath(source) for path, source in shown.items() if os.path.exists(source)}


def _place(source: str, target: str) -> None:
    """Make an empty file or directory for something to appear at."""
    if Path(source).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()


def main() -> None:
    """Enter the root that ``argv[1]`` plans, and become the zygote in it."""
    plan = Plan(**json.loads(sys.argv[1]))
    try:
        python = interpreter(plan)
        enter(plan)
        kernel.keep_mounting_after_exec()
    except (OSError, AttributeError, ValueError) as error:  # a C library without the function, an odd interpreter
        sys.exit(f"{error}")
    os.environ["PYTHONPATH"] = _OURS
    if not is_systems(plan.prefix):
        os.environ["LD_LIBRARY_PATH"] = f"{LANGUAGE}/lib"
    module = Path(plan.child_package).name
    arguments = [str(plan.descriptor), f"{_FILES}/{Path(plan.root).name}", "private", RUNTIME, _PACKAGES]
    os.execv(python, [python, "-S", "-s", "-P", "-m", module, *arguments])  # noqa: S606 -- our own interpreter


if __name__ == "__main__":
    main()
