"""Values that keep a closure: called without arguments, or with the gradient, it gives to the values it closed over.

As in ``out._backward = _backward``. The closure's cells hold what its maker was given, so such a graph can be read
when nobody watched it being built.
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Iterable, Iterator, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from ipy_autodiff.designs.makers import MakerDesign, given_to, number_like
from ipy_autodiff.designs.making import Found, made_from
from ipy_autodiff.designs.reading import GRADIENT, array_of, attributes_of, data_of, is_variable

__all__ = ["Closures"]

_MARK = 0.7071
"""A gradient that stands in the inputs already, to see whether a closure adds to it."""


class _NotStored:
    """Stands for the closure of a value that has parents and keeps no closure of its own."""

    __slots__ = ("__weakref__",)


class Closures(MakerDesign):
    """A value's attribute is a function with something closed over, or that takes the gradient.

    Under which name is seen from the first value of a class that has one; so a value that has parents and no closure
    is known for one whose closure was not stored.
    """

    def __init__(self) -> None:
        self._names: dict[type, str] = {}
        self._listing: dict[type, str] = {}
        """The attribute in which the values of a class list their parents."""
        self._not_stored: dict[int, tuple[Any, _NotStored]] = {}

    def record(self, value: Any) -> FunctionType | _NotStored | None:
        """The closure; what stands for it where a computed value keeps none."""
        kind, held = type(value), attributes_of(value)
        closure: FunctionType | None = held.get(self._names.get(kind, ""))
        if not _closes(closure):
            name = next((name for name, item in held.items() if _closes(item)), None)
            closure = None if name is None else held[name]
            if name is not None and kind not in self._names:
                self._names[kind] = name
        if closure is not None and not self._is_of_another(closure, value):
            return closure
        if kind not in self._names and not any(type(item) is FunctionType for item in held.values()):
            return None
        if kind in self._listing and not held.get(self._listing[kind]):  # most leaves
            return None
        return self._missing(value) if self.parents(value, None) else None

    def _is_of_another(self, closure: FunctionType, value: Any) -> bool:
        """Whether it gives to this value what another one, made from it, was given."""
        cells = [_content(cell) for cell in closure.__closure__ or ()]
        if any(item is value for item in cells):
            return False
        return any(one is value for item in cells if is_variable(item) for one in self.parents(item, None))

    def _missing(self, value: Any) -> _NotStored | None:
        key = id(value)
        if key not in self._not_stored:
            try:
                reference = weakref.ref(value, lambda _: self._not_stored.pop(key, None))
            except TypeError:  # slots without room for one
                return None
            self._not_stored[key] = reference, _NotStored()
        return self._not_stored[key][1]

    def parents(self, value: Any, record: Any) -> list[Any]:
        """The values that it lists."""
        kind = type(value)
        if kind in self._listing:
            items = attributes_of(value).get(self._listing[kind], ())
            if type(items) in (set, frozenset):
                return [one for one in items if one is not value and is_variable(one)]
        found = super().parents(value, record)
        if found and kind not in self._listing:
            listing = (name for name, item in attributes_of(value).items() if any(_listed(item)))
            name = next(listing, None)
            if name is not None:
                self._listing[kind] = name
        return found

    def where(self, value: Any, record: Any) -> str:
        """The attribute that keeps the closure, or that lists the parents where there is none."""
        name = super().where(value, record)
        return name or next((name for name, item in attributes_of(value).items() if any(_listed(item))), "")

    def codes(self, record: FunctionType | _NotStored) -> Iterable[CodeType]:
        """The closure's code."""
        return () if isinstance(record, _NotStored) else (record.__code__,)

    def keys(self, value: Any, record: FunctionType | _NotStored) -> Iterable[Hashable]:
        """Its code and what it closed over: closures of one operator share their code."""
        if isinstance(record, _NotStored):
            return ()
        return ((id(record.__code__), *(id(_content(cell)) for cell in record.__closure__ or ())),)

    def keys_of(self, frame: FrameType) -> Iterable[Hashable]:
        """The same of a closure at work."""
        held = frame.f_locals
        return ((id(frame.f_code), *(id(held.get(name)) for name in frame.f_code.co_freevars)),)

    def ask(self, output: Any, inputs: Sequence[Any], gy: Any) -> tuple[Any, ...]:
        """Call it and see what the inputs' gradients became, or what it returned."""
        closure = self.record(output)
        if closure is None or isinstance(closure, _NotStored):
            return (None,) * len(inputs)
        if closure.__code__.co_argcount:
            answer = closure(number_like(gy, data_of(output)))
            if answer is not None:
                answers = answer if isinstance(answer, list | tuple) else (answer,)
                return given_to(inputs, _listed_parents(output) or inputs, answers)
        else:
            GRADIENT.write(output, number_like(gy, data_of(output)))
            closure()
        return tuple(array_of(GRADIENT.read(one)) for one in inputs)

    def omissions(
        self, output: Any, inputs: Sequence[Any], gy: Any, answer: Sequence[Any]
    ) -> Iterator[tuple[str, int | None]]:
        """No closure stored, a parent not listed, a gradient that replaces another or is made of itself."""
        record = self.record(output)
        if record is None or isinstance(record, _NotStored):
            yield "closure-not-stored", None
            return
        parents = self.parents(output, record)
        for place, (one, gx) in enumerate(zip(inputs, answer, strict=False)):
            given = array_of(gx)
            listed = type(output) not in self._listing or any(one is parent for parent in parents)
            if given is not None and np.any(given) and not listed:
                yield "parent-forgotten", place
        if record.__code__.co_argcount == 0:
            yield from self._not_added(output, inputs, gy, answer)

    def _not_added(
        self, output: Any, inputs: Sequence[Any], gy: Any, answer: Sequence[Any]
    ) -> Iterator[tuple[str, int | None]]:
        for one in inputs:
            GRADIENT.write(one, number_like(np.full(np.shape(data_of(one)), _MARK), data_of(one)))
        after = self.ask(output, inputs, gy)
        for place, (before, now) in enumerate(zip(map(array_of, answer), after, strict=True)):
            if before is None or now is None or before.shape != now.shape or np.allclose(now, before + _MARK):
                continue
            if np.allclose(now, before):
                yield "gradient-replaced", place
            elif not np.any(before):
                yield "own-gradient-used", place

    def unwatched(self, value: Any, record: FunctionType | _NotStored) -> Found | None:
        """The maker has the closure's code among its constants; the cells hold its arguments."""
        if isinstance(record, _NotStored):
            return None
        held = dict(zip(record.__code__.co_freevars, map(_content, record.__closure__ or ()), strict=True))
        maker = next((code for code in _codes(value, record) if record.__code__ in code.co_consts), None)
        return None if maker is None else made_from(maker, record.__globals__, held, value, self.parents(value, record))


def _closes(item: Any) -> bool:
    return type(item) is FunctionType and (item.__closure__ is not None or item.__code__.co_argcount > 0)


def _listed(item: Any) -> Iterator[Any]:
    return (one for one in item if is_variable(one)) if isinstance(item, list | tuple | set | frozenset) else iter(())


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
