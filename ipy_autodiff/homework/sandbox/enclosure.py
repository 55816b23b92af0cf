"""Enclose a process so that it sees Python and its libraries, read-only, and no other file, process or network.

Two ways to the same view: a command line for bubblewrap, and the same by namespaces made here, where bubblewrap is
missing.
"""

from __future__ import annotations

import os
import signal
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ipy_autodiff.homework.sandbox import linux

__all__ = ["HOME", "bubblewrap", "enclose", "view"]

HOME = "/homework"
"""The folder that a notebook works in, empty at its start. Not ``/tmp``: Python itself may be installed below that."""

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/etc/alternatives", "/etc/fonts")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/matplotlibrc")
_DEVICES = ("null", "zero", "full", "random", "urandom")


def view(hidden: Iterable[str | Path] = ()) -> dict[str, Any]:
    """What is to be seen: ``binds``, real files and folders; ``links``; ``hidden``, folders within binds made empty.

    The package's own sheets are hidden, and of ``hidden`` whatever lies where it could be seen.
    """
    package = Path(__file__).resolve().parents[2]
    wanted = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix), package]
    wanted += [Path(path) for path in sysconfig.get_paths().values()]
    wanted += [Path(path) for path in _libraries()]
    links: dict[str, str] = {}
    for name in _SYSTEM:
        if Path(name).is_symlink():
            links[name] = os.readlink(name)  # noqa: PTH115 - relative as it stands
        else:
            wanted.append(Path(name))
    wanted += [Path(name) for name in _SYSTEM_FILES]
    real: list[Path] = []
    for path in wanted:
        real += [path, path.resolve()] if not path.is_symlink() else [path.resolve()]
    real = [path for path in dict.fromkeys(real) if path.exists() and len(path.parts) > 1]
    binds = [path for path in real if not any(path != other and path.is_relative_to(other) for other in real)]
    for path in wanted:
        if path.is_symlink() and not any(path.is_relative_to(bind) for bind in binds):
            links[str(path)] = str(path.resolve())
    links.update(_interpreter_links(binds))
    if not any(path.is_relative_to("/tmp") for path in (*binds, *map(Path, links))):
        links["/tmp"] = HOME
    covered = [Path(path).resolve() for path in hidden]
    covered.append(package / "homework" / "sheet" / "dezero")
    inside = [
        path
        for path in covered
        if path.exists()
        and any(path.is_relative_to(bind) for bind in binds)
        and not any(bind.is_relative_to(path) for bind in (*binds, package, Path(sys.prefix)))
    ]
    return {"binds": sorted(map(str, binds)), "links": links, "hidden": sorted(map(str, inside))}


def bubblewrap(program: str, seen: dict[str, Any], command: Sequence[str]) -> list[str]:
    """The command line that runs ``command`` in bubblewrap with this view, as nobody in particular."""
    arguments = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent"]
    if os.getuid() == 0:
        arguments += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        arguments += ["--unshare-user"]
    above = {str(parent) for path in (*seen["binds"], *seen["links"]) for parent in Path(path).parents}
    for path in sorted(above - {"/"}):
        arguments += ["--perms", "0755", "--dir", path]
    for path in seen["binds"]:
        arguments += ["--ro-bind", path, path]
    for path, target in seen["links"].items():
        arguments += ["--symlink", target, path]
    for path in seen["hidden"]:
        arguments += ["--perms", "0755", "--tmpfs", path] if Path(path).is_dir() else ["--ro-bind", os.devnull, path]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", HOME]
    # What is left of the made-up root would belong to an ordinary user, and outlive the notebook that wrote to it.
    return [*arguments, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME, "--", *command]


def enclose(seen: dict[str, Any]) -> None:
    """Goes on inside, as the first process of its own namespaces; the process that called waits and ends with it."""
    private = linux.NEW_MOUNTS | linux.NEW_IPC | linux.NEW_HOST_NAME | linux.NEW_NETWORK
    if os.getuid() == 0:
        linux.unshare(private)
    else:
        user, group = os.getuid(), os.getgid()
        linux.unshare(private | linux.NEW_USER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    linux.unshare(linux.NEW_PROCESSES)
    linux.die_with_parent()
    child = os.fork()
    if child:
        os.closerange(3, 1024)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        status = os.waitpid(child, 0)[1]
        os._exit(min(abs(os.waitstatus_to_exitcode(status)), 255))
    _new_root(seen)


def _new_root(seen: dict[str, Any]) -> None:
    linux.mount("none", "/", None, linux.RECURSIVE | linux.PRIVATE)
    root = "/sys"  # any folder that every Linux has and nothing is bound from
    linux.mount("tmpfs", root, "tmpfs", linux.NO_SUID | linux.NO_DEVICES, "size=1m,mode=755")
    for path in seen["binds"]:
        _bind(path, root)
    for path in seen["hidden"]:
        if Path(path).is_dir():
            linux.mount("tmpfs", root + path, "tmpfs", linux.READ_ONLY, "size=4k")
        else:
            linux.mount(os.devnull, root + path, None, linux.BIND)
    for path, target in seen["links"].items():
        Path(root + path).parent.mkdir(parents=True, exist_ok=True)
        Path(root + path).symlink_to(target)
    for name in _DEVICES:
        _bind(f"/dev/{name}", root, read_only=False)
    Path(root, "dev/shm").mkdir()
    Path(root + HOME).mkdir()
    linux.mount("tmpfs", root + HOME, "tmpfs", linux.NO_SUID | linux.NO_DEVICES, "size=1m,mode=1777")
    Path(root, "proc").mkdir()
    linux.mount("proc", root + "/proc", "proc", linux.NO_SUID | linux.NO_DEVICES | linux.NO_EXEC)
    linux.pivot_root(root)
    linux.mount("none", "/", None, linux.REMOUNT | linux.BIND | linux.READ_ONLY | linux.NO_SUID | linux.NO_DEVICES)
    os.chdir(HOME)


def _bind(path: str, root: str, *, read_only: bool = True) -> None:
    target = Path(root + path)
    if Path(path).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    linux.mount(path, str(target), None, linux.BIND | linux.RECURSIVE)
    if read_only:
        linux.mount_attributes_read_only(str(target))


def _libraries() -> list[str]:
    """Where modules are imported from; not the folder that a command was started in."""
    here = os.getcwd()  # noqa: PTH109 - as sys.path has it
    return [path for path in sys.path if path and path.endswith(("site-packages", "dist-packages")) and path != here]


def _interpreter_links(binds: Sequence[Path]) -> dict[str, str]:
    """The links that lead from ``sys.executable`` to the interpreter, as far as they lie outside of what is bound."""
    links = {}
    path = Path(sys.executable)
    while path.is_symlink():
        target = os.readlink(path)  # noqa: PTH115
        if not any(path.is_relative_to(bind) for bind in binds):
            links[str(path)] = target
        path = path.parent / target
    return links
