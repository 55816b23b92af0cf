"""Learn when Variables' backward passes begin and end, at hardly any cost to the code in between.

From Python 3.12 on ``sys.monitoring`` reports every other function once and is then silent about it; the identifiers of
debuggers, profilers and coverage are left to them. On 3.11 the calls, and nothing else, are traced; where something
else traces them already, they are profiled.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ipy_autodiff.designs.reading import is_function, is_variable
from ipy_autodiff.tracing.watching.frames import first_argument, has_returned, is_within_class

__all__ = ["SweepEvents"]

_FREE = (3, 4)  # tool identifiers that Python reserves for nobody
_TOOL = "ipy_autodiff"
_monitoring: Any = getattr(sys, "monitoring", None)


class SweepEvents:
    """Calls ``began`` with the frame and the Variable of each pass that begins, and ``ended`` when it returned.

    ``codes`` are the methods that sweep, as far as they are known; others are found by their names.
    """

    def __init__(
        self, codes: list[CodeType], began: Callable[[FrameType, Any], None], ended: Callable[[bool], None]
    ) -> None:
        self._began = began
        self._ended = ended
        self._codes = {id(code): (code, True) for code in codes}
        self._names = {"backward", *(code.co_name for code in codes)}
        self._frame: FrameType | None = None
        self._tool: int | None = None
        self._before: Any = None
        self.fault: Exception | None = None
        """What went wrong in here, where something did: nothing is reported from there on."""
        self._tracer: Any = None
        self._thread = threading.get_ident()

    def start(self) -> None:
        """Report from now on."""
        if _monitoring is not None:
            self._tool = next((number for number in _FREE if _monitoring.get_tool(number) is None), None)
        if self._tool is not None:
            events = _monitoring.events
            _monitoring.use_tool_id(self._tool, _TOOL)
            _monitoring.register_callback(self._tool, events.PY_START, self._started)
            _monitoring.register_callback(self._tool, events.PY_RETURN, self._returned)
            for code, sweeps in self._codes.values():
                if sweeps:
                    _monitoring.set_local_events(self._tool, code, events.PY_RETURN)
            _monitoring.set_events(self._tool, events.PY_START)
            _monitoring.restart_events()
        elif sys.gettrace() is None:
            self._tracer = self._traced()
            sys.settrace(self._tracer)
        else:
            before = sys.getprofile()
            self._before = before if callable(before) else None
            sys.setprofile(self._profiled)

    def stop(self) -> None:
        """Report no more, and leave what others have set meanwhile."""
        self._frame = None
        if self._tool is not None:
            _monitoring.set_events(self._tool, 0)
            for code, sweeps in self._codes.values():
                if sweeps:
                    _monitoring.set_local_events(self._tool, code, 0)
            for event in (_monitoring.events.PY_START, _monitoring.events.PY_RETURN):
                _monitoring.register_callback(self._tool, event, None)
            _monitoring.free_tool_id(self._tool)
            self._tool = None
        elif self._tracer is not None:
            if sys.gettrace() is self._tracer:
                sys.settrace(None)
            self._tracer = None
        elif sys.getprofile() == self._profiled:
            sys.setprofile(self._before)

    def _called(self, frame: FrameType) -> bool:
        """Whether this call may sweep; the outermost one of a pass is reported."""
        code = frame.f_code
        known = self._codes.get(id(code))
        if known is not None and not known[1]:
            return False
        owner = first_argument(frame)
        if known is None:
            sweeps = owner is not None and is_within_class(frame) and not is_function(owner) and is_variable(owner)
            self._codes[id(code)] = (code, sweeps)
            if not sweeps:
                return False
            if self._tool is not None:
                _monitoring.set_local_events(self._tool, code, _monitoring.events.PY_RETURN)
        if self.fault is None and (self._frame is None or not _is_called_by(frame, self._frame)):
            self._frame = frame
            self._report(self._began, frame, owner)
        return True

    def _end(self, returned: bool) -> None:
        self._frame = None
        self._report(self._ended, returned)

    def _report(self, told: Callable[..., None], *what: Any) -> None:
        """Tell it; the code that is watched goes on as if nobody watched, whatever goes wrong with that."""
        if self.fault is None:
            try:
                told(*what)
            except Exception as error:
                self.fault = error

    def _started(self, code: CodeType, _: int) -> Any:
        if code.co_name not in self._names:
            return _monitoring.DISABLE
        if threading.get_ident() != self._thread:
            return None
        frame = inspect.currentframe()
        called = frame is not None and frame.f_back is not None and self._called(frame.f_back)
        return None if called else _monitoring.DISABLE

    def _returned(self, _: CodeType, __: int, ___: Any) -> None:
        frame = inspect.currentframe()
        if self._frame is not None and frame is not None and frame.f_back is self._frame:
            self._end(True)

    def _traced(self) -> Callable[[FrameType, str, Any], Any]:
        names, called = self._names, self._called

        def traced(frame: FrameType, _: str, __: Any) -> Any:
            if frame.f_code.co_name in names and called(frame) and frame is self._frame:
                frame.f_trace_lines = False
                return self._traced_within
            return None

        return traced

    def _traced_within(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "return" and frame is self._frame:
            self._end(has_returned(frame))
        return self._traced_within

    def _profiled(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            if frame.f_code.co_name in self._names:
                self._called(frame)
        elif event == "return" and frame is self._frame:
            self._end(has_returned(frame))
        if self._before is not None:
            self._before(frame, event, argument)


def _is_called_by(frame: FrameType, outer: FrameType) -> bool:
    inner: FrameType | None = frame.f_back
    while inner is not None:
        if inner is outer:
            return True
        inner = inner.f_back
    return False
