"""Run a submission in a kernel through nbclient: slower, on any system, without a wall around it.

The kernel is a process of the grader's own user. It is held to the limits that the system knows, and ended with its
process group; its files and its network are everybody's. For submissions that are trusted.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import queue
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import msgspec
import nbformat
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from ipy_autodiff.homework.sandbox.inside.cell_runner import same_text
from ipy_autodiff.homework.sandbox.limits import Limits
from ipy_autodiff.homework.sandbox.process import DeadError, Death, SandboxError
from ipy_autodiff.homework.sandbox.protocol import (
    Answer,
    Answered,
    Begun,
    Cells,
    Ended,
    Question,
    Ran,
    Report,
    Unreadable,
    clean,
)
from ipy_autodiff.homework.sandbox.text.cells import Cell, UnreadableError, code_cells, stored_text
from ipy_autodiff.homework.sandbox.text.suspicions import Suspicion
from ipy_autodiff.homework.sandbox.wire import GarbledError, decoded, encoded

__all__ = ["KernelLife"]

_SIDE = "__import__('ipy_autodiff.homework.sandbox.inside.kernel_side', fromlist=['answer'])"
_GRACE = 3.0


class KernelLife:
    """One run of one notebook in a kernel of its own: as ``process.Life``, message for message."""

    def __init__(self, notebook: int, limits: Limits, skip: Iterable[int] = ()) -> None:
        os.lseek(notebook, 0, os.SEEK_SET)
        with os.fdopen(os.dup(notebook), "rb") as file:
            self._content = file.read()
        self._limits = limits
        self._skip = frozenset(skip)
        self._folder: str | None = None
        self._client: Any = None
        self._deadline = 0.0
        self.closed = False

    def run(self, seconds: float) -> Iterator[Report]:
        """As ``Life.run``."""
        deadline = time.monotonic() + seconds
        try:
            cells = code_cells(self._content, self._limits.cells)
        except UnreadableError as reason:
            yield Unreadable(str(reason))  # type: ignore[arg-type]
            return
        yield Cells(len(cells))
        self._open(cells)
        self._side(f"begin({json.dumps(self._limits.record())!r})", deadline + 60)
        output = ""
        for number, cell in enumerate(cells):
            if number in self._skip or not cell.source.strip():
                continue
            yield Begun(number)
            self._side("before_cell()", deadline)
            error, text = self._cell(number, min(self._limits.seconds / 4, deadline - time.monotonic()))
            put_out = stored_text(self._client.nb.cells[number]) or ""
            output += put_out
            stale = not error and cell.stored is not None and not same_text(cell.stored, put_out)
            yield Ended(number, clean(error, 200), clean(text, 4000), stale)
        yield Ran(clean(output[-20_000:], 20_000))

    def begin(self, seconds: float) -> None:
        """As ``Life.begin``; the kernel goes on as the last test left it."""
        self._deadline = time.monotonic() + seconds

    def ask(self, question: Question) -> Answer:
        """As ``Life.ask``."""
        if self.closed:
            raise DeadError("killed")
        nonce = secrets.token_hex(16)
        packed = encoded(msgspec.structs.replace(question, nonce=nonce)).decode()
        try:
            answered: Answered = decoded(self._side(f"answer({packed!r})", self._deadline).encode(), Answered)
            if answered.nonce != nonce:
                raise GarbledError("not the answer to this question")
        except GarbledError:
            self.close()
            raise DeadError("killed") from None
        return answered.answer

    def suspicions(self) -> list[Suspicion]:
        """As ``Life.suspicions``: a kernel has nobody who would report."""
        return []

    def end(self) -> None:
        """As ``Life.end``: nothing to do here."""

    def close(self) -> None:
        """As ``Life.close``."""
        if self.closed:
            return
        self.closed = True
        self._end_kernel()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _end_kernel(self) -> None:
        if self._client is None:
            return
        process = getattr(getattr(self._client.km, "provisioner", None), "process", None)
        with contextlib.suppress(Exception):
            self._client._cleanup_kernel()  # noqa: SLF001 - what the client's own context does at its end
        if process is not None and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        self._client = None

    def _open(self, cells: list[Cell]) -> None:
        """Starts the kernel; once more where that fails, as when a port is taken between being found and being used."""
        self._folder = folder = tempfile.mkdtemp(prefix="ipy-autodiff-")
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source) for cell in cells])
        names = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT", "JUPYTER_PATH", "JUPYTER_DATA_DIR")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        environment |= {"HOME": folder, "TMPDIR": folder, "IPYTHONDIR": folder, "MPLBACKEND": "Agg"}
        environment |= {"IPY_AUTODIFF_GRADING": "1", "OPENBLAS_NUM_THREADS": "1"}
        for again in (True, True, False):
            self._client = NotebookClient(
                notebook,
                allow_errors=True,
                timeout=None,
                kernel_name="python3",
                resources={"metadata": {"path": folder}},
                shutdown_kernel="immediate",
            )
            try:
                self._client.create_kernel_manager()
                self._client.start_new_kernel(env=environment)
                self._client.start_new_kernel_client()
            except Exception as error:
                self._end_kernel()
                if not again:
                    self.close()
                    raise SandboxError(f"no kernel: {error}") from None
            else:
                return

    def _cell(self, number: int, seconds: float) -> tuple[str, str]:
        """The class of the exception that ended a cell, and its text."""
        cell = self._client.nb.cells[number]
        self._client.timeout = max(1, int(seconds))
        try:
            self._client.execute_cell(cell, number)
        except CellTimeoutError:
            run_sync(self._client.km.interrupt_kernel)()
            self._side("before_cell()", time.monotonic() + _GRACE)
            return "CellTimeoutError", ""
        except DeadKernelError:
            self._dead("killed")
        except CellExecutionError as error:
            return str(error.ename), str(error.evalue)
        except Exception:
            self._dead("killed")
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                return str(output.get("ename", "")), f"{output.get('ename', '')}: {output.get('evalue', '')}\n"
        return "", ""

    def _side(self, call: str, deadline: float) -> str:
        """The text that a function of ``kernel_side`` returns."""
        client = self._client.kc
        request = client.execute("", silent=False, store_history=False, user_expressions={"found": f"{_SIDE}.{call}"})
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self._dead("timeout")
            if not run_sync(self._client.km.is_alive)():
                self._dead("killed")
            try:
                reply = run_sync(client.get_shell_msg)(timeout=min(left, 0.5))
            except queue.Empty:
                continue
            except Exception:
                self._dead("killed")
            if reply["parent_header"].get("msg_id") == request:
                break
        found = reply["content"].get("user_expressions", {}).get("found", {})
        text = found.get("data", {}).get("text/plain", "")
        if len(text) > self._limits.answer or found.get("status") != "ok":
            self._dead("killed")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            self._dead("killed")
        return value if isinstance(value, str) else ""

    def _dead(self, kind: Death) -> NoReturn:
        self.close()
        raise DeadError(kind)
