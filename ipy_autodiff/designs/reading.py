"""Reads the objects of any define-by-run engine: the one place that knows how their attributes may be spelled.

A Variable is an object with its array in ``.data`` and, from the book's step 7 on, the Function that made it in
``.creator``. A Function has ``forward``, perhaps ``backward``, and perhaps what went in and came out, as one object or
a list or tuple, as weak references or not. Nothing here calls a method of the student's, properties apart.
"""

from __future__ import annotations

import contextlib
import dis
import weakref
from collections.abc import Callable, Iterable
from types import CodeType, MemberDescriptorType
from typing import Any

import numpy as np

from ipy_autodiff.designs.nodes import Array

__all__ = [
    "CREATOR",
    "DATA",
    "GRADIENT",
    "INPUTS",
    "NAME",
    "OUTPUTS",
    "RULE",
    "Spelling",
    "array_of",
    "attributes_of",
    "backward_method",
    "class_name",
    "data_of",
    "dereferenced",
    "gradient_of",
    "inputs_of",
    "is_function",
    "is_variable",
    "kept",
    "listed",
]

_FOREIGN = ("numpy", "torch", "tensorflow", "jax", "pandas", "matplotlib", "IPython", "ipywidgets", "traitlets")
_PYTHON_CLASS = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that a class statement made
_CLASSES = 500  # how many classes are remembered as read
_SWEEPS = ("backward", "backprop", "back_prop", "역전파")
_SHORT = 32  # bytes of code that a body without statements does not exceed, whatever the Python
_SMALL = 8 * 2**20  # bytes up to which an array is copied as it passes


class Spelling:
    """One attribute under the names that engines give it; the first that an object has is meant."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self._of: dict[type, str] = {}
        self._set_by: dict[type, tuple[str, ...]] = {}
        self._present: dict[type, tuple[str, ...]] = {}

    def name(self, candidate: Any) -> str | None:
        """The name under which this object has the attribute, or None."""
        return self.find(candidate)[0]

    def read(self, candidate: Any, default: Any = None) -> Any:
        """The attribute's value; a property that raises counts as not there."""
        known = self._of.get(type(candidate))
        if known is not None:
            try:
                return getattr(candidate, known)
            except Exception:  # not set on this one yet, or a student's property
                pass
        name, value = self.find(candidate)
        return default if name is None else value

    def write(self, candidate: Any, value: Any) -> bool:
        """Set the attribute under each name that the object has and lets be set; False where there is none."""
        kind = type(candidate)
        known = self._set_by.get(kind)
        if known is not None:
            try:
                for name in known:
                    setattr(candidate, name, value)
            except Exception:  # a student's setter that does not like this value
                pass
            else:
                return True
        done = []
        for name in self.names:
            try:
                getattr(candidate, name)
                setattr(candidate, name, value)
            except Exception:  # not there, a property without a setter, a student's setter
                continue
            done.append(name)
        if done:
            self._set_by[kind] = tuple(done)
        return bool(done)

    def present(self, candidate: Any) -> tuple[str, ...]:
        """All names under which this object, or another of its class before, has the attribute."""
        kind = type(candidate)
        known = self._present.get(kind)
        if known is None:
            known = tuple(name for name in self.names if Spelling(name).name(candidate) is not None)
            if known:
                self._present[kind] = known
        return known

    def find(self, candidate: Any) -> tuple[str | None, Any]:
        """The name under which this object has the attribute, and its value."""
        for name in self.names:
            if not _has(candidate, name):
                continue
            try:
                value = getattr(candidate, name)
            except Exception:
                continue
            if len(self._of) > _CLASSES:
                self._of.clear()
                self._set_by.clear()
                self._present.clear()
            self._of[type(candidate)] = name
            return name, value
        return None, None


