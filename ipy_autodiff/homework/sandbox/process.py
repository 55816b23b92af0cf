"""Start the enclosed process, hand it notebooks one at a time, end what it runs: the grader's side."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from ipy_autodiff.homework.sandbox import linux
from ipy_autodiff.homework.sandbox.enclosure import HOME, bubblewrap, view
from ipy_autodiff.homework.sandbox.limits import Limits
from ipy_autodiff.homework.sandbox.wire import GarbledError, receive, send

__all__ = ["STRONG", "DeadError", "Death", "Enclosed", "Isolation", "Life", "SandboxError"]

Isolation = Literal["bubblewrap", "namespaces", "limits", "nbclient"]
STRONG: tuple[Isolation, ...] = ("bubblewrap", "namespaces")
"""The kinds of isolation that keep a submission from the grader's files and processes, strongest first."""

Death = Literal["timeout", "out-of-memory", "killed"]
_START = 60.0
_GRACE = 1.0
_REPORT = 1_000_000


class SandboxError(Exception):
    """The sandbox does not start, or is gone."""


class DeadError(Exception):
    """The notebook's process is gone, or the one of the test that was asked; ``kind`` says how it ended."""

    def __init__(self, kind: Death) -> None:
        super().__init__(kind)
        self.kind: Death = kind


class Enclosed:
    """A process with NumPy and IPython loaded that forks for each notebook, enclosed as ``isolation`` says. Linux only.

    It is started at once; whether this machine allows that is known when it is waited for. Raises ``SandboxError``.
    Close it, or use it in ``with``. The thread that makes it has to live as long.
    """

    def __init__(self, isolation: Isolation, hidden: Iterable[str | Path] = ()) -> None:
        if not linux.supported():
            raise SandboxError("not a Linux whose system calls are known")
        program = shutil.which("bwrap") or ""
        if isolation == "bubblewrap" and not program:
            raise SandboxError("bubblewrap is not installed")
        self.isolation = isolation
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        seen = view(hidden)
        command = [sys.executable, "-P", "-c", _boot(), str(theirs.fileno()), isolation, json.dumps(seen)]
        if isolation == "bubblewrap":
            command = bubblewrap(program, seen, command)
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(HOME if isolation in STRONG else tempfile.gettempdir()),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._life: Life | None = None
        self._ready = False
        self._ending = False

    def wait(self) -> None:
        """Waits until it is ready. Raises ``SandboxError`` where it cannot be."""
        if self._ready:
            return
        try:
            self._ready = bool(self._reply(time.monotonic() + _START).get("ready"))
        except SandboxError:
            self.close()
            raise

    def __enter__(self) -> Enclosed:
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process and whatever it still runs."""
        self._control.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def start(self, notebook: int, limits: Limits, skip: Iterable[int] = ()) -> Life:
        """Runs the notebook that the file descriptor ``notebook`` reads, without its cells ``skip``."""
        if self._life is not None:
            raise RuntimeError("one notebook at a time")
        self.wait()
        self._ended()
        ours, theirs = socket.socketpair()
        request = json.dumps({"limits": limits.record(), "skip": sorted(skip)}).encode()
        with theirs:
            os.lseek(notebook, 0, os.SEEK_SET)
            try:
                socket.send_fds(self._control, [request], [theirs.fileno(), notebook])
            except OSError as error:
                ours.close()
                raise SandboxError(str(error)) from None
        self._life = Life(ours, limits, self._finish)
        return self._life

    def _finish(self, wait: bool) -> str:
        """Ends the notebook's process and all that it started; waits and says how, or leaves that for later."""
        self._life = None
        with contextlib.suppress(OSError):
            self._control.send(b'{"kill": true}')
        self._ending = True
        return self._ended() if wait else "killed"

    def _ended(self) -> str:
        if not self._ending:
            return "ended"
        self._ending = False
        return str(self._reply(time.monotonic() + 30.0)["over"])

    def _reply(self, deadline: float) -> dict[str, Any]:
        self._control.settimeout(max(0.0, deadline - time.monotonic()))
        try:
            content = self._control.recv(65536)
        except TimeoutError:
            self._process.kill()
            raise SandboxError("no answer") from None
        except OSError as error:
            raise SandboxError(str(error)) from None
        if not content:
            text = b"" if self._process.stderr is None else self._process.stderr.read()
            raise SandboxError(text.decode(errors="replace").strip()[-500:] or "gone")
        answer: dict[str, Any] = json.loads(content)
        return answer


