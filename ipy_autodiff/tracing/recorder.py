"""Watches code while it runs, and notes which Functions it calls forward and backward, with the arrays as they pass.

It looks at Python's own frames (``sys.setprofile``), so no class is patched: the student's methods, tracebacks and
recursion stay what they are. A Function's ``backward`` is known by its name and its first argument; a call forward by
what it returns, a Variable that was not there before.
"""

from __future__ import annotations

import dis
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType, TracebackType
from typing import Any

from ipy_autodiff.designs.reading import (
    CREATOR,
    GRADIENT,
    INPUTS,
    OUTPUTS,
    array_of,
    data_of,
    dereferenced,
    gradient_of,
    is_function,
    is_variable,
    kept,
    listed,
)
from ipy_autodiff.tracing.calls import MANY, Call, CallLog, Derived, Origin, reference
from ipy_autodiff.tracing.graph import Array

__all__ = ["BackwardCall", "Recorder", "Sweep", "SweepTooLong"]

_RETURNS = {dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in dis.opmap}
_KEPT_SWEEPS = 2
_KEPT_ORDERS = 2
_KEPT_BY_HAND = 2_000


class SweepTooLong(Exception):  # noqa: N818 - it ends a sweep; it is no error of the package
    """A sweep made more backward calls than any graph of its size needs."""


@dataclass(eq=False, slots=True)
class BackwardCall:
    """One call of a Function's ``backward``, as it passed."""

    function_reference: Any
    gys: tuple[Array | None, ...]
    inputs: tuple[Any, ...]
    """References to the Variables that the Function's inputs were."""
    before: tuple[Array | None, ...]
    gxs: tuple[Array | None, ...] = ()
    after: tuple[Array | None, ...] = ()
    lines: tuple[str, int, int] | None = None
    returned: bool = False

    @property
    def function(self) -> Any:
        """The Function object, or None when it is gone."""
        return self.function_reference()


@dataclass(eq=False, slots=True)
class Sweep:
    """The backward calls of one backward pass; ``root`` gives the Variable it started from, None for one by hand."""

    root_reference: Any
    calls: list[BackwardCall]
    left: dict[int, Array | None] = field(default_factory=dict)
    """The gradient that stood in each leaf at the end, by the Variable's ``id``; not known of calls made by hand."""
    whole: bool = True
    """Whether all calls were noted; a sweep of more than ``MANY`` is not."""

    @property
    def root(self) -> Any:
        """The Variable whose ``backward`` was called; None for calls made by hand."""
        return None if self.root_reference is None else self.root_reference()


