"""Report to the grader when a notebook's code reaches for the interpreter's insides: by a hook that cannot be removed.

The hook is set before the notebook runs and writes to a pipe before the act itself happens, so that what an act makes
possible cannot unsay it.
"""

from __future__ import annotations

import re
import sys
from os import write
from types import FrameType
from typing import Any

from ipy_autodiff.homework.sandbox.suspicions import Suspicion
from ipy_autodiff.homework.sandbox.wire import encoded

__all__ = ["CELL_FILE", "watch"]

CELL_FILE = re.compile(r"<ipython-input-(\d+)-[0-9a-f]+>")
_EVENTS = frozenset({
    "sys._getframe", "sys._current_frames", "sys._current_exceptions", "sys.setprofile", "sys.settrace",
    "sys.addaudithook", "gc.get_objects", "gc.get_referrers", "gc.get_referents", "code.__new__", "function.__new__",
    "ctypes.dlopen", "ctypes.dlsym", "ctypes.addressof", "ctypes.string_at", "ctypes.cdata", "ctypes.call_function",
    "socket.__new__", "object.__getattr__", "open", "os.listdir", "os.scandir", "os.fork", "os.forkpty",
})  # fmt: skip
_INSIDE = frozenset({"tb_frame", "gi_code", "cr_code", "__closure__", "__globals__", "__code__"})
_ON_THE_WAY = (
    "/inspect.py",
    "/ctypes/__init__.py",
    "/ctypes/util.py",
    "/socket.py",
    "/threading.py",
    "/os.py",
    "/pathlib.py",
)
_MOST = 20
_DEPTH = 12


class _Here(Exception):  # noqa: N818 - raised to learn the frame, which sys._getframe would report
    pass


def watch(alarm: int) -> None:
    """From here on, what code of cells reaches for is written to the file descriptor ``alarm``."""
    busy = False
    seen: set[tuple[str, str, int]] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal busy
        if event not in _EVENTS or busy or len(seen) >= _MOST:
            return
        busy = True
        try:
            if not _of_interest(event, arguments):
                return
            try:
                raise _Here
            except _Here as here:
                trace = here.__traceback__
            assert trace is not None
            found = _of_cell(trace.tb_frame.f_back)
            if found is None or (event, *found) in seen:
                return
            seen.add((event, *found))
            file, line = found
            cell = CELL_FILE.fullmatch(file)
            number = None if cell is None else max(0, int(cell[1]) - 1)
            write(alarm, encoded(Suspicion("reached", number, line, event)) + b"\n")
        except Exception:  # the pipe is full, or closed by whom this is about
            pass
        finally:
            busy = False

    sys.addaudithook(hook)


def _of_interest(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether the event's arguments are such as honest code seldom has."""
    match event, arguments:
        case "object.__getattr__", (_, str(name), *_):
            return name in _INSIDE
        case "open", (int(), *_):
            return True
        case (("open" | "os.listdir" | "os.scandir"), (str(path), *_)):
            return path.startswith("/proc/")
        case "socket.__new__", (_, int(family), *_):
            return family < 0
        case (("object.__getattr__" | "open" | "os.listdir" | "os.scandir" | "socket.__new__" | "os.fork"), _):
            return False
    return True


def _of_cell(frame: FrameType | None) -> tuple[str, int] | None:
    """Where in a notebook's code the act is: there, in a text that it runs, or one call into a few modules further."""
    for _ in range(_DEPTH):
        if frame is None:
            return None
        file = frame.f_code.co_filename
        if CELL_FILE.fullmatch(file):
            return file, frame.f_lineno
        made_up = file.startswith("<") and not file.startswith(("<frozen", "<question", "<sheet", "<__array"))
        if not made_up and not file.endswith(_ON_THE_WAY):
            return None
        frame = frame.f_back
    return None
