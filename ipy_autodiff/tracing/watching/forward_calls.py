"""Note the calls of Functions as their results pass: what went in, what came out, and the line that led to it."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

from ipy_autodiff.designs import design_of, is_computed
from ipy_autodiff.designs.makers import MakerDesign
from ipy_autodiff.designs.making import GENERATOR, Made, made_by
from ipy_autodiff.designs.reading import (
    CREATOR,
    OUTPUTS,
    array_of,
    class_name,
    data_of,
    dereferenced,
    inputs_of,
    is_function,
    is_variable,
    kept,
    listed,
)
from ipy_autodiff.tracing.graph import Array
from ipy_autodiff.tracing.watching.backward_calls import BackwardCalls
from ipy_autodiff.tracing.watching.calls import Call, CallLog, Origin, reference
from ipy_autodiff.tracing.watching.frames import first_argument, is_method, variables_among

__all__ = ["ForwardCalls"]


class ForwardCalls:
    """Notes the calls of one run in ``log``; ``filename`` is the code whose lines are noted."""

    def __init__(self, log: CallLog, backward: BackwardCalls, filename: str, source: str) -> None:
        self.log = log
        self.local_names: dict[int, str] = {}
        """Names that functions of the code gave to Variables, by id."""
        self.last_output: Any = None
        """The last Variable that was computed. It is kept, so that a graph that nobody keeps can be shown."""
        self.last_unnoted: Any = lambda: None
        """Gives the last Variable that was computed when too many live for each call to be noted."""
        self._backward = backward
        self._filename = filename
        self._source = source
        self._kinds: dict[type, bool] = {}
        self._conventions: dict[int, tuple[str, bool]] = {}
        self._forward_ran: dict[int, int] = {}
        """The frame that called the ``forward`` of an object last, by the object's ``id``."""
        self._calls_within: dict[int, int] = {}

    def settle(self) -> None:
        """Forget which frames are running: they will not be seen to end."""
        self._calls_within.clear()
        self._forward_ran.clear()
        self._conventions.clear()

    def forward_called(self, frame: FrameType) -> None:
        """Notes who called it, and how it is handed its arguments: each by itself, in one list, or as Variables."""
        owner = first_argument(frame)
        outer = frame.f_back
        if outer is not None:
            self._forward_ran[id(owner)] = id(outer)
        code = frame.f_code
        first = frame.f_locals.get(code.co_varnames[1]) if code.co_argcount > 1 else None
        if isinstance(first, list | tuple) or (first is not None and is_variable(first)):
            variables = is_variable(first[0] if isinstance(first, list | tuple) and first else first)
            self._conventions[id(owner)] = ("list" if isinstance(first, list | tuple) else "each", variables)

    def returned(self, frame: FrameType, value: Any) -> None:
        """A function of any kind ends with this."""
        calls = self._calls_within.pop(id(frame), 0)
        if value is None:
            return
        known = self._kinds.get(type(value))
        if (self._interesting(value) if known is None else known) and (
            calls or not self.log.crowded or not self._unnoted(value)
        ):
            self._variables_returned(frame, value, calls)

    def _interesting(self, value: Any) -> bool:
        kind = type(value)
        known = self._kinds.get(kind)
        if known is None:
            if kind is list or kind is tuple:
                return bool(value) and len(value) <= 64 and self._interesting(value[0])
            known = is_variable(value)
            self._kinds[kind] = known
        return known

    def _unnoted(self, output: Any) -> bool:
        """Where too many Variables live for each call to be noted: whether this is one more, and no other."""
        if self.last_unnoted() is output:  # a function that only hands it on
            return True
        if CREATOR.read(output) is None or self.log.knows(output):
            return False
        if not self._backward.under_way:
            self.last_unnoted = reference(output)
        return True

    def _variables_returned(self, frame: FrameType, value: Any, calls: int) -> None:
        outputs = tuple(value) if isinstance(value, list | tuple) else (value,)
        if frame.f_code.co_flags & GENERATOR or not all(is_variable(output) for output in outputs):
            return
        design = design_of(outputs[0])
        if design is not None:
            noted = self.log.made(value) is None and self._made(frame, value, design)
        else:
            noted = self._called(frame, outputs)
        if not noted:
            self._wrapper_returns(frame, outputs[0], calls)
        self._handed_out(frame, outputs[0], noted)

    def _handed_out(self, frame: FrameType, output: Any, noted: bool) -> None:
        """Notes the expression whose value the output is, in the outermost code that it is returned to."""
        call, outer = self.log.made(output), frame.f_back
        if call is not None and outer is not None and (noted or call.handed_to == id(frame)):
            source = self._source if outer.f_code.co_filename == self._filename else ""
            call.place, call.handed_to = (outer.f_code, outer.f_lasti, source), id(outer)

    def _called(self, frame: FrameType, outputs: tuple[Any, ...]) -> bool:
        """Whether a Function object was called in this frame, and these are what came out."""
        owner = first_argument(frame)
        owned = owner is not None and is_function(owner)
        creator = CREATOR.read(outputs[0])
        call = self.log.made(outputs[0])
        if creator is not None and is_function(creator):
            if call is None and self.log.full:
                if not self._backward.under_way:
                    self.last_unnoted = reference(outputs[0])
                return True
            if call is None or (creator is owner and self._was_unfinished(call, owner)):
                made = listed(OUTPUTS.read(creator))
                if any(output is outputs[0] for output in made):
                    outputs = made
                arguments = inputs_of(creator)
                saved = bool(arguments)
                if not saved and owned:
                    arguments = variables_among(frame)
                self._note(frame, creator, arguments, outputs, saved)
                return True
        elif call is None and not self._backward.under_way and self._is_call(frame, owner, owned):
            arguments = inputs_of(owner)
            given = variables_among(frame)
            saved = bool(arguments) and all(is_variable(argument) for argument in arguments)
            if not saved:
                arguments = given
            if arguments and not _among(outputs, (*arguments, *given)):
                self._note(frame, owner, arguments, outputs, saved)
                return True
        return False

    def _is_call(self, frame: FrameType, owner: Any, owned: bool) -> bool:
        """Whether this frame is the call of a Function: its ``__call__``, or what called its ``forward``."""
        if frame.f_code.co_name == "__call__":
            return owner is not None and not is_variable(owner) and is_method(frame, owner)
        return owned and self._forward_ran.get(id(owner)) == id(frame)

    def _was_unfinished(self, call: Call, function: Any) -> bool:
        """Whether the call that was just noted has saved other inputs since, on its way out of ``__call__``."""
        now = inputs_of(function)
        return call.number == self.log.count - 1 and [id(item) for item in now] != [id(item) for item in call.arguments]

    def _made(self, frame: FrameType, value: Any, design: MakerDesign) -> bool:
        """Whether this frame made the value, of a design that keeps something else than a Function object."""
        record = design.record(value)
        parents = [] if record is None else design.parents(value, record)
        found = None if record is None else made_by(frame, value, parents, record)
        if found is None:
            return False
        made, inputs = found
        saved = all(_among((one,), tuple(parents)) for one in inputs)  # else nothing else may keep them
        name = design.label(value, record, frame.f_code.co_name)
        self._note(frame, record, inputs, (value,), saved, made, name)
        self._backward.expect(design, value, inputs)
        return True

    def note_made(
        self,
        frame: FrameType,
        record: Any,
        inputs: tuple[Any, ...],
        value: Any,
        made: Made,
        name: str,
        seen: tuple[Array | None, ...],
    ) -> None:
        """Note the call that made a value which stands for an array; ``seen`` are the inputs as they were then."""
        self._note(frame, record, inputs, (value,), True, made, name, seen)

    def _note(
        self,
        frame: FrameType,
        function: Any,
        arguments: tuple[Any, ...],
        outputs: tuple[Any, ...],
        saved: bool,
        made: Made | None = None,
        name: str = "",
        seen: tuple[Array | None, ...] | None = None,
    ) -> None:
        owned_by_output = made is not None or CREATOR.read(outputs[0]) is function
        line, holder = self._line_of(frame if made is None else frame.f_back)
        backward = self._backward
        call = Call(
            number=self.log.count,
            function_reference=reference(function, strong=not owned_by_output),
            argument_references=tuple(
                reference(argument, strong=not (saved and owned_by_output and is_variable(argument)))
                for argument in arguments
            ),
            output_references=tuple(reference(output) for output in outputs),
            argument_data=tuple(map(_data, arguments)) if seen is None else seen,
            output_data=tuple(_data(output) for output in outputs),
            line=line,
            source=self._source,
            frame=holder,
            during_backward=backward.under_way,
            sweep=backward.begun if backward.sweeping else 0,
            backward_of=None if backward.at_work is None else reference(backward.at_work),
            saves_inputs=saved,
            recorded=self._is_recorded(function, outputs[0], saved, owned_by_output),
            convention=self._conventions.pop(id(function), ("each", False)),
            places=_places(function, outputs) if owned_by_output and made is None else (),
            cuts=tuple(self._cuts(arguments)),
            made=made,
            name=name,
        )
        for output in outputs:
            self.local_names.pop(id(output), None)  # of another one that was at its place in memory
            self.log.remember(data_of(output), output, name or class_name(function))
        self.log.add(call, function, outputs)
        if not call.during_backward:
            self.last_output = outputs[0]
        self._calls_within[holder] = self._calls_within.get(holder, 0) + 1

    def _is_recorded(self, function: Any, output: Any, saved: bool, owned_by_output: bool) -> bool:
        """Whether the engine recorded the call, as far as it records any.

        Inputs may be saved even where it does not record; then another call of the class tells: its creator was set.
        """
        if owned_by_output:
            self.log.recording_classes.add(type(function))
            return True
        if CREATOR.name(output) is None:
            return True
        switch = "no_grad" in self._source or "using_config" in self._source
        return saved and not switch and type(function) not in self.log.recording_classes

    def _cuts(self, arguments: tuple[Any, ...]) -> Iterator[tuple[Any, Origin]]:
        """Which of these Variables are new boxes around another one's data."""
        for argument in arguments:
            if is_variable(argument) and not is_computed(argument) and self.log.made(argument) is None:
                data = data_of(argument)
                origin = self.log.origin(data)
                if origin is None:
                    self.log.remember(data, argument, None)
                elif origin.variable is not argument:
                    yield reference(argument), origin

    def _line_of(self, frame: FrameType | None) -> tuple[int | None, int]:
        """The line of the innermost frame of the cell that is not a method of the engine, and that frame's id."""
        while frame is not None:
            if frame.f_code.co_filename == self._filename:
                if frame.f_code.co_name == "<module>":
                    return frame.f_lineno, id(frame)
                owner = first_argument(frame)
                if owner is None or not (is_function(owner) or (is_variable(owner) and is_method(frame, owner))):
                    return frame.f_lineno, id(frame)
            frame = frame.f_back
        return None, 0

    def _wrapper_returns(self, frame: FrameType, output: Any, count: int) -> None:
        """A function that did nothing but call one Function, as ``square(x)`` does, is not what built the node."""
        call = self.log.made(output)
        if call is not None and count == 1 and call.frame == id(frame):
            call.line, call.frame = self._line_of(frame.f_back)
            self._calls_within[call.frame] = self._calls_within.get(call.frame, 0) + 1
        elif count and frame.f_code.co_filename == self._filename:
            self._take_names(frame)

    def _take_names(self, frame: FrameType) -> None:
        parameters = frame.f_code.co_varnames[: frame.f_code.co_argcount]
        for name, value in frame.f_locals.items():
            if name not in parameters and self._kinds.get(type(value)) and not isinstance(value, list | tuple):
                self.local_names[id(value)] = name


def _among(outputs: tuple[Any, ...], items: tuple[Any, ...]) -> bool:
    return any(output is item for output in outputs for item in items)


def _places(function: Any, outputs: tuple[Any, ...]) -> tuple[int, ...]:
    saved = OUTPUTS.read(function)
    if not isinstance(saved, list | tuple) or len(saved) == len(outputs):
        return ()
    places = tuple(place for place, item in enumerate(saved) if dereferenced(item) is not None)
    return places if len(places) == len(outputs) else ()


def _data(argument: Any) -> Array | None:
    return kept(array_of(data_of(argument))) if is_variable(argument) else None
