"""Layers: objects with a ``forward`` and a ``backward`` over bare arrays, parameters and gradients beside each other.

A layer is copied each time it is run again, so that its parameters, caches and gradients stay as they are.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.arguments import (
    accumulated,
    arguments_of_call,
    gradients_among,
    is_number,
    places_of_gradient,
)
from ipy_autodiff.designs.arrays.parameters import Parameter, code_of, get, parameters_of, put, stored
from ipy_autodiff.designs.arrays.values import Record, Value, kind_of, made_of
from ipy_autodiff.designs.nodes import Array
from ipy_autodiff.designs.reading import class_name

__all__ = ["LayerCall", "backward_name", "parameters_now"]

_PARTNERS = (("forward", "backward"), ("forward", "back"), ("fprop", "bprop"), ("fwd", "bwd"), ("forward", "backprop"))
_OUTPUTS = ("output", "out", "outputs")
_GRADIENTS = ("dinputs", "dinput", "dx", "grad_input")


def backward_name(owner: Any, forward: str) -> str | None:
    """The method that answers for a method that is called like ``forward``; None where the class has none."""
    for one, other in _PARTNERS:
        name = forward.replace(one, other)
        if one in forward and callable(getattr(type(owner), name, None)):
            return name
    return None


def parameters_now(layer: Any, forward: CodeType, backward: str) -> list[Parameter]:
    """The layer's parameters."""
    code = code_of(layer, backward)
    return parameters_of(layer, stored(forward), code.co_names if code is not None else ())


class LayerCall(Record):
    """One call of a layer's ``forward``."""

    live = False
    """Whether the layer is the notebook's own; it is only looked at, then."""

    def __init__(
        self,
        layer: Any,
        methods: tuple[str, str],
        arguments: tuple[list[str], list[Any], dict[str, Any]],
        taken: Sequence[int],
        parameters: Sequence[Parameter],
        inputs: Sequence[Value],
    ) -> None:
        self.layer = layer
        self.methods = methods
        self.names, values, self.keywords = arguments
        self.taken = tuple(taken)
        """The places of those arguments that are inputs."""
        self.values = [None if place in self.taken else value for place, value in enumerate(values)]
        self.parameters = tuple(parameters)
        self.inputs = tuple(inputs)
        self.manner: tuple[tuple[str, Any], ...] | None = None
        """How ``backward`` is called, argument by argument, as far as it was seen."""
        self.output: Any = None
        self.forward: Callable[..., Any] | None = None
        """What is run forward on the layer, where that is another function than its own."""
        self._copy: tuple[Any, list[Array]] | None = None
        self._before: list[Array | None] = []

    @classmethod
    def of(cls, layer: Any, *rest: Any) -> LayerCall:
        """The call, of a class that is named after the layer's."""
        return kind_of(cls, class_name(layer), {})(layer, *rest)  # type: ignore[no-any-return]

    @property
    def label(self) -> str:
        """The layer's class."""
        return class_name(self.layer)

    @property
    def user(self) -> Any:
        """The user's own object."""
        return self.layer

    def again(self, *values: Value) -> Value:
        """The output of a copy of the layer that has these parameters, of these arrays."""
        kept: dict[int, Any] = {}
        for parameter, value in zip(self.parameters, values[len(self.taken) :], strict=True):
            old, gradient = get(self.layer, parameter.data), get(self.layer, parameter.gradient)
            if isinstance(gradient, np.ndarray):
                kept[id(gradient)] = np.zeros(gradient.shape, np.result_type(gradient, value.data))
            if isinstance(old, np.ndarray):
                kept[id(old)] = value.data
        layer = copied(self.layer, kept)
        for parameter, value in zip(self.parameters, values[len(self.taken) :], strict=True):
            if get(layer, parameter.data) is not value.data:
                put(layer, parameter.data, value.data if value.data.ndim else value.data[()])
        arguments, output = self._forward(layer, [value.data for value in values])
        call = type(self)(
            layer, self.methods, (self.names, arguments, self.keywords), self.taken, self.parameters, values
        )
        call.values, call.manner, call.output = arguments, self.manner, output
        call.forward = self.forward
        return made_of(call, output)

    def _forward(self, layer: Any, arrays: Sequence[Array]) -> tuple[list[Any], Any]:
        given = iter(arrays)
        arguments = [plain(next(given)) if n in self.taken else item for n, item in enumerate(self.values)]
        forward = getattr(layer, self.methods[0]) if self.forward is None else partial(self.forward, layer)
        output = forward(*arguments, **copied(self.keywords, {}))
        return arguments, get_output(layer) if output is None else output

    def run(self, *arrays: Array) -> Any:
        """The output of one copy of the layer, into whose parameters these are written."""
        parameters = arrays[len(self.taken) :]
        if any(one.dtype != np.float64 or not one.ndim for one in parameters):
            return super().run(*arrays)
        if self._copy is None:
            fresh = [Value(np.array(array)) for array in arrays]
            self._copy = self.again(*fresh).record.layer, [value.data for value in fresh[len(self.taken) :]]  # type: ignore[union-attr]
        layer, targets = self._copy
        for target, parameter in zip(targets, parameters, strict=True):
            target[...] = parameter
        return self._forward(layer, arrays)[1]

    def answer(self, gy: Array) -> tuple[Array | None, ...]:
        """What the layer's ``backward`` returns, and then its parameters' gradients."""
        manner = self.manner or _manner(self)
        if self.is_loss and np.any(gy != 1):  # the last of all is handed a gradient of 1, and need not look at it
            return tuple(None if one is None else one * gy for one in self.answer(np.ones(np.shape(gy))))
        handed: list[Any] = []
        for kind, item in manner:
            if kind == "gy":
                handed.append(np.array(gy) if np.ndim(gy) else np.asarray(gy)[()])
            elif kind == "argument":
                handed.append(self.values[item])
            elif kind == "attribute":
                handed.append(getattr(self.layer, item))
            else:
                handed.append(self.output if kind == "output" else item)
        for parameter in self.parameters:  # a layer may add to what is there
            gradient = get(self.layer, parameter.gradient)
            if isinstance(gradient, np.ndarray) and gradient.flags.writeable:
                gradient[...] = 0
        answers = self._gathered(getattr(self.layer, self.methods[1])(*handed))
        if any(kind == "gy" for kind, _ in manner):
            return answers
        return tuple(None if one is None else one * gy for one in answers)  # a loss that is handed no gradient

    @property
    def is_loss(self) -> bool:
        """Whether it makes one number of many."""
        return np.size(self.output) == 1 and any(value.data.size > 1 for value in self.inputs[: len(self.taken)])

    def codes(self) -> Iterable[CodeType]:
        """The code of the layer's ``backward``."""
        code = code_of(self.layer, self.methods[1])
        return () if code is None else (code,)

    def known_by(self) -> Iterable[Hashable]:
        """The layer."""
        return (id(self.layer),)

    def given(self, frame: FrameType) -> Any:
        """The gradient among what ``backward`` was given; ones where it is given none."""
        _, values, _ = arguments_of_call(frame, 1)
        arguments = [*self.values, *(value.data for value in self.inputs[: len(self.taken)])]
        held = getattr(self.layer, "__dict__", {})
        place = places_of_gradient(values, [*arguments, *held.values(), self.output], self.output)
        if self.live:
            self.manner = tuple(self._kind(n, n == place, value) for n, value in enumerate(values))
            if accumulated(frame.f_code):
                for value, parameter in zip(self.inputs[len(self.taken) :], self.parameters, strict=True):
                    now = get(self.layer, parameter.gradient)
                    value.grad = np.array(now) if is_number(now) and np.any(now) else value.grad
        adding = accumulated(frame.f_code)
        self._before = [_array(get(self.layer, one.gradient)) if adding else None for one in self.parameters]
        if place is None:
            return np.ones(np.shape(self.output))
        return values[place]

    def _kind(self, place: int, is_gradient: bool, value: Any) -> tuple[str, Any]:
        if is_gradient:
            return "gy", None
        taken = dict(zip(self.taken, self.inputs, strict=False))
        for number, item in enumerate(self.values):
            there = self.originals.get(number) if number in taken else item
            if there is value and not isinstance(value, int | float):
                return "argument", number
        if value is self.output:
            return "output", None
        held = getattr(self.layer, "__dict__", {})
        named = next((name for name, item in held.items() if item is value and isinstance(item, np.ndarray)), None)
        return ("attribute", named) if named is not None else ("constant", value)

    @property
    def originals(self) -> Mapping[int, Any]:
        """The live arrays that went in, by their place among the arguments."""
        return {place: value.source for place, value in zip(self.taken, self.inputs, strict=False)}

    def answered(self, returned: Any) -> tuple[Array | None, ...]:
        """The same of a call that passed. What the reader's own code left is what stands in the parameters."""
        found = list(self._gathered(returned))
        for number, (parameter, before) in enumerate(zip(self.parameters, self._before, strict=False), len(self.taken)):
            now = found[number]
            if now is not None and before is not None and now.shape == before.shape:
                found[number] = now - before
            if self.live:
                left = _array(get(self.layer, parameter.gradient))
                self.inputs[number].grad = left
        if self.live:
            for value, gx in zip(self.inputs[: len(self.taken)], found, strict=False):
                value.add(gx)
        return tuple(found)

    def _gathered(self, returned: Any) -> tuple[Array | None, ...]:
        names = [self.names[place] for place in self.taken]
        if returned is None:
            held = getattr(self.layer, "__dict__", {})
            first = next((held[name] for name in _GRADIENTS if name in held), None)
            answers = [_array(held.get(f"d{name}", first)) for name in names]
        else:
            answers = gradients_among(returned, names)
        answers = [answers[n] if n < len(answers) else None for n in range(len(names))]
        return (*answers, *(_array(get(self.layer, one.gradient)) for one in self.parameters))


