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

import msgspec

from ipy_autodiff.homework.sandbox import linux
from ipy_autodiff.homework.sandbox.enclosure import HOME, bubblewrap, view
from ipy_autodiff.homework.sandbox.limits import Limits
from ipy_autodiff.homework.sandbox.protocol import Answer, Begun, End, Over, Question, Reply, Report, Test
from ipy_autodiff.homework.sandbox.text.suspicions import Kind, Suspicion
from ipy_autodiff.homework.sandbox.wire import ForgedError, GarbledError, TooLongError, decoded, receive, send

__all__ = ["STRONG", "DeadError", "Death", "Enclosed", "Isolation", "Life", "SandboxError"]

Isolation = Literal["bubblewrap", "namespaces", "limits", "nbclient"]
STRONG: tuple[Isolation, ...] = ("bubblewrap", "namespaces")
"""The kinds of isolation that keep a submission from the grader's files and processes, strongest first."""

Death = Literal["timeout", "out-of-memory", "killed"]
_START = 60.0
_GRACE = 1.0
_REPORT = 1_000_000
_ALARMS = 40
_SETTLE = 0.5
_GARBLED = 20


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
        self.as_root = False
        self._ending = False

    def wait(self) -> None:
        """Waits until it is ready. Raises ``SandboxError`` where it cannot be."""
        if self._ready:
            return
        try:
            reply = self._reply(time.monotonic() + _START)
            self._ready, self.as_root = bool(reply.get("ready")), reply.get("uid") == 0
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
        alarms, their_alarms = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        key = secrets.token_bytes(32)
        request = json.dumps({"limits": limits.record(), "skip": sorted(skip), "key": key.hex()}).encode()
        os.lseek(notebook, 0, os.SEEK_SET)
        try:
            socket.send_fds(self._control, [request], [theirs.fileno(), notebook, their_alarms])
        except OSError as error:
            ours.close()
            os.close(alarms)
            raise SandboxError(str(error)) from None
        finally:
            theirs.close()
            os.close(their_alarms)
        self._life = Life(ours, key, alarms, limits, self._finish)
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
            lines = text.decode(errors="replace").strip().splitlines() or ["gone"]
            raise SandboxError(lines[-1][-500:])  # of a traceback, the exception
        answer: dict[str, Any] = json.loads(content)
        return answer


class Life:
    """One run of one notebook in a process of its own, and the tests that it is then asked."""

    def __init__(self, channel: socket.socket, key: bytes, alarms: int, limits: Limits, finish: Any) -> None:
        self._channel = channel
        self._key = key
        self._alarms = alarms
        self._limits = limits
        self._finish = finish
        self._tests = 0
        self._open = False
        self._codes: dict[int, int] = {}
        """The exit codes that the processes of tests were asked for and that have not been seen yet."""
        self._cell: int | None = None
        """The one that runs."""
        self._suspicions: list[Suspicion] = []
        self._deadline = 0.0

    def run(self, seconds: float) -> Iterator[Report]:
        """What the cells report, as ``notebook_process.live`` sends it, for whoever takes it until the last has run.

        Raises ``DeadError`` when the process ends before that, or when ``seconds`` have passed.
        """
        deadline = time.monotonic() + seconds
        while True:
            report = self._next(deadline, Report, _REPORT)
            self._cell = report.cell if isinstance(report, Begun) else None
            yield report

    def begin(self, seconds: float) -> None:
        """Opens a test, whose questions may take so many seconds together."""
        self._tests += 1
        self._deadline = time.monotonic() + seconds
        self._tell(Test(self._tests, seconds))
        self._open = True

    def ask(self, question: Question) -> Answer:
        """The answer to one question. Raises ``DeadError`` when the test's process ended over it."""
        if not self._open:
            raise DeadError("killed")
        nonce = secrets.token_hex(16)
        self._tell(msgspec.structs.replace(question, nonce=nonce))
        while True:
            reply: Reply = self._next(self._deadline + _GRACE, Reply, self._limits.answer)
            if isinstance(reply, Over):
                if reply.test == self._tests:
                    self._open = False
                    raise DeadError(_death_of(reply.code))
                self._ended(reply)
            elif reply.nonce == nonce:
                return reply.answer
            else:
                self._suspect("nobody-asked")

    def end(self) -> None:
        """Closes a test. Its process ends while the next one is on its way."""
        if self._open:
            self._open = False
            self._codes[self._tests] = code = secrets.randbelow(250) + 1
            self._tell(End(code))

    def suspicions(self) -> list[Suspicion]:
        """What was out of turn, and what the process's own watch has reported, until now."""
        if not self.closed:
            self._settle()
            self._read_alarms()
        return list(dict.fromkeys(self._suspicions))[:_ALARMS]

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
        self._read_alarms()
        os.close(self._alarms)
        return str(finish(wait))

    def _read_alarms(self) -> None:
        with contextlib.suppress(OSError):
            content = os.read(self._alarms, 1 << 16)
            if not content and self._finish is not None:  # nobody can write to it any more
                self._suspect("silenced")
            for line in content.splitlines()[:_ALARMS]:
                try:
                    self._suspicions.append(decoded(line, Suspicion))
                except GarbledError:
                    self._suspect("garbled")

    def _ended(self, over: Over) -> None:
        """Takes note of a test's process that has ended, not always as it was asked to."""
        wanted = self._codes.pop(over.test, None)
        if over.code != wanted and _death_of(over.code) != "timeout":
            self._suspect("left-early" if wanted is not None else "out-of-turn")

    def _settle(self) -> None:
        """Waits a moment for the processes of tests that are over."""
        deadline = time.monotonic() + _SETTLE
        with contextlib.suppress(TimeoutError, OSError):
            while self._codes and not self.closed:
                try:
                    reply = receive(self._channel, Reply, self._limits.answer, deadline, self._key)
                except GarbledError as error:
                    self._suspect(_kind_of(error))
                    return
                if isinstance(reply, Over):
                    self._ended(reply)
                elif reply is None:
                    return
                else:
                    self._suspect("nobody-asked")

    def _suspect(self, kind: Kind) -> None:
        self._suspicions.append(Suspicion(kind, self._cell))

    def _tell(self, message: Test | Question | End) -> None:
        self._channel.settimeout(max(_GRACE, self._deadline - time.monotonic()))
        try:
            send(self._channel, message)
        except OSError:
            raise DeadError(self._died("killed")) from None

    def _next(self, deadline: float, kind: Any, limit: int) -> Any:
        """The next message that decodes; what does not is suspicious, and dropped."""
        for _ in range(_GARBLED):
            try:
                message = receive(self._channel, kind, limit, deadline, self._key)
            except TimeoutError:
                raise DeadError(self._died("timeout")) from None
            except GarbledError as error:
                self._suspect(_kind_of(error))
                if isinstance(error, TooLongError):
                    break
                continue
            except OSError:
                break
            if message is None:
                break
            return message
        raise DeadError(self._died("killed"))

    def _died(self, otherwise: Death) -> Death:
        self._open = False
        return "out-of-memory" if self._end(wait=True) == "out-of-memory" else otherwise


def _kind_of(error: GarbledError) -> Kind:
    return "forged" if isinstance(error, ForgedError) else "garbled"


def _death_of(code: int) -> Death:
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
