"""Pairs of functions over bare arrays: one goes forward and gives a cache, the other takes it backward.

As ``out, cache = affine_forward(x, w, b)`` and ``dx, dw, db = affine_backward(dout, cache)``. A loss that gives its
gradient along, as ``loss, dx = softmax_loss(x, y)``, is a pair by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.arguments import arguments_of_call, gradients_among, places_of_gradient
from ipy_autodiff.designs.arrays.layers import copied, plain
from ipy_autodiff.designs.arrays.values import Record, Value, kind_of, made_of
from ipy_autodiff.designs.nodes import Array

__all__ = ["LossCall", "PairCall", "partner_of"]

_PARTNERS = (("forward", "backward"), ("fwd", "bwd"), ("fprop", "bprop"))


def partner_of(name: str, names: Mapping[str, Any]) -> str | None:
    """The function that goes backward for the one of this name; None where there is none among ``names``."""
    wanted = [name.replace(one, other) for one, other in _PARTNERS if one in name]
    wanted += [] if "backward" in name else [f"{name}_backward", f"backward_{name}", f"{name}_backwards"]
    return next((other for other in wanted if type(names.get(other)) is FunctionType), None)


def shortened(name: str) -> str:
    """What the two are about: ``affine`` of ``affine_forward``."""
    for one, _ in _PARTNERS:
        name = name.replace(f"_{one}", "").replace(f"{one}_", "")
    return name


class PairCall(Record):
    """One call of a function that goes forward, beside the one that goes backward."""

    live = False

    def __init__(
        self,
        functions: tuple[Callable[..., Any], Callable[..., Any]],
        arguments: tuple[list[str], list[Any], dict[str, Any]],
        taken: Sequence[int],
        inputs: Sequence[Value],
        returned: Any,
    ) -> None:
        self.functions = functions
        self.names, values, self.keywords = arguments
        self.taken = tuple(taken)
        self.values = [None if place in self.taken else value for place, value in enumerate(values)]
        self.inputs = tuple(inputs)
        self.output, self.cache = split(returned)
        self.manner: tuple[tuple[str, Any], ...] | None = None

    @classmethod
    def of(cls, functions: tuple[Any, Any], *rest: Any) -> PairCall:
        """The call, of a class that is named after the pair."""
        return kind_of(cls, shortened(functions[0].__name__), {})(functions, *rest)  # type: ignore[no-any-return]

    @property
    def label(self) -> str:
        """The pair's name."""
        return shortened(self.functions[0].__name__)

    @property
    def user(self) -> Any:
        """The user's own function."""
        return self.functions[0]

    def again(self, *values: Value) -> Value:
        """The output for these arrays, with the cache that belongs to it."""
        arguments, returned = self._forward([value.data for value in values])
        rest = (self.names, arguments, self.keywords)
        call = type(self)(self.functions, rest, self.taken, values, returned)
        call.values, call.manner = arguments, self.manner
        return made_of(call, call.output)

    def _forward(self, arrays: Sequence[Array]) -> tuple[list[Any], Any]:
        given = iter(arrays)
        arguments = [plain(next(given)) if n in self.taken else copied(v, {}) for n, v in enumerate(self.values)]
        return arguments, self.functions[0](*arguments, **copied(self.keywords, {}))

    def run(self, *arrays: Array) -> Any:
        """The output."""
        return split(self._forward(arrays)[1])[0]

    def answer(self, gy: Array) -> tuple[Array | None, ...]:
        """What the function that goes backward returns."""
        manner = self.manner or self._manner()
        handed = []
        for kind, item in manner:
            if kind == "gy":
                handed.append(np.array(gy) if np.ndim(gy) else np.asarray(gy)[()])
            elif kind == "argument":
                handed.append(self.values[item])
            else:
                handed.append({"cache": self.cache, "output": self.output}.get(kind, item))
        return self.answered(self.functions[1](*handed))

    def _manner(self) -> tuple[tuple[str, Any], ...]:
        names = list(inspect.signature(self.functions[1]).parameters)
        by_name = {name: n for n, name in enumerate(self.names)}
        rest = [("argument", by_name[name]) if name in by_name else ("cache", None) for name in names[1:]]
        return (("gy", None), *rest)

    def codes(self) -> Iterable[CodeType]:
        """The code of the function that goes backward."""
        code = getattr(self.functions[1], "__code__", None)
        return () if code is None else (code,)

    def known_by(self) -> Iterable[Hashable]:
        """Its cache; where there is none, the arrays themselves."""
        code = id(getattr(self.functions[1], "__code__", None))
        arrays = [value.source for value in self.inputs] if self.live else self.values
        known = [self.cache] if self.cache is not None else []
        known += [self.output, *(item for item in arrays if isinstance(item, np.ndarray))]
        return [(code, id(item)) for item in known]

    def given(self, frame: FrameType) -> Any:
        """The gradient among what it was given."""
        _, values, _ = arguments_of_call(frame, 0)
        sources = dict(zip(self.taken, (value.source for value in self.inputs), strict=False))
        arguments = [sources.get(n, item) for n, item in enumerate(self.values)]
        place = places_of_gradient(values, [*arguments, self.cache, self.output], self.output)
        manner: list[tuple[str, Any]] = []
        for number, value in enumerate(values):
            same = next((n for n, item in enumerate(arguments) if item is value), None)
            if number == place:
                manner.append(("gy", None))
            elif value is self.cache:
                manner.append(("cache", None))
            elif value is self.output:
                manner.append(("output", None))
            else:
                manner.append(("constant", value) if same is None else ("argument", same))
        if self.live:
            self.manner = tuple(manner)
        return None if place is None else values[place]

    def answered(self, returned: Any) -> tuple[Array | None, ...]:
        """The gradient for each input."""
        found = gradients_among(returned, [self.names[place] for place in self.taken])
        answers = tuple(found[n] if n < len(found) else None for n in range(len(self.taken)))
        if self.live:
            for value, gx in zip(self.inputs, answers, strict=False):
                value.add(gx)
        return answers


class LossCall(PairCall):
    """One call of a loss that returns its value and its gradient."""

    @property
    def gives_gradient(self) -> bool:
        """It does."""
        return True

    def answer(self, gy: Array) -> tuple[Array | None, ...]:
        """Its gradient, times that of the loss."""
        return tuple(None if one is None else one * gy for one in self._own())

    def _own(self) -> tuple[Array | None, ...]:
        found = gradients_among(self.cache, [self.names[place] for place in self.taken])
        return tuple(found[n] if n < len(found) else None for n in range(len(self.taken)))

    def codes(self) -> Iterable[CodeType]:
        """There is no other code than that which answers here."""
        return (LossCall.answer.__code__,)

    def known_by(self) -> Iterable[Hashable]:
        """The call itself."""
        return (id(self),)

    def given(self, frame: FrameType) -> Any:
        """The loss's own gradient."""
        return frame.f_locals.get("gy")

    def answered(self, returned: Any) -> tuple[Array | None, ...]:
        """What was answered here."""
        return tuple(returned)


def split(returned: Any) -> tuple[Any, Any]:
    """What a function that goes forward returned: its output and its cache."""
    if isinstance(returned, tuple) and len(returned) > 1:
        return returned[0], returned[1] if len(returned) == 2 else returned[1:]
    return returned, None