def _manner(call: LayerCall) -> tuple[tuple[str, Any], ...]:
    """How a ``backward`` that was never called is to be called, by the names of its parameters."""
    try:
        parameters = list(inspect.signature(getattr(call.layer, call.methods[1])).parameters.values())
    except (TypeError, ValueError):
        return (("gy", None),)
    named = [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    by_name = {name: n for n, name in enumerate(call.names)}
    if len(named) > 1 and all(name in by_name for name in named):
        return tuple(("argument", by_name[name]) for name in named)
    found: list[tuple[str, Any]] = []
    for number, one in enumerate(parameters[: len(named)]):
        if number == 0:
            found.append(("gy", None))
        elif one.name in by_name:
            found.append(("argument", by_name[one.name]))
        elif one.default is one.empty:
            raise NotImplementedError(call.methods[1])
    return tuple(found)


def get_output(layer: Any) -> Any:
    """The output that a ``forward`` without a result leaves on its layer."""
    held = getattr(layer, "__dict__", {})
    return next((held[name] for name in _OUTPUTS if is_number(held.get(name))), None)


def copied(item: Any, kept: dict[int, Any]) -> Any:
    """A deep copy, with other objects for those whose ``id`` is in ``kept``."""
    try:
        return copy.deepcopy(item, dict(kept))
    except Exception:  # something in it that cannot be copied
        return copy.copy(item)


def plain(array: Array) -> Any:
    """The array; a number where it has no axes, as it was handed."""
    return array if array.ndim else array[()]


def _array(item: Any) -> Array | None:
    return np.array(item) if is_number(item) else None
