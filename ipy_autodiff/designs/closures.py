"""Values that keep a closure: called without arguments, or with the gradient, it gives to the values it closed over.

As in ``out._backward = _backward``. The closure's cells hold what its maker was given, so such a graph can be read
when nobody watched it being built.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any

from ipy_autodiff.designs.makers import MakerDesign, given_to, number_like
from ipy_autodiff.designs.making import Found, made_from
from ipy_autodiff.designs.reading import GRADIENT, array_of, attributes_of, data_of, is_variable

__all__ = ["Closures"]


class Closures(MakerDesign):
    """A value's attribute is a function with something closed over, or that takes the gradient."""

    def record(self, value: Any) -> FunctionType | None:
        """The closure."""
        name = _name(value)
        return None if name is None else attributes_of(value)[name]

    def codes(self, record: FunctionType) -> Iterable[CodeType]:
        """The closure's code."""
        return (record.__code__,)

    def keys(self, value: Any, record: FunctionType) -> Iterable[Hashable]:
        """Its code and what it closed over: closures of one operator share their code."""
        return ((id(record.__code__), *(id(_content(cell)) for cell in record.__closure__ or ())),)

    def keys_of(self, frame: FrameType) -> Iterable[Hashable]:
        """The same of a closure at work."""
        held = frame.f_locals
        return ((id(frame.f_code), *(id(held.get(name)) for name in frame.f_code.co_freevars)),)

    def ask(self, output: Any, inputs: Sequence[Any], gy: Any) -> tuple[Any, ...]:
        """Call it and see what the inputs' gradients became, or what it returned."""
        closure = self.record(output)
        if closure is None:
            raise NotImplementedError("backward")
        if closure.__code__.co_argcount:
            answer = closure(number_like(gy, data_of(output)))
            if answer is not None:
                answers = answer if isinstance(answer, list | tuple) else (answer,)
                return given_to(inputs, _listed_parents(output) or inputs, answers)
        else:
            GRADIENT.write(output, number_like(gy, data_of(output)))
            closure()
        return tuple(array_of(GRADIENT.read(one)) for one in inputs)

    def unwatched(self, value: Any, record: FunctionType) -> Found | None:
        """The maker has the closure's code among its constants; the cells hold its arguments."""
        held = dict(zip(record.__code__.co_freevars, map(_content, record.__closure__ or ()), strict=True))
        maker = next((code for code in _codes(value, record) if record.__code__ in code.co_consts), None)
        return None if maker is None else made_from(maker, record.__globals__, held, value, self.parents(value, record))


def _name(value: Any) -> str | None:
    for name, item in attributes_of(value).items():
        if type(item) is FunctionType and (item.__closure__ is not None or item.__code__.co_argcount):
            return name
    return None


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not set yet
        return None


def _listed_parents(value: Any) -> list[Any]:
    """The parents as they are listed, one that went in twice standing there twice."""
    for item in attributes_of(value).values():
        if isinstance(item, list | tuple) and item and all(map(is_variable, item)):
            return list(item)
    return []


def _codes(value: Any, record: FunctionType) -> Iterable[CodeType]:
    for kind in type(value).__mro__[:-1]:
        for item in vars(kind).values():
            code = getattr(getattr(item, "__func__", item), "__code__", None)
            if code is not None:
                yield code
    for item in record.__globals__.values():
        code = getattr(item, "__code__", None)
        if isinstance(code, CodeType):
            yield code