DATA = Spelling("data", "_data", "value", "_value", "val", "cached_data")
GRADIENT = Spelling("grad", "_grad", "gradient", "_gradient", "derivative")
CREATOR = Spelling("creator", "_creator", "creator_", "_creator_", "func", "creater", "_Variable__creator")
INPUTS = Spelling("inputs", "input", "inputs_", "input_", "_inputs", "_input", "_Function__inputs", "_Function__input")
OUTPUTS = Spelling(
    "outputs", "output", "outputs_", "output_", "_outputs", "_output", "_Function__outputs", "_Function__output"
)
NAME = Spelling("name", "_name", "label")
RULE = Spelling("gradient_rule")  # what backward computes, as mathematics, where a Function says it: "gx = gy · 2x"

_variables: dict[type, bool] = {}
_functions: dict[type, bool] = {}


def is_variable(candidate: Any) -> bool:
    """Whether this is a Variable of some engine: data in a box, and a sign that it is one for differentiation."""
    kind = type(candidate)
    return kind in _variables or _looks_like(candidate, kind, _as_variable, _variables)


def is_function(candidate: Any) -> bool:
    """Whether this is a Function of some engine: an instance with a ``forward`` method."""
    kind = type(candidate)
    return kind in _functions or _looks_like(candidate, kind, _as_function, _functions)


def _looks_like(candidate: Any, kind: type, test: Callable[[Any, type], bool], known: dict[type, bool]) -> bool:
    if _foreign(kind) or issubclass(kind, type) or not test(candidate, kind):
        return False
    if len(known) > _CLASSES:
        known.clear()
    known[kind] = True
    return True


def _as_variable(candidate: Any, kind: type) -> bool:
    if DATA.name(candidate) is None or callable(getattr(kind, "forward", None)):
        return False
    if CREATOR.name(candidate) or GRADIENT.name(candidate) or hasattr(kind, "set_creator"):
        return True
    return any(word in _class_name.__get__(kind).lower() for word in ("variable", "tensor", "변수"))


def _as_function(candidate: Any, kind: type) -> bool:
    if callable(getattr(kind, "forward", None)) or callable(attributes_of(candidate).get("forward")):
        return True
    # One that computes within its __call__ is a Function as well.
    called = any("__call__" in vars(base) for base in kind.__mro__)
    return called and callable(getattr(kind, "backward", None)) and DATA.name(candidate) is None


_class_name = type.__dict__["__name__"]


def class_name(item: Any) -> str:
    """The name of this object's class, whatever a metaclass of the student's makes of it."""
    return str(_class_name.__get__(type(item)))


def _has(candidate: Any, name: str) -> bool:
    """Whether the object or its class has the attribute, without asking a ``__getattr__`` of the student's."""
    try:
        if name in object.__getattribute__(candidate, "__dict__"):
            return True
    except AttributeError:
        pass
    return any(name in vars(kind) for kind in type(candidate).__mro__)


def _foreign(kind: type) -> bool:
    if not kind.__flags__ & _PYTHON_CLASS:
        return True
    return any(str(base.__module__).partition(".")[0] in _FOREIGN for base in kind.__mro__[:-1])


def attributes_of(item: Any) -> dict[str, Any]:
    """An object's own attributes, in slots or not, without asking a property of the student's."""
    try:
        held = object.__getattribute__(item, "__dict__")
    except AttributeError:
        held = None
    found = dict(held) if type(held) is dict else {}
    for name, slot in _slots_of(type(item)):
        with contextlib.suppress(AttributeError):  # not set
            found.setdefault(name, slot.__get__(item))
    return found


_slots: dict[type, tuple[tuple[str, MemberDescriptorType], ...]] = {}


def _slots_of(kind: type) -> tuple[tuple[str, MemberDescriptorType], ...]:
    known = _slots.get(kind)
    if known is None:
        if len(_slots) > _CLASSES:
            _slots.clear()
        classes = [base for base in kind.__mro__ if base.__flags__ & _PYTHON_CLASS]
        slots = [(name, slot) for base in classes for name, slot in vars(base).items()]
        known = tuple((name, slot) for name, slot in slots if type(slot) is MemberDescriptorType)
        _slots[kind] = known
    return known


