"""Report to the grader when a notebook's code reaches for the interpreter's insides: by a hook that cannot be removed.

The hook is set before the notebook runs and writes to a pipe before the act itself happens, so that what an act makes
possible cannot unsay it.
"""

from __future__ import annotations

import contextlib
import re
import sys
from os import write
from types import CodeType, FrameType
from typing import Any

from ipy_autodiff.homework.sandbox.text.suspicions import Kind, Suspicion, is_private, suspicious_code
from ipy_autodiff.homework.sandbox.wire import encoded

__all__ = ["CELL_FILE", "Watch"]

CELL_FILE = re.compile(r"<ipython-input-(\d+)-[0-9a-f]+>")
_EVENTS = frozenset({
    "sys._getframe", "sys._current_frames", "sys._current_exceptions", "sys.setprofile", "sys.settrace",
    "sys.addaudithook", "gc.get_objects", "gc.get_referrers", "gc.get_referents", "code.__new__", "function.__new__",
    "ctypes.dlopen", "ctypes.dlsym", "ctypes.addressof", "ctypes.string_at", "ctypes.cdata", "ctypes.call_function",
    "socket.__new__", "object.__getattr__", "object.__setattr__", "open", "os.listdir", "os.scandir", "os.chdir",
    "os.fork", "os.forkpty", "exec", "import", "sys.monitoring.register_callback", "sys.remote_exec",
})  # fmt: skip
_INSIDE = frozenset({
    "tb_frame", "gi_frame", "cr_frame", "ag_frame", "gi_code", "cr_code", "ag_code", "f_code", "__closure__",
    "__globals__", "__code__", "__defaults__", "__kwdefaults__",
})  # fmt: skip
_ON_THE_WAY = (
    "/inspect.py",
    "/ctypes/__init__.py",
    "/ctypes/util.py",
    "/socket.py",
    "/threading.py",
    "/os.py",
    "/pathlib.py",
    "/importlib/__init__.py",
    "/traceback.py",
    "/logging/__init__.py",
    "/IPython/utils/frame.py",
    "/runpy.py",
    "/timeit.py",
)
_HONEST = frozenset({"findCaller", "print_stack", "format_stack", "extract_stack", "print_exc", "format_exc"})
"""Functions on the way that look at frames, and give none away."""
_MOST = 20
_DEPTH = 12


class _Here(Exception):  # noqa: N818 - raised to learn the frame, which sys._getframe would report
    pass


class Watch:
    """From when it is made on, what code of cells reaches for is written to the file descriptor ``alarm``."""

    def __init__(self, alarm: int) -> None:
        self._alarm = alarm
        self._seen: set[tuple[object, ...]] = set()
        self._busy = False
        sys.addaudithook(self._hook)

    def replaced(self, name: str) -> None:
        """Reports that something of Python's or of the grader's was replaced."""
        self._report("replaced", None, None, name)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS or self._busy or len(self._seen) >= _MOST:
            return
        self._busy = True
        try:
            if not _of_interest(event, arguments):
                return
            try:
                raise _Here
            except _Here as here:
                trace = here.__traceback__
            assert trace is not None
            found = _of_cell(trace.tb_frame.f_back, further=not event.startswith("object."))
            if found is None:
                return
            file, line = found
            cell = CELL_FILE.fullmatch(file)
            self._report("reached", None if cell is None else max(0, int(cell[1]) - 1), line, _named(event, arguments))
        except Exception:  # what the arguments are is not ours
            pass
        finally:
            self._busy = False

    def _report(self, kind: Kind, cell: int | None, line: int | None, text: str) -> None:
        if (kind, cell, line, text) in self._seen or len(self._seen) >= _MOST:
            return
        self._seen.add((kind, cell, line, text))
        with contextlib.suppress(OSError):  # the pipe is full, or closed by whom this is about
            write(self._alarm, encoded(Suspicion(kind, cell, line, text[:200])) + b"\n")


def _of_interest(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether the event's arguments are such as honest code seldom has."""
    match event, arguments:
        case (("object.__getattr__" | "object.__setattr__"), (_, str(name), *_)):
            return name in _INSIDE
        case "open", (int(), *_):
            return True
        case (("open" | "os.listdir" | "os.scandir" | "os.chdir"), (str(path), *_)):
            return path.startswith("/proc")
        case "socket.__new__", (_, int(family), *_):
            return family < 0
        case "import", (str(name), *_):
            return is_private(name)
        case "exec", (CodeType() as code, *_):
            return not CELL_FILE.fullmatch(code.co_filename) and suspicious_code(code)
        case (
            (
                "object.__getattr__" | "object.__setattr__" | "open" | "os.listdir" | "os.scandir" | "os.chdir"
                | "socket.__new__" | "exec" | "import"
            ),
            _,
        ):  # fmt: skip
            return False
    return True


def _named(event: str, arguments: tuple[Any, ...]) -> str:
    """The event, with what it is about where that is a word."""
    words = [one for one in arguments if type(one) is str and len(one) < 60]
    return f"{event} {words[0]}" if words and event != "exec" else event


def _of_cell(frame: FrameType | None, *, further: bool) -> tuple[str, int] | None:
    """Where in a notebook's code the act is: there, in a text that it runs, or ``further``, within a few modules."""
    for _ in range(_DEPTH):
        if frame is None:
            return None
        file = frame.f_code.co_filename
        if CELL_FILE.fullmatch(file):
            return file, frame.f_lineno
        made_up = file.startswith("<") and not file.startswith(("<question", "<sheet", "<__array"))
        on_the_way = further and file.endswith(_ON_THE_WAY) and frame.f_code.co_name not in _HONEST
        if not made_up and not on_the_way:
            return None
        frame = frame.f_back
    return None
