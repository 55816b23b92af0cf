"""Values that keep the operation that made them, or its context: an object that is asked with the gradient.

Its ``backward``, ``apply`` or ``gradient`` answers; or that of a class which it names beside a context.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ipy_autodiff.designs.makers import MakerDesign, given_to, number_like, values_in
from ipy_autodiff.designs.reading import CREATOR, DATA, GRADIENT, array_of, attributes_of, data_of, is_variable

__all__ = ["Operations"]

_METHODS = ("gradient", "backward", "_backward", "apply")
_OUTPUTS = ("outputs", "output", "next_functions")


class _Asked(NamedTuple):
    """How an operation is asked: its method, what is handed before the gradient, and whether the output comes last."""

    method: Any
    before: tuple[Any, ...]
    with_output: bool


class Operations(MakerDesign):
    """A value's attribute is an object with a ``backward``, or that names a class which has one."""

    def __init__(self) -> None:
        self._boxed: dict[int, bool] = {}

    def record(self, value: Any) -> Any:
        """The operation, or the context that stands for it."""
        for name, item in attributes_of(value).items():
            if name in DATA.names or name in GRADIENT.names or item is None or is_variable(item):
                continue
            if _asked(item) is not None and not self._adds_up(value, item):
                return item
        return None

    def _adds_up(self, value: Any, record: Any) -> bool:
        """Whether it only puts gradients into the value that keeps it, which is a leaf."""
        held = [item for name, item in attributes_of(record).items() if name not in _OUTPUTS]
        return any(item is value for item in held) and not self.parents(value, record)

    def codes(self, record: Any) -> Iterable[CodeType]:
        """The code of its method."""
        asked = _asked(record)
        code = getattr(getattr(asked.method, "__func__", asked.method), "__code__", None) if asked else None
        return () if code is None else (code,)

    def keys(self, value: Any, record: Any) -> Iterable[Hashable]:
        """The operation itself and the context; the value, where one operation serves many."""
        asked = _asked(record)
        assert asked is not None
        if asked.with_output:
            yield ("value", id(value))
        else:
            yield ("record", id(asked.before[0] if asked.before else record))

    def keys_of(self, frame: FrameType) -> Iterable[Hashable]:
        """What the frame was given first, and what it was given last."""
        code, held = frame.f_code, frame.f_locals
        given = [held.get(name) for name in code.co_varnames[: code.co_argcount]]
        if given:
            yield ("record", id(given[0]))
            yield ("value", id(given[-1]))

    def ask(self, output: Any, inputs: Sequence[Any], gy: Any) -> tuple[Any, ...]:
        """Call its method with the gradient: as a number or an array, or in a value where that is what it takes."""
        record = self.record(output)
        asked = None if record is None else _asked(record)
        if asked is None:
            raise NotImplementedError("backward")
        gradient = number_like(gy, data_of(output))
        answer = self._answer(asked, output, gradient)
        answers = answer if isinstance(answer, list | tuple) else (answer,)
        owners = _owners(output, record)
        if all(isinstance(one, tuple) and len(one) == 2 and is_variable(one[0]) for one in answers) and answers:
            owners, answers = [one[0] for one in answers], [one[1] for one in answers]
        if len(owners) != len(answers):
            owners = list(inputs)
        return given_to(inputs, owners, [array_of(one) if is_variable(one) else one for one in answers])

    def _answer(self, asked: _Asked, output: Any, gradient: Any) -> Any:
        code = getattr(getattr(asked.method, "__func__", asked.method), "__code__", None)
        last = (output,) if asked.with_output else ()
        boxed = self._boxed.get(id(code), asked.with_output)
        first: Exception | None = None
        for as_value in (boxed, not boxed):
            given = type(output)(gradient) if as_value else gradient
            try:
                answer = asked.method(*asked.before, given, *last)
            except (AttributeError, TypeError, AssertionError) as error:  # it may take the other kind
                first = first or error
                continue
            self._boxed[id(code)] = as_value
            return answer
        assert first is not None
        raise first

    def label(self, value: Any, record: Any, maker: str) -> str:
        """The operation's class, or the one that its context names."""
        named = super().label(value, record, "")
        if named:
            return named
        kind = next(iter(_classes(record)), None)
        if kind is None and any(callable(getattr(type(record), name, None)) for name in _METHODS):
            kind = type(record)
        name = maker if kind is None else kind.__name__
        return name.removesuffix("Backward") or name


def _asked(record: Any) -> _Asked | None:
    held = attributes_of(record)
    if not held and not hasattr(type(record), "gradient") and not hasattr(type(record), "backward"):
        return None
    if isinstance(record, list | tuple | dict | set) and not hasattr(record, "_fields"):
        return None
    kind = type(record)
    if callable(getattr(kind, "gradient", None)) and callable(getattr(kind, "compute", None)):
        return _Asked(record.gradient, (), True)
    for named in _classes(record):
        method = _method_of(named)
        if method is not None:
            context = next((item for name, item in held.items() if "ctx" in name or "context" in name), record)
            return _Asked(method, (context,), False)
    if callable(getattr(kind, "apply", None)) and not callable(getattr(kind, "forward", None)):
        return _Asked(record.apply, (), False)
    for name in ("backward", "_backward"):
        static = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)
        if static is not None:
            method = getattr(record, name)
            return _Asked(method, (record,) if isinstance(static, staticmethod) else (), False)
    return None


def _classes(record: Any) -> list[type]:
    return [item for item in attributes_of(record).values() if isinstance(item, type) and _method_of(item)]


def _method_of(kind: type) -> Callable[..., Any] | None:
    return next((method for name in ("backward", "_backward") if callable(method := getattr(kind, name, None))), None)


def _owners(output: Any, record: Any) -> list[Any]:
    """The values that the answers belong to, in order: as the operation, its context or the output lists them."""
    for holder in (record, output):
        for name, item in attributes_of(holder).items():
            if name in _OUTPUTS or name in CREATOR.names or name == "saved_tensors":
                continue
            if isinstance(item, list | tuple) and item and all(map(is_variable, item)):
                return list(item)
    return [value for item in attributes_of(record).values() for value in values_in(item) if value is not output]