class Recorder:
    """A context in which calls are noted: forward ones in ``log``, backward ones in ``sweeps``.

    ``filename`` is the code whose lines are noted. ``limit`` ends code that makes more backward calls than that, by
    raising ``SweepTooLong`` in it.
    """

    def __init__(self, log: CallLog, filename: str = "", source: str = "", limit: int | None = None) -> None:
        self.log = log
        self.first = log.count
        self.sweeps: list[Sweep] = []
        self.local_names: dict[int, str] = {}
        """Names that functions of the code gave to Variables, by id."""
        self.filename = filename
        self.last_output: Any = None
        """The last Variable that was computed. It is kept, so that a graph that nobody keeps can be shown."""
        self.last_unnoted: Any = lambda: None
        """Gives the last Variable that was computed when too many live for each call to be noted."""
        self._source = source
        self._limit = limit
        self._count = 0
        self._open: list[tuple[FrameType, BackwardCall, Any]] = []
        self._sweep_frame: FrameType | None = None
        self._begun = 0
        self._calls_before_sweep = 0
        self._seed: Any = None
        self._derived: dict[tuple[int, int], Any] = {}
        self._pending: tuple[BackwardCall, tuple[Any, ...]] | None = None
        self._kinds: dict[type, bool] = {}
        self._roles: dict[str, str] = {}
        self._conventions: dict[int, tuple[str, bool]] = {}
        self._calls_within: dict[int, int] = {}
        self._before: Callable[..., Any] | None = None
        self._paused: Any = None

    def forget(self) -> None:
        """Drop the backward calls that were seen so far."""
        self.sweeps.clear()
        self._pending = None

    def __enter__(self) -> Recorder:
        before = sys.getprofile()
        self._before = before if callable(before) else None
        self._paused = None if callable(before) else before  # cProfile's: it cannot be told, but it can wait
        if self._paused is not None:
            self._paused.disable()
        sys.setprofile(self._observe)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        sys.setprofile(self._before)
        if self._paused is not None:
            self._paused.enable()
        self._settle()
        self._open.clear()
        self._sweep_frame = None

    def _observe(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            name = frame.f_code.co_name
            role = self._roles.get(name)
            if role is None:
                role = self._roles[name] = _role(name)
            if role:
                self._called(frame, role)
        elif event == "return":
            calls = self._calls_within.pop(id(frame), 0)
            if self._open and self._open[-1][0] is frame:
                self._backward_returns(frame, argument)
            elif frame is self._sweep_frame:
                self._sweep_ends()
            elif argument is not None:
                known = self._kinds.get(type(argument))
                if (self._interesting(argument) if known is None else known) and (
                    calls or not self.log.crowded or not self._unnoted(argument)
                ):
                    self._variables_returned(frame, argument, calls)
        if self._before is not None:
            self._before(frame, event, argument)

    def _called(self, frame: FrameType, role: str) -> None:
        if role == "backward":
            if self._sweep_frame is not None and not self.sweeps[-1].whole:
                self._count_backward()
            elif _within_class(frame):
                self._backward_called(frame)
        elif role == "<lambda>":
            if _is_backward(frame):
                self._backward_called(frame)
        elif role == "forward":
            if not self.log.crowded:
                self._forward_called(frame)
        else:
            call = self.log.latest(_first_argument(frame))
            if call is not None:
                call.pin()

    def _unnoted(self, output: Any) -> bool:
        """Where too many Variables live for each call to be noted: whether this is one more, and no other."""
        if self.last_unnoted() is output:  # a function that only hands it on
            return True
        if CREATOR.read(output) is None or self.log.knows(output):
            return False
        if not (self._open or self._sweep_frame):
            self.last_unnoted = reference(output)
        return True

    def _interesting(self, value: Any) -> bool:
        kind = type(value)
        known = self._kinds.get(kind)
        if known is None:
            if kind is list or kind is tuple:
                return bool(value) and len(value) <= 64 and self._interesting(value[0])
            known = is_variable(value)
            self._kinds[kind] = known
        return known

    # Forward

    def _forward_called(self, frame: FrameType) -> None:
        """Notes how this engine hands over its arguments: each by itself, in one list, or as Variables."""
        code = frame.f_code
        first = frame.f_locals.get(code.co_varnames[1]) if code.co_argcount > 1 else None
        if isinstance(first, list | tuple) or (first is not None and is_variable(first)):
            owner = _first_argument(frame)
            variables = is_variable(first[0] if isinstance(first, list | tuple) and first else first)
            self._conventions[id(owner)] = ("list" if isinstance(first, list | tuple) else "each", variables)

    def _variables_returned(self, frame: FrameType, value: Any, calls: int) -> None:
        outputs = tuple(value) if isinstance(value, list | tuple) else (value,)
        if not all(is_variable(output) for output in outputs):
            return
        owner = _first_argument(frame)
        owned = owner is not None and is_function(owner)
        creator = CREATOR.read(outputs[0])
        if creator is not None and is_function(creator):
            call = self.log.made(outputs[0])
            if call is None and self.log.full:
                if not (self._open or self._sweep_frame):
                    self.last_unnoted = reference(outputs[0])
                return
            if call is None or (creator is owner and self._was_unfinished(call, owner)):
                made = listed(OUTPUTS.read(creator))
                if any(output is outputs[0] for output in made):
                    outputs = made
                arguments = listed(INPUTS.read(creator))
                saved = bool(arguments)
                if not saved and owned:
                    arguments = _variables_among(frame)
                self._note(frame, creator, arguments, outputs, saved)
                return
        elif owned and not (self._open or self._sweep_frame or self._within_call(frame, owner)):
            arguments = listed(INPUTS.read(owner))
            saved = bool(arguments) and all(is_variable(argument) for argument in arguments)
            if not saved:
                arguments = _variables_among(frame)
            if arguments and not any(output is argument for output in outputs for argument in arguments):
                self._note(frame, owner, arguments, outputs, saved)
                return
        self._wrapper_returns(frame, outputs[0], calls)

    def _was_unfinished(self, call: Call, function: Any) -> bool:
        """Whether the call that was just noted has saved other inputs since, on its way out of ``__call__``."""
        now = listed(INPUTS.read(function))
        return call.number == self.log.count - 1 and [id(item) for item in now] != [id(item) for item in call.arguments]

    def _within_call(self, frame: FrameType, owner: Any) -> bool:
        outer = frame.f_back
        return outer is not None and outer.f_code.co_name == "__call__" and _first_argument(outer) is owner

    def _note(
        self, frame: FrameType, function: Any, arguments: tuple[Any, ...], outputs: tuple[Any, ...], saved: bool
    ) -> None:
        owned_by_output = CREATOR.read(outputs[0]) is function
        line, holder = self._line_of(frame)
        call = Call(
            number=self.log.count,
            function_reference=reference(function, strong=not owned_by_output),
            argument_references=tuple(
                reference(argument, strong=not (saved and owned_by_output and is_variable(argument)))
                for argument in arguments
            ),
            output_references=tuple(reference(output) for output in outputs),
            argument_data=tuple(_data(argument) for argument in arguments),
            output_data=tuple(_data(output) for output in outputs),
            line=line,
            source=self._source,
            frame=holder,
            during_backward=self._sweep_frame is not None or bool(self._open),
            sweep=self._begun if self._sweep_frame is not None else 0,
            backward_of=reference(self._open[-1][2]) if self._open else None,
            saves_inputs=saved,
            recorded=saved or owned_by_output or CREATOR.name(outputs[0]) is None,
            convention=self._conventions.pop(id(function), ("each", False)),
            places=_places(function, outputs) if owned_by_output else (),
            cuts=tuple(self._cuts(arguments)),
        )
        for output in outputs:
            self.log.remember(data_of(output), output, type(function).__name__)
        self.log.add(call, function, outputs)
        if not call.during_backward:
            self.last_output = outputs[0]
        self._calls_within[holder] = self._calls_within.get(holder, 0) + 1

    def _cuts(self, arguments: tuple[Any, ...]) -> Iterator[tuple[Any, Origin]]:
        """Which of these Variables are new boxes around another one's data."""
        for argument in arguments:
            if is_variable(argument) and CREATOR.read(argument) is None and self.log.made(argument) is None:
                data = data_of(argument)
                origin = self.log.origin(data)
                if origin is None:
                    self.log.remember(data, argument, None)
                elif origin.variable is not argument:
                    yield reference(argument), origin

    def _line_of(self, frame: FrameType | None) -> tuple[int | None, int]:
        """The line of the innermost frame of the cell that is not a method of the engine, and that frame's id."""
        while frame is not None:
            if frame.f_code.co_filename == self.filename:
                if frame.f_code.co_name == "<module>":
                    return frame.f_lineno, id(frame)
                owner = _first_argument(frame)
                if owner is None or not (is_function(owner) or (is_variable(owner) and _is_method(frame, owner))):
                    return frame.f_lineno, id(frame)
            frame = frame.f_back
        return None, 0

    def _wrapper_returns(self, frame: FrameType, output: Any, count: int) -> None:
        """A function that did nothing but call one Function, as ``square(x)`` does, is not what built the node."""
        call = self.log.made(output)
        if call is not None and count == 1 and call.frame == id(frame):
            call.line, call.frame = self._line_of(frame.f_back)
            self._calls_within[call.frame] = self._calls_within.get(call.frame, 0) + 1
        elif count and frame.f_code.co_filename == self.filename:
            self._take_names(frame)

    def _take_names(self, frame: FrameType) -> None:
        parameters = frame.f_code.co_varnames[: frame.f_code.co_argcount]
        for name, value in frame.f_locals.items():
            if name not in parameters and self._kinds.get(type(value)) and not isinstance(value, list | tuple):
                self.local_names[id(value)] = name

    # Backward

    def _keep_derived(self, sweep: Sweep) -> None:
        """Note the gradients that this sweep left in the leaves and that have a graph of their own.

        The latest ones of the first orders are kept until the cell has been shown: a loop forgets them.
        """
        root = sweep.root
        order = self.log.order(root) + 1
        leaves = {id(leaf): leaf for call in sweep.calls for give in call.inputs if (leaf := give()) is not None}
        for key, leaf in leaves.items():
            gradient = GRADIENT.read(leaf)
            if not is_variable(gradient) or CREATOR.read(gradient) is None or CREATOR.read(leaf) is not None:
                continue
            try:
                references = (weakref.ref(each) for each in (root, self._seed, leaf, gradient))
                self.log.derived.append(Derived(*references))
            except TypeError:  # slots without room for a weak reference: held for good, it would be a leak
                return
            if order <= _KEPT_ORDERS:
                self._derived[order, key] = gradient

    def _backward_called(self, frame: FrameType) -> None:
        owner = _first_argument(frame)
        if owner is None:
            return
        if is_function(owner):
            if self._open and self._open[-1][2] is owner:  # super().backward(...)
                return
            self._function_backward(frame, owner)
        elif is_variable(owner) and self._sweep_frame is None and not self._open:
            self._settle()
            self._sweep_frame = frame
            self._begun += 1
            self._calls_before_sweep = self.log.count
            self.sweeps.append(Sweep(reference(owner), []))
            whole = [sweep for sweep in self.sweeps if sweep.root_reference is not None]
            if len(whole) > _KEPT_SWEEPS:
                self.sweeps.remove(whole[0])

    def _sweep_ends(self) -> None:
        self._settle()
        self._sweep_frame = None
        sweep = self.sweeps[-1]
        for call in sweep.calls:
            for give in call.inputs:
                variable = give()
                if variable is not None and CREATOR.read(variable) is None:
                    sweep.left[id(variable)] = gradient_of(variable)
        if self.log.count > self._calls_before_sweep:
            self._keep_derived(sweep)
        self._seed = None

    def _function_backward(self, frame: FrameType, function: Any) -> None:
        self._settle()
        self._count_backward()
        if self._sweep_frame is not None and len(self.sweeps[-1].calls) >= MANY:
            self.sweeps[-1].whole = False
            return
        given = _arguments(frame)
        gys = tuple(kept(array_of(value)) for value in given)
        if self._sweep_frame is not None and not self.sweeps[-1].calls and given:
            self._seed = given[0]
        inputs = tuple(item for item in listed(INPUTS.read(function)) if is_variable(item))
        if not inputs:
            call = self.log.latest(function)
            inputs = tuple(item for item in call.arguments if is_variable(item)) if call else ()
        backward = BackwardCall(
            function_reference=reference(function),
            gys=gys,
            inputs=tuple(reference(item) for item in inputs),
            before=tuple(gradient_of(item) for item in inputs),
        )
        if self._sweep_frame is not None:
            self.sweeps[-1].calls.append(backward)
        else:
            self._by_hand().append(backward)
        self._open.append((frame, backward, function))

    def _count_backward(self) -> None:
        self._count += 1
        if self._limit is not None and self._count > self._limit:
            raise SweepTooLong

    def _by_hand(self) -> list[BackwardCall]:
        for sweep in self.sweeps:
            if sweep.root_reference is None:
                if len(sweep.calls) > _KEPT_BY_HAND:
                    sweep.calls = [call for call in sweep.calls if call.function is not None][-_KEPT_BY_HAND // 2 :]
                return sweep.calls
        self.sweeps.append(Sweep(None, []))
        return self.sweeps[-1].calls

    def _backward_returns(self, frame: FrameType, value: Any) -> None:
        _, backward, _ = self._open.pop()
        code = frame.f_code
        backward.returned = code.co_code[frame.f_lasti] in _RETURNS
        backward.lines = (code.co_filename, code.co_firstlineno, frame.f_lineno)
        items = value if isinstance(value, list | tuple) else (value,)
        backward.gxs = tuple(kept(array_of(item)) for item in items) if backward.returned and value is not None else ()
        inputs = tuple(give() for give in backward.inputs)
        self._pending = (backward, tuple(item for item in inputs if item is not None))

    def _settle(self) -> None:
        """The engine has dealt with the last backward call: note what its inputs' gradients became."""
        if self._pending is not None:
            backward, inputs = self._pending
            backward.after = tuple(gradient_of(item) for item in inputs)
            self._pending = None


def _role(name: str) -> str:
    """What a function of this name may be to an engine; empty where it is nothing that is watched."""
    return "backward" if "backward" in name else name if name in ("<lambda>", "forward", "__call__") else ""


def _first_argument(frame: FrameType) -> Any:
    code = frame.f_code
    if code.co_argcount == 0 or not code.co_varnames:
        return None
    return frame.f_locals.get(code.co_varnames[0])


def _within_class(frame: FrameType) -> bool:
    """Whether the function was written in a class's body."""
    outer = frame.f_code.co_qualname.rpartition(".")[0]
    return bool(outer) and not outer.endswith("<locals>")


def _is_backward(frame: FrameType) -> bool:
    owner = _first_argument(frame)
    return owner is not None and getattr(getattr(type(owner), "backward", None), "__code__", None) is frame.f_code


def _is_method(frame: FrameType, owner: Any) -> bool:
    method = getattr(type(owner), frame.f_code.co_name, None)
    inner = getattr(method, "__func__", method)
    code: CodeType | None = getattr(inner, "__code__", None)
    return code is frame.f_code


def _arguments(frame: FrameType) -> tuple[Any, ...]:
    """What the call was given by position, its first argument left out; lists are opened."""
    code, held = frame.f_code, frame.f_locals
    values = [held.get(name) for name in code.co_varnames[1 : code.co_argcount]]
    if code.co_flags & 0x04:  # *args
        place = code.co_argcount + code.co_kwonlyargcount
        values.extend(held.get(code.co_varnames[place], ()))
    opened: list[Any] = []
    for value in values:
        opened.extend(value if isinstance(value, list | tuple) else [value])
    return tuple(opened)


def _places(function: Any, outputs: tuple[Any, ...]) -> tuple[int, ...]:
    saved = OUTPUTS.read(function)
    if not isinstance(saved, list | tuple) or len(saved) == len(outputs):
        return ()
    places = tuple(place for place, item in enumerate(saved) if dereferenced(item) is not None)
    return places if len(places) == len(outputs) else ()


def _variables_among(frame: FrameType) -> tuple[Any, ...]:
    return tuple(value for value in _arguments(frame) if is_variable(value))


def _data(argument: Any) -> Array | None:
    return kept(array_of(data_of(argument))) if is_variable(argument) else None
