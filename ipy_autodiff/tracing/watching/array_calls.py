"""Note calls over bare arrays as they happen: layers' ``forward``, pairs of functions, losses that give their gradient.

Arrays are told apart by identity. What was computed before the last backward pass but one is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.arguments import arguments_of_call, is_number, is_target
from ipy_autodiff.designs.arrays.layers import LayerCall, backward_name, get_output, parameters_now
from ipy_autodiff.designs.arrays.pairs import LossCall, PairCall, partner_of, split
from ipy_autodiff.designs.arrays.parameters import get
from ipy_autodiff.designs.arrays.values import Arrays, Record, Value, call_again, made_of
from ipy_autodiff.designs.reading import is_variable, kept
from ipy_autodiff.tracing.watching.backward_calls import BackwardCalls
from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.forward_calls import ForwardCalls
from ipy_autodiff.tracing.watching.frames import arguments_of, first_argument

__all__ = ["ArrayCalls", "may_be_over_arrays"]

_FORWARD = ("forward", "fprop", "fwd")
_NOTED = 600
"""Values of one pass that are kept."""
_FRAMES = 4
_NO, _LAYER, _FUNCTION, _LOSS = range(4)
_DESIGN = Arrays()


@dataclass(eq=False, slots=True)
class _Open:
    frame: FrameType
    names: list[str]
    values: list[Any]
    keywords: dict[str, Any]
    copies: list[Any]
    inner: list[Value] = field(default_factory=list)


class ArrayCalls:
    """Notes such calls in the log of ``forward``."""

    def __init__(self, log: CallLog, forward: ForwardCalls, backward: BackwardCalls) -> None:
        self._log = log
        self._forward = forward
        self._backward = backward
        self.kinds: dict[int, tuple[CodeType, int]] = {}
        """What the code of each function is to these designs, by its ``id``; 0 where it is nothing to them."""
        self._functions_of_variables: set[type] = set()
        self.open: list[_Open] = []
        """The calls that are running."""
        for value in log.arrays.values():  # an earlier cell may have gone forward, and this one goes back
            if value.record is not None:
                backward.expect(_DESIGN, value, value.record.inputs)

    @property
    def _values(self) -> OrderedDict[int, Value]:
        return self._log.arrays

    def called(self, frame: FrameType) -> None:
        """A function of any kind begins."""
        code = frame.f_code
        known = self.kinds.get(id(code))
        kind = self._kind(frame) if known is None else known[1]
        if kind == _NO or self._backward.under_way:
            return
        if self._is_of_variables(frame) if kind == _LAYER else _serves_variables(frame):
            return
        names, values, keywords = arguments_of_call(frame, 1 if kind == _LAYER else 0)
        if any(map(is_variable, values)):
            return
        copies = [kept(np.asarray(value)) if is_number(value) else None for value in values]
        self.open.append(_Open(frame, names, values, keywords, copies))

    def returned(self, frame: FrameType, value: Any) -> None:
        """A function of any kind ends with this."""
        if not self.open or self.open[-1].frame is not frame:
            return
        opened = self.open.pop()
        kind = self.kinds[id(frame.f_code)][1]
        owner = first_argument(frame) if kind == _LAYER else None
        output = value if kind == _LAYER else split(value)[0]
        if output is None and kind == _LAYER:
            output = get_output(owner)
        if not is_number(output):
            return
        if opened.inner and self._is_composed(opened, output):
            self._hand_up(opened.inner)
            return
        for inner in opened.inner:
            self._forget(inner)
        record = self._record(kind, owner, opened, frame, value, output)
        if record is not None:
            self._note(frame, record, opened, output)

    def _kind(self, frame: FrameType) -> int:
        code = frame.f_code
        kind, name = _NO, code.co_name
        if name.startswith("<") or "ipy_autodiff" in str(frame.f_globals.get("__name__", ""))[:12]:
            kind = _NO
        elif code.co_argcount and any(word in name for word in _FORWARD) and _is_method(frame):
            kind = _LAYER
        elif "<locals>" not in code.co_qualname and "." not in code.co_qualname:
            if partner_of(name, frame.f_globals) is not None:
                kind = _FUNCTION
            elif name.endswith("_loss"):
                kind = _LOSS
        if len(self.kinds) > 20_000:
            self.kinds.clear()
        self.kinds[id(code)] = (code, kind)
        return kind

    def _is_of_variables(self, frame: FrameType) -> bool:
        """Whether a Function of Variables is at work here: what calls it was handed Variables."""
        owner = first_argument(frame)
        kind = type(owner)
        if kind in self._functions_of_variables:
            return True
        if backward_name(owner, frame.f_code.co_name) is None:
            return True
        if _serves_variables(frame):
            self._functions_of_variables.add(kind)
            return True
        return False

    def _is_composed(self, opened: _Open, output: Any) -> bool:
        """Whether the calls within, one after the other, are all that this one did."""
        if not any(inner.source is output or np.shares_memory(inner.data, output) for inner in opened.inner):
            return False
        made = {id(inner) for inner in opened.inner}
        given = {id(value) for value in opened.values}
        for inner in opened.inner:
            for one in inner.record.inputs if inner.record is not None else ():
                if id(one) not in made and id(one.source) not in given and not one.parameter:
                    return False
        return True

    def _record(
        self, kind: int, owner: Any, opened: _Open, frame: FrameType, returned: Any, output: Any
    ) -> LayerCall | PairCall | None:
        names, values = opened.names, opened.values
        if any(isinstance(value, np.ndarray) for value in values):
            numbers = [is_number(value) and isinstance(value, np.ndarray | np.floating) for value in values]
        else:
            numbers = [is_number(value) for value in values]
        outer = frame.f_back
        if outer is not None:  # Python has one object for each small number, whoever computed it
            shared = [n for n, value in enumerate(values) if type(value) is int and _is_shared(value, outer)]
            values = [float(value) if n in shared else value for n, value in enumerate(values)]
        computed = [number and self._is_computed(value) for number, value in zip(numbers, values, strict=True)]
        taken = [n for n, number in enumerate(numbers) if number and not is_target(n, names, values, computed, output)]
        inputs: list[Value] = []
        for place in taken:
            inputs.append(self._value_of(values[place], names[place], inputs))
        arguments = (names, values, opened.keywords)
        if kind == _LAYER:
            method = frame.f_code.co_name
            backward = backward_name(owner, method)
            assert backward is not None
            parameters = parameters_now(owner, frame.f_code, backward)
            given = {id(value) for value in values} | {id(output)}
            parameters = [one for one in parameters if id(get(owner, one.data)) not in given]
            for parameter in parameters:
                value = self._value_of(get(owner, parameter.data), f"{type(owner).__name__}.{parameter.name}", [])
                value.parameter = True
                inputs.append(value)
            if not inputs:
                return None
            call: LayerCall | PairCall = LayerCall.of(owner, (method, backward), arguments, taken, parameters, inputs)
            call.output = output
        else:
            function = frame.f_globals.get(frame.f_code.co_name)
            if not inputs or getattr(function, "__code__", None) is not frame.f_code:
                return None
            if kind == _LOSS:
                gradient = split(returned)[1]
                if np.size(output) != 1 or not is_number(gradient) or np.shape(gradient) != inputs[0].data.shape:
                    return None
                call = LossCall.of((function, function), arguments, taken, inputs, returned)
            else:
                partner = frame.f_globals[partner_of(frame.f_code.co_name, frame.f_globals) or ""]
                call = PairCall.of((function, partner), arguments, taken, inputs, returned)
        call.live = True
        return call

    def _is_computed(self, item: Any) -> bool:
        value = self._known(item)
        return value is not None and value.record is not None

    def _known(self, item: Any) -> Value | None:
        value = self._values.get(id(item))
        return value if value is not None and value.source is item else None

    def _value_of(self, item: Any, name: str, others: list[Value]) -> Value:
        """The value that stands for this object; a number that stands there twice is two."""
        value = self._known(item)
        if value is not None and (isinstance(item, np.ndarray) or value not in others):
            return value
        value = Value(item, None, None if isinstance(item, np.ndarray) and "." not in name else name)
        self._values[id(item)] = value
        return value

    def _note(self, frame: FrameType, record: Record, opened: _Open, output: Any) -> None:
        if self._backward.pass_ended():
            self._begin_anew(record)
        value = made_of(record, output)
        self._values[id(output)] = value
        self._values.move_to_end(id(output))
        while len(self._values) > _NOTED:
            self._values.popitem(last=False)
        places = getattr(record, "taken", ())
        copies = [opened.copies[place] for place in places]
        seen = (*copies, *(kept(one.data) for one in record.inputs[len(copies) :]))
        self._forward.note_made(frame, record, record.inputs, value, call_again(record), record.label, seen)
        self._backward.expect(_DESIGN, value, record.inputs)
        if self.open:
            self.open[-1].inner.append(value)

    def _hand_up(self, inner: list[Value]) -> None:
        if self.open:
            self.open[-1].inner += inner

    def _forget(self, value: Value) -> None:
        if self._values.get(id(value.source)) is value:
            del self._values[id(value.source)]
        for taken in value.record.inputs if value.record is not None else ():
            taken.results = [give for give in taken.results if give() is not value]

    def _begin_anew(self, record: Record) -> None:
        """A backward pass has ended: keep what the last one was about, and no more than that."""
        held = self._backward.passes()
        reached: dict[int, Value] = {}
        pending = [*held, *record.inputs]
        while pending:
            value = pending.pop()
            if id(value) not in reached:
                reached[id(value)] = value
                pending += value.record.inputs if value.record is not None else ()
        for key, value in list(self._values.items()):
            if id(value) not in reached:
                del self._values[key]
        for value in record.inputs:
            value.results = []
        for value in reached.values():
            if value.record is None:
                value.grad = None


def may_be_over_arrays(frame: FrameType) -> bool:
    """Whether functions of this name may be such calls."""
    name = frame.f_code.co_name
    named = any(word in name for word in _FORWARD) or name.endswith("_loss")
    return named or partner_of(name, frame.f_globals) is not None


def _is_shared(number: int, frame: FrameType) -> bool:
    """Whether more than one name of the caller's stands for this very object."""
    return sum(value is number for value in frame.f_locals.values()) > 1


def _serves_variables(frame: FrameType) -> bool:
    """Whether a function is called on behalf of a Function of Variables."""
    outer = frame.f_back
    for _ in range(_FRAMES):
        if outer is None or outer.f_code.co_name == "<module>":
            return False
        if is_variable(first_argument(outer)) or any(map(is_variable, arguments_of(outer))):
            return True
        outer = outer.f_back
    return False


def _is_method(frame: FrameType) -> bool:
    owner = first_argument(frame)
    method = getattr(type(owner), frame.f_code.co_name, None)
    return getattr(method, "__code__", None) is frame.f_code
