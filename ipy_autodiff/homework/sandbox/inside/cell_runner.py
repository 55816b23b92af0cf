"""Run a notebook's cells from top to bottom in an IPython shell that writes no file, and keep what they put out.

A cell that fails does not stop the next one. What one cell does to the shell's input transformers is undone before the
next, so that every cell runs as it is written.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipy_autodiff.homework.sandbox.text.cells import Cell

__all__ = [
    "CellResult",
    "Output",
    "named_by_cell",
    "new_shell",
    "plain_transformers",
    "run_cells",
    "same_text",
    "told_frames",
]

_TRACEBACK = 4000
_FILE = re.compile(r'File "<ipython-input-(\d+)-[0-9a-f]+>"')
_FOLDER = re.compile(r'File "[^"]*[/\\](?:site-packages|dist-packages|python3\.\d+)[/\\]')
_OWN = str(Path(__file__).parents[3])
_SHELL = str(Path("IPython", "core"))


class CellTimeoutError(BaseException):
    """A cell took longer than one cell may. Not an ``Exception``, so that ``except Exception`` lets it pass."""


@dataclass(frozen=True)
class CellResult:
    """What became of one cell."""

    number: int
    """From 0, among the code cells."""
    error: str = ""
    """The class of the exception that ended it; empty where none did."""
    text: str = ""
    """The traceback's frames in the notebook, and the exception's text."""
    stale: bool = False
    """Whether its stored output is not what it puts out."""


class Output(io.TextIOBase):
    """Where ``print`` goes: keeps the first ``limit`` characters, and takes the rest without complaint."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.pieces: list[str] = []
        self.length = 0

    def write(self, text: str) -> int:
        """Keeps what still fits."""
        if self.length < self.limit:
            kept = str(text)[: self.limit - self.length]
            self.pieces.append(kept)
            self.length += len(kept)
        return len(text)

    def writable(self) -> bool:
        """True."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """UTF-8: what programs ask before they write."""
        return "utf-8"

    def since(self, piece: int) -> str:
        """What was written since there were so many pieces."""
        return "".join(self.pieces[piece:])


class _Shown(DisplayHook):  # type: ignore[misc]
    """Writes a cell's last value to stdout without ``Out[1]:`` before it."""

    def write_output_prompt(self) -> None:
        """Nothing."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: object = None) -> None:
        """The plain text."""
        sys.stdout.write(str(format_dict.get("text/plain", "")) + "\n")


class _Published(DisplayPublisher):  # type: ignore[misc]
    """Writes the plain text of what is displayed to stdout."""

    def publish(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """The plain text."""
        sys.stdout.write(str(data.get("text/plain", "")) + "\n")

    def clear_output(self, wait: bool = False) -> None:
        """Nothing."""


class _Shell(InteractiveShell):  # type: ignore[misc]
    """An IPython shell without a terminal, without a kernel, without a history file."""

    def enable_gui(self, gui: object = None) -> None:
        """No windows here."""

    def ask_exit(self) -> None:
        """``exit`` ends the cell at most."""

    def system(self, cmd: str) -> None:
        """``!command``, without a terminal."""
        done = subprocess.run(
            cmd, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        self.user_ns["_exit_code"] = done.returncode
        sys.stdout.write(done.stdout.decode(errors="replace"))

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """The error is in the result of ``run_cell``; drawing it in colour would take longer than the cell."""

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """As ``showtraceback``."""

    def _format_exception_for_storage(self, *_: Any, **__: Any) -> dict[str, Any]:
        """What IPython 9 would draw for a history that is not kept."""
        return {}


def new_shell() -> InteractiveShell:
    """A shell with an empty namespace, whose module is ``__main__``."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.autoindent = False
    config.InteractiveShell.history_load_length = 0
    config.InteractiveShell.cache_size = 1000
    return _Shell.instance(config=config, displayhook_class=_Shown, display_pub_class=_Published)


def run_cells(
    shell: InteractiveShell,
    cells: Sequence[Cell],
    *,
    skip: Collection[int] = (),
    seconds: float | None = None,
    output: Output | None = None,
) -> Iterator[tuple[int, CellResult | None]]:
    """Runs the cells in order; gives the number and None before each, the number and the result after.

    A cell that takes longer than ``seconds`` is interrupted (where the system has interval timers and this is the main
    thread) and reported as ``CellTimeoutError``.
    """
    output = Output(0) if output is None else output
    with _redirected(output):
        for number, cell in enumerate(cells):
            if number in skip or not cell.source.strip():
                continue
            yield number, None
            plain_transformers(shell)
            shell.execution_count = number + 1
            before = len(output.pieces)
            with _alarm(seconds):
                error = _run(shell, cell.source)
            stale = False
            if error is None and cell.stored is not None and output.length < output.limit:
                stale = not same_text(cell.stored, output.since(before))
            yield number, CellResult(number, *_described(error), stale=stale)


def _run(shell: InteractiveShell, source: str) -> BaseException | None:
    try:
        result = shell.run_cell(source, store_history=True, silent=False)
    except CellTimeoutError as error:
        return error
    except BaseException as error:
        return error
    return getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)


def plain_transformers(shell: InteractiveShell) -> None:
    """Gives the shell the input transformers that a new one has."""
    with contextlib.suppress(Exception):
        shell.input_transformer_manager = TransformerManager()
        shell.ast_transformers = []


@contextlib.contextmanager
def _redirected(output: Output) -> Iterator[None]:
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = output, Output(output.limit)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise CellTimeoutError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again every second: a bare except may have caught the first
    try:
        yield
    except CellTimeoutError:  # it came between the cell's end and here
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _described(error: BaseException | None) -> tuple[str, str]:
    """The class's name and the traceback without IPython's own frames, both safe from what the exception does."""
    if error is None:
        return "", ""
    try:
        lines = [told_frames(error, 12), *traceback.format_exception_only(error)]
        if isinstance(error, CellTimeoutError):
            lines.pop()
        return type(error).__name__, named_by_cell("".join(lines))[-_TRACEBACK:]
    except BaseException:
        return type(error).__name__, ""


def told_frames(error: BaseException, most: int) -> str:
    """The frames of a traceback that are not IPython's or this package's own."""
    frames = traceback.extract_tb(error.__traceback__)
    kept = [frame for frame in frames if not frame.filename.startswith(_OWN) and _SHELL not in frame.filename]
    return "".join(traceback.format_list(kept[-most:]))


def named_by_cell(text: str) -> str:
    """A traceback with ``In [3]`` where IPython's made-up file names stand, and without the folders of libraries."""
    return _FOLDER.sub('File "', _FILE.sub(r"In [\1]", text))


def same_text(stored: str, put_out: str) -> bool:
    """Whether two outputs are the same but for blanks and addresses of objects."""
    return _normal(stored) == _normal(put_out)


def _normal(text: str) -> str:
    return " ".join("0x" if word.startswith("0x") else word for word in text.replace(">", " >").split())