class Life:
    """One run of one notebook in a process of its own, and the tests that it is then asked."""

    def __init__(self, channel: socket.socket, limits: Limits, finish: Any) -> None:
        self._channel = channel
        self._limits = limits
        self._finish = finish
        self._tests = 0
        self._open = False
        self._deadline = 0.0

    def run(self, seconds: float) -> Iterator[dict[str, Any]]:
        """What the cells report, as ``submission.live`` sends it, until the last has run.

        Raises ``DeadError`` when the process ends before that, or when ``seconds`` have passed.
        """
        deadline = time.monotonic() + seconds
        while True:
            message = self._next(deadline, _REPORT)
            yield message
            if "ran" in message or "unreadable" in message:
                return

    def begin(self, seconds: float) -> None:
        """Opens a test, whose questions may take so many seconds together."""
        self._tests += 1
        self._deadline = time.monotonic() + seconds
        self._tell({"test": self._tests, "seconds": seconds})
        self._open = True

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to one question. Raises ``DeadError`` when the test's process ended over it."""
        if not self._open:
            raise DeadError("killed")
        nonce = secrets.token_hex(16)
        self._tell({**question, "nonce": nonce})
        while True:
            answer = self._next(self._deadline + _GRACE, self._limits.answer)
            if "over" in answer and answer.get("test") == self._tests:
                self._open = False
                raise DeadError(_death_of(answer["over"]))
            if answer.get("nonce") == nonce:
                return answer
            # else the end of the last test, or something that a thread of the submission made up

    def end(self) -> None:
        """Closes a test. Its process ends while the next one is on its way."""
        if self._open:
            self._open = False
            self._tell({"end": True})

    @property
    def closed(self) -> bool:
        """Whether its process is gone."""
        return self._finish is None

    def close(self) -> None:
        """Ends the process and all that it started. They are gone before the next one starts."""
        self._end(wait=False)

    def _end(self, *, wait: bool) -> str:
        if self._finish is None:
            return "ended"
        finish, self._finish = self._finish, None
        self._channel.close()
        return str(finish(wait))

    def _tell(self, message: dict[str, Any]) -> None:
        self._channel.settimeout(max(_GRACE, self._deadline - time.monotonic()))
        try:
            send(self._channel, message)
        except OSError:
            raise DeadError(self._died("killed")) from None

    def _next(self, deadline: float, limit: int) -> dict[str, Any]:
        try:
            message = receive(self._channel, limit, deadline)
        except TimeoutError:
            raise DeadError(self._died("timeout")) from None
        except (GarbledError, OSError):
            raise DeadError(self._died("killed")) from None
        if message is None:
            raise DeadError(self._died("killed"))
        return message

    def _died(self, otherwise: Death) -> Death:
        self._open = False
        return "out-of-memory" if self._end(wait=True) == "out-of-memory" else otherwise


def _death_of(code: object) -> Death:
    """What ended a test's process, by its exit code: the timer's signal, the limit of CPU time, or anything else."""
    return "timeout" if code in (-14, -24) else "killed"


@functools.cache
def _boot() -> str:
    """The program of the enclosed process: finds this very package, and nothing else of the folder that it lies in."""
    root = str(Path(__file__).resolve().parents[3])
    return (
        f"import gc, sys; gc.disable(); sys.path.insert(0, {root!r}); import ipy_autodiff; "
        "sys.path.append(sys.path.pop(0)); "
        "from ipy_autodiff.homework.sandbox.inside.zygote import main; main(int(sys.argv[1]), sys.argv[2])"
    )


def _environment(home: str) -> dict[str, str]:
    """The environment that submissions see, but for what the enclosed process takes out of it."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    found = {
        "HOME": home,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        **threads,
    }
    if site.ENABLE_USER_SITE:
        found["PYTHONUSERBASE"] = site.getuserbase()
    if "LD_LIBRARY_PATH" in os.environ:  # some Pythons find their own library by it
        found["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return found