def listed(value: Any) -> tuple[Any, ...]:
    """What was saved as one object, a list or a tuple, perhaps as weak references, as a tuple of live objects.

    A weak reference whose object is gone is left out.
    """
    if value is None:
        return ()
    items: Iterable[Any] = value if isinstance(value, list | tuple) else (value,)
    live = (dereferenced(item) for item in items)
    return tuple(item for item in live if item is not None)


def inputs_of(function: Any) -> tuple[Any, ...]:
    """What a Function saved as its inputs: under a usual name, else all Variables that it holds and did not make."""
    saved = INPUTS.read(function)
    if saved is not None:
        return listed(saved)
    found: list[Any] = []
    for name, item in attributes_of(function).items():
        if name in OUTPUTS.names or item is None:
            continue
        items = item.values() if type(item) is dict else listed(item)
        found += [one for one in items if is_variable(one) and CREATOR.read(one) is not function]
    return tuple(found)


def dereferenced(item: Any) -> Any:
    """The object behind a weak reference (None when it is gone); anything else as it is."""
    return item() if isinstance(item, weakref.ReferenceType) else item


def data_of(variable: Any) -> Any:
    """What stands in the Variable's box; the array behind it where that is another Variable made for the purpose."""
    data = DATA.read(variable)
    return attributes_of(variable).get("cached_data", data) if type(data) is type(variable) else data


def gradient_of(variable: Any) -> Array | None:
    """A copy of the Variable's gradient as an ndarray, whatever it is kept in; None where there is none."""
    return kept(array_of(GRADIENT.read(variable)))


def array_of(value: Any) -> Array | None:
    """A number, an ndarray or a Variable around one, as an ndarray; None for anything else."""
    if isinstance(value, np.ndarray):
        return value
    if value is None:
        return None
    if isinstance(value, bool | int | float | complex | np.generic):
        return np.asarray(value)
    if is_variable(value):
        inner = data_of(value)
        return None if inner is value or is_variable(inner) else array_of(inner)
    if isinstance(value, list | tuple):
        try:
            array = np.asarray(value)
        except (ValueError, TypeError):
            return None
        return None if array.dtype == object else array
    return None


def kept(array: Array | None) -> Array | None:
    """The array as it is now: a copy, or the array itself where it is too large to be copied each time it passes."""
    if array is None or array.nbytes > _SMALL:
        return array
    copy = np.array(array)  # a plain ndarray, whatever subclass the student uses
    copy.flags.writeable = False
    return copy


def backward_method(candidate: Any) -> Callable[..., Any] | None:
    """The method that sweeps back from a Variable, or that a Function answers with.

    It is called ``backward``, or else something like it; None where there is none.
    """
    method: Any = getattr(candidate, "backward", None)
    if callable(method) and not _unwritten(method):
        return method  # type: ignore[no-any-return]
    for name in dir(type(candidate)):
        if name.lower().startswith(_SWEEPS):
            method = getattr(candidate, name, None)
            if callable(method) and not _unwritten(method):
                return method  # type: ignore[no-any-return]
    return None


def _unwritten(method: Any) -> bool:
    """Whether the method's body is only ``raise NotImplementedError`` or ``pass``: a place that is kept for it."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    if code is None:
        return False
    if code.co_names == ("NotImplementedError",):
        return True
    return len(code.co_code) <= _SHORT and _instructions(code) == _instructions(_empty.__code__)


def _empty(self: Any, gy: Any) -> None:
    pass


def _instructions(code: CodeType) -> list[tuple[str, Any]]:
    """What the code does, without what only tracing, closures and the interpreter's caches need."""
    found = ((instruction.opname, instruction.argval) for instruction in dis.get_instructions(code))
    return [one for one in found if one[0] not in ("NOP", "RESUME", "COPY_FREE_VARS", "CACHE")]
