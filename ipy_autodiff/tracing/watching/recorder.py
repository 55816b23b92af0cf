"""Watches code while it runs, and notes which Functions it calls forward and backward, with their arrays.

It looks at Python's own frames (``sys.setprofile``), so no class is patched: the student's methods, tracebacks and
recursion stay what they are. A Function's ``backward`` is known by its name and its first argument; a call forward by
what it returns, a Variable that was not there before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from ipy_autodiff.tracing.watching.array_calls import ArrayCalls, may_be_over_arrays
from ipy_autodiff.tracing.watching.backward_calls import BackwardCalls
from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.forward_calls import ForwardCalls
from ipy_autodiff.tracing.watching.frames import first_argument, is_backward_method, is_within_class, role_of
from ipy_autodiff.tracing.watching.rounds import Rounds
from ipy_autodiff.tracing.watching.sweeps import BackwardCall, Sweep, SweepTooLong
from ipy_autodiff.tracing.watching.tensor_calls import TensorCalls

__all__ = ["BackwardCall", "Recorder", "Sweep", "SweepTooLong"]


class Recorder:
    """A context in which calls are noted: forward ones in ``log``, backward ones in ``sweeps``.

    ``filename`` is the code whose lines are noted. ``limit`` ends code that makes more backward calls than that, by
    raising ``SweepTooLong`` in it.
    """

    def __init__(self, log: CallLog, filename: str = "", source: str = "", limit: int | None = None) -> None:
        self.log = log
        self.first = log.count
        self.filename = filename
        self.backward = BackwardCalls(log, limit)
        self.forward = ForwardCalls(log, self.backward, filename, source)
        self.arrays = ArrayCalls(log, self.forward, self.backward)
        self.tensors = TensorCalls(log, self.forward, self.backward)
        self._on_copies = limit is not None
        self.fault: Exception | None = None
        """What went wrong with watching, where something did: nothing was noted from there on."""
        self.rounds = Rounds(log, self.forward, self.backward)
        self._roles: dict[str, str] = {}
        self._before: Callable[..., Any] | None = None
        self._paused: Any = None

    @property
    def sweeps(self) -> list[Sweep]:
        """The last backward passes that were seen, in order."""
        return self.backward.sweeps

    @property
    def local_names(self) -> dict[int, str]:
        """Names that functions of the code gave to Variables, by id."""
        return self.forward.local_names

    @property
    def last_output(self) -> Any:
        """The last Variable that was computed."""
        return self.forward.last_output

    def last_unnoted(self) -> Any:
        """The last Variable that was computed when too many live for each call to be noted."""
        return self.forward.last_unnoted()

    def forget(self) -> None:
        """Drop the backward calls that were seen so far."""
        self.backward.forget()

    def __enter__(self) -> Recorder:
        if self.fault is not None:
            return self
        self.rounds.begin()
        if not self._on_copies:
            self.backward.began, self.backward.ended = self.rounds.begun_in_full, self._ended
            self.tensors.enter()
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.rounds.quiet:
            self.fault = self.rounds.watch_all()
        else:
            self._stop()
        self.tensors.leave()
        self.fault = self.fault or self.tensors.fault
        self.backward.close()
        self.backward.began = self.backward.ended = None  # no circle outlives the run

    def _start(self) -> None:
        before = sys.getprofile()
        self._before = before if callable(before) else None
        self._paused = None if callable(before) else before  # cProfile's: it cannot be told, but it can wait
        if self._paused is not None:
            self._paused.disable()
        sys.setprofile(self._observe)

    def _stop(self) -> None:
        if self.fault is None:
            sys.setprofile(self._before)
        if self._paused is not None:
            self._paused.enable()
            self._paused = None

    def _ended(self, sweep: Sweep) -> None:
        """A backward pass ended that was watched in full: a loop whose rounds are known is watched less from now on."""
        if self.rounds.ended_in_full(sweep, self.backward.begun):
            self._stop()
            self.forward.settle()
            self.rounds.watch_less(self._resume)

    def _resume(self, frame: FrameType, root: Any) -> None:
        self._start()
        self.backward.called(frame)

    def _observe(self, frame: FrameType, event: str, argument: Any) -> None:
        try:
            if event == "call":
                # Known names take no call in here: a recursion that is too deep then ends as it does unwatched.
                name = frame.f_code.co_name
                if name not in self._roles:
                    self._roles[name] = role_of(name) or ("arrays" if may_be_over_arrays(frame) else "")
                role = self._roles[name]
                if role:
                    self._called(frame, role)
                elif self.backward.codes and id(frame.f_code) in self.backward.codes:
                    self.backward.record_called(frame, self.backward.codes[id(frame.f_code)][1])
            elif event == "return" and not self.backward.returned(frame, argument):
                if self.arrays.open:
                    self.arrays.returned(frame, argument)
                if frame.f_code is self.tensors.apply:
                    self.tensors.returned(frame, argument)
                self.forward.returned(frame, argument)
        except (RecursionError, SweepTooLong):
            raise
        except Exception as error:  # the run goes on as if nobody watched
            self.fault = error
            sys.setprofile(self._before)
        if self._before is not None:
            self._before(frame, event, argument)

    def _called(self, frame: FrameType, role: str) -> None:
        if role in ("forward", "arrays"):
            self.arrays.called(frame)
        known = self.backward.codes.get(id(frame.f_code))
        if known is not None:
            self.backward.record_called(frame, known[1])
        elif role == "backward":
            if not self.backward.count_only() and is_within_class(frame):
                self.backward.called(frame)
        elif role == "<lambda>":
            if is_backward_method(frame):
                self.backward.called(frame)
        elif role == "forward":
            if not self.log.crowded:
                self.forward.forward_called(frame)
        elif role != "arrays":
            call = self.log.latest(first_argument(frame))
            if call is not None:
                call.pin()
