"""Wait with NumPy and IPython loaded, and fork for each notebook: what the enclosed process runs.

It runs no student's code itself. For every request it makes a process that is the first in a process namespace of its
own, with an empty folder to work in, and in which the notebook runs; when that process ends, by itself or killed from
here, the kernel kills all that it started.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.machinery
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ipy_autodiff.homework.sandbox import linux
from ipy_autodiff.homework.sandbox.enclosure import HOME, enclose
from ipy_autodiff.homework.sandbox.inside.audit import Watch
from ipy_autodiff.homework.sandbox.inside.cell_runner import new_shell, run_cells
from ipy_autodiff.homework.sandbox.inside.notebook_process import live
from ipy_autodiff.homework.sandbox.inside.originals import Originals
from ipy_autodiff.homework.sandbox.inside.surroundings import ENGINES
from ipy_autodiff.homework.sandbox.limits import Limits, hold, mapped_bytes, resident_bytes
from ipy_autodiff.homework.sandbox.text.cells import Cell

__all__ = ["main"]

_TICK = 0.02
_NOBODY = 65534
_ENGINE = Path(__file__).parents[3] / "engine"


@dataclass(frozen=True)
class _Around:
    """What this process could arrange around the notebooks, found out once at its start."""

    namespaces: bool
    proc: bool
    home: int = -1
    """This process's own process namespace, opened: where the next fork goes back to."""
    engines: tuple[str, ...] = ()
    """Folders of engines of the environment, which a notebook that is to have its own does not see."""
    mapped: int = 0
    """Bytes of address space that this process has mapped. Its forks may have no ``/proc`` to ask."""


def main(control_number: int, isolation: str) -> None:
    """Serves requests that come over the socket ``control_number`` until it closes."""
    control = socket.socket(fileno=control_number)
    if isolation == "namespaces":
        enclose(json.loads(sys.argv[-1]))
    linux.die_with_parent()
    linux.subreaper()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    around = _Around(namespaces=isolation != "limits", proc=False)
    os.environ.pop("PYTHONUSERBASE", None)
    if os.getuid() == 0 and (isolation != "limits" or _nobody_can_read_python()):
        _become_nobody()
    if around.namespaces:
        home = _own_users()
        around = next((one for one in (_Around(True, True, home), _Around(True, False, home)) if _works(one)), around)
        if not _works(around):
            raise SystemExit("no namespaces for each notebook")
    linux.no_new_privileges()
    linux.undumpable()
    shell = new_shell()
    deque(run_cells(shell, [Cell("1 / 0"), Cell("import numpy as np\nnp.zeros(2)")]), maxlen=0)
    shell.reset(new_session=True)
    originals = Originals()
    gc.freeze()  # so that no fork looks at what is here; until now there was nothing to collect
    gc.enable()
    around = replace(around, mapped=mapped_bytes(), engines=_engines())
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    control.sendall(json.dumps({"ready": True, "uid": os.getuid(), "proc": around.proc}).encode())
    while True:
        request, files = _request(control)
        if request is None:
            os._exit(0)  # nothing here needs the interpreter's long goodbye
        if "limits" not in request:
            continue  # an order to kill a notebook that had ended by then
        limits = Limits(**request["limits"])
        secret = [bytes.fromhex(request.pop("key"))]
        with _place(around) as place:
            child = _start(around)
            if child == 0:
                control.close()
                _notebook(around, place, files, secret, limits, request["skip"], shell, originals)
            for number in files:
                os.close(number)
            reason = _watch(child, control, limits)
            if not around.namespaces:
                _reap()
        _bury()
        control.sendall(json.dumps({"over": reason}).encode())


def _request(control: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    content, files, _flags, _address = socket.recv_fds(control, 65536, 3)
    return (json.loads(content) if content else None), files


def _start(around: _Around) -> int:
    """``os.fork``; where there are namespaces, into one in which the child is the first process."""
    if not around.namespaces:
        return os.fork()
    linux.unshare(linux.NEW_PROCESSES)
    child = os.fork()
    if child == 0:
        os.close(around.home)
        linux.unshare(linux.NEW_MOUNTS | linux.NEW_IPC | linux.NEW_NETWORK)
        return 0
    linux.enter(around.home, linux.NEW_PROCESSES)
    return child


def _notebook(
    around: _Around,
    place: str,
    files: list[int],
    secret: list[bytes],
    limits: Limits,
    skip: list[int],
    shell: Any,
    originals: Originals,
) -> None:
    """The process of one notebook. Never returns."""
    channel, notebook, alarm = files
    try:
        os.setsid()  # a signal to the whole process group is to stay here
        if around.namespaces:
            linux.undumpable()
            _private_files(around, limits)
            linux.drop_capabilities()
            linux.no_new_privileges()
            linux.forbid()
        os.chdir(place)
        os.environ.update(HOME=place, TMPDIR=place, IPYTHONDIR=place, MPLCONFIGDIR=place)
        tempfile.tempdir = None
        hold(limits, processes=os.getuid() != 0, mapped=around.mapped)
        with os.fdopen(notebook, "rb") as file:
            content = file.read()
        watch = Watch(alarm)
        originals.hide()
        socket_ = socket.socket(fileno=channel)
        live(socket_, secret, content, limits, skip, shell, originals, watch, alone=around.namespaces)
    except MemoryError:
        os._exit(3)
    finally:
        os._exit(0)


def _watch(child: int, control: socket.socket, limits: Limits) -> str:
    """Waits for the notebook's process; kills it on order, when the grader is gone, or when it takes too much memory.

    Returns what ended it: ``ended``, ``killed``, ``out-of-memory``.
    """
    handle = os.pidfd_open(child)
    # Twice the limit: a test's process is a fork of the notebook's, and what they share counts for both.
    allowed = 2 * (limits.memory << 20)
    last = time.monotonic() + limits.seconds + 5  # should the grader forget
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.register(control, select.POLLIN)
    reason = "ended"
    try:
        while True:
            ready = [number for number, _ in poll.poll(_TICK * 1000)]
            if handle in ready:
                return reason
            if control.fileno() in ready or time.monotonic() > last:
                reason = "killed"
            elif _taken() > allowed:
                reason = "out-of-memory"
            if reason != "ended":
                _kill(child)  # the first process of a namespace takes all others with it, while we go on
                if control.fileno() in ready and not control.recv(65536):
                    os._exit(0)
                return reason
    finally:
        os.close(handle)


def _taken() -> int:
    """Bytes that all processes below this one hold, without what each of them has from this one."""
    own = resident_bytes()
    return sum(max(0, resident_bytes(process) - own) for process in _below())


def _below() -> list[int]:
    """The processes below this one, in the numbering of ``/proc``, which may be that of a namespace further out."""
    found: list[int] = []
    pending: list[int | str] = ["self"]
    while pending:
        threads = f"/proc/{pending.pop()}/task"
        with contextlib.suppress(OSError):
            for thread in os.listdir(threads):  # noqa: PTH208 - every few milliseconds
                below = [int(process) for process in Path(f"{threads}/{thread}/children").read_bytes().split()]
                found += below
                pending += below
    return found


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _bury() -> None:
    """Takes note of the children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _reap() -> None:
    """Kills and buries what is still below this process, where no namespace does it."""
    for _ in range(100):
        below = _below()
        if not below:
            return
        for process in below:
            _kill(process)
        _bury()
        time.sleep(0.001)


@contextlib.contextmanager
def _place(around: _Around) -> Iterator[str]:
    """The folder that a notebook works in."""
    if around.namespaces:
        yield HOME
        return
    folder = tempfile.mkdtemp(prefix="ipy-autodiff-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _private_files(around: _Around, limits: Limits) -> None:
    """Own files to write to, no list of processes, and no engine where there is to be none."""
    linux.mount("none", "/", None, linux.RECURSIVE | linux.PRIVATE)
    flags = linux.NO_SUID | linux.NO_DEVICES
    for folder in (HOME, "/dev/shm"):
        if Path(folder).is_dir():
            linux.mount("tmpfs", folder, "tmpfs", flags, f"size={limits.file_megabytes}m,nr_inodes=20000,mode=1777")
    if not limits.engine:
        for engine in (str(_ENGINE), *around.engines):
            linux.mount("tmpfs", engine, "tmpfs", flags | linux.READ_ONLY, "size=4k")
    if around.proc:
        linux.mount("proc", "/proc", "proc", flags | linux.NO_EXEC)
    else:
        linux.mount("tmpfs", "/proc", "tmpfs", flags | linux.READ_ONLY, "size=4k")


def _engines() -> tuple[str, ...]:
    """The folders of installed packages that differentiate."""
    found = [importlib.machinery.PathFinder.find_spec(name) for name in ENGINES]
    return tuple(folder for spec in found if spec is not None for folder in spec.submodule_search_locations or ())


def _works(around: _Around) -> bool:
    """Whether a notebook's process can be made so, tried with one that does nothing."""
    before = os.getpid()
    try:
        child = _start(around)
    except OSError:
        if os.getpid() != before:
            os._exit(1)
        return False
    if child == 0:
        try:
            _private_files(around, Limits())
            linux.drop_capabilities()
            linux.no_new_privileges()
            linux.forbid()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _become_nobody() -> None:
    """Root's processes are exempt from limits and own the system's switches; the notebooks' are nobody's."""
    with contextlib.suppress(OSError):  # root of a container that knows no other user
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        linux.dumpable()


def _nobody_can_read_python() -> bool:
    """Whether Python could go on importing; its folder may be root's alone."""
    os.seteuid(_NOBODY)
    try:
        return all(os.access(path, os.R_OK, effective_ids=True) for path in (sys.prefix, os.__file__, json.__file__))
    finally:
        os.seteuid(0)


def _own_users() -> int:
    """Goes on in a user namespace that may make the notebooks' namespaces, and nothing outside of it.

    This is the first process of a process namespace there, which is returned, opened; the process that called waits.
    """
    user, group = os.getuid(), os.getgid()
    linux.unshare(linux.NEW_USER | linux.NEW_PROCESSES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    linux.die_with_parent()  # once more: becoming another user undid it
    child = os.fork()
    if child:
        os.closerange(3, 1024)
        _be_outside(child)
    linux.die_with_parent()
    return os.open("/proc/self/ns/pid", os.O_RDONLY)


def _be_outside(child: int) -> None:
    """What is left to the process that made the namespaces: ends with the one that is in them. Never returns."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    status = os.waitpid(child, 0)[1]
    os._exit(min(abs(os.waitstatus_to_exitcode(status)), 255))
