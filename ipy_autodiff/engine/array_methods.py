# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"

"""Use a Variable as you would its array: operators, comparisons, indexing and the methods of ``ndarray``.

Comparisons give arrays of bool; ``==`` alone asks whether two Variables are the same one. What would change an array in
place raises, and so does what would let go of the graph without saying so, such as ``float(x)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.grad_mode import is_recording, reading
from ipy_autodiff.engine.numpy_protocols import plain
from ipy_autodiff.engine.operations import arithmetic, piecewise
from ipy_autodiff.engine.operations.indexing import get_item
from ipy_autodiff.engine.operations.linear_algebra.products import matmul
from ipy_autodiff.engine.operations.shapes import Reshape, Transpose, ravel
from ipy_autodiff.engine.variable import Variable

__all__: list[str] = []

_IN_PLACE = ("fill", "itemset", "partition", "put", "resize", "setfield", "setflags", "sort", "byteswap")
_PLAIN_METHODS = ("all", "any", "argmax", "argmin", "argsort", "argpartition", "nonzero", "searchsorted")


def _install(name: str, function: Any) -> None:
    setattr(Variable, name, function)


def _reflected(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def operator(self: Variable, other: Any) -> Any:
        return function(other, self)

    return operator


def _comparison(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    def compare(self: Variable, other: Any) -> Any:
        return ufunc(self._data, plain(other))

    return compare


for _symbol, _function in {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "pow": arithmetic.power,
    "matmul": matmul,
    "floordiv": piecewise.floor_divide,
    "mod": piecewise.remainder,
    "divmod": piecewise.divmod,
}.items():
    _install(f"__{_symbol}__", _function)
    _install(f"__r{_symbol}__", _reflected(_function))
for _symbol, _ufunc in {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}.items():
    _install(f"__{_symbol}__", _comparison(_ufunc))
_install("__neg__", arithmetic.negative)
_install("__pos__", arithmetic.positive)
_install("__abs__", piecewise.absolute)
_install("__round__", lambda self, ndigits=0: piecewise.round(self, ndigits))
_install("__getitem__", get_item)


def _reshape(self: Variable, *shape: Any, order: str = "C") -> Variable:
    """The same elements in another shape, given as numbers or as a tuple."""
    if order != "C":
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)
    return Reshape(shape[0] if len(shape) == 1 else shape).apply(self)


def _transpose(self: Variable, *axes: Any) -> Variable:
    """The axes in another order, given as numbers or as a tuple; reversed by default."""
    order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return np.transpose(self, order if order is None or len(order) else None)


def _iterate(self: Variable) -> Iterator[Variable]:
    if not self.ndim:
        raise explain(TypeError, "not_iterable")
    return (get_item(self, number) for number in range(len(self)))


def _set_item(self: Variable, index: Any, value: Any) -> None:
    raise explain(TypeError, "no_assignment")


def _contains(self: Variable, item: Any) -> bool:
    return bool(np.any(self._data == plain(item)))


def _as_number(kind: type) -> Callable[[Variable], Any]:
    def convert(self: Variable) -> Any:
        if is_recording():
            raise explain(TypeError, "no_conversion")
        return kind(self._data)

    return convert


def _as_array(self: Variable, dtype: Any = None, copy: Any = None) -> Any:
    if is_recording():
        raise explain(TypeError, "no_array")
    return np.array(self._data, dtype) if copy or dtype is not None else np.asarray(self._data)


def _format(self: Variable, specification: str) -> str:
    return format(self._data[()], specification) if specification else repr(self)


def _item(self: Variable, *index: Any) -> Any:
    """The only element, or the one at ``index``, as a Python number, out of the graph."""
    reading.count += 1
    return self._data.item(*index)


def _to_list(self: Variable) -> Any:
    """The elements as nested lists of Python numbers, out of the graph."""
    reading.count += 1
    return self._data.tolist()


def _refuse(name: str) -> Callable[..., Any]:
    def method(self: Variable, *args: Any, **kwargs: Any) -> Any:
        raise explain(TypeError, "in_place", name=name)

    return method


def _plain_method(name: str) -> Callable[..., Any]:
    def method(self: Variable, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._data, name)(*plain(args), **plain(kwargs))

    method.__doc__ = f"What ``numpy.ndarray.{name}`` answers for the array; nothing of it can be differentiated."
    return method


def _absent(name: str) -> property:
    def refuse(self: Variable) -> Any:
        raise explain(AttributeError, "no_attribute", name=name)

    return property(refuse)


_members: dict[str, Any] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "__iter__": _iterate,
    "__setitem__": _set_item,
    "__contains__": _contains,
    "__bool__": lambda self: bool(self._data),
    "__float__": _as_number(float),
    "__int__": _as_number(int),
    "__complex__": _as_number(complex),
    "__array__": _as_array,
    "__format__": _format,
    "item": _item,
    "tolist": _to_list,
    "T": property(lambda self: Transpose().apply(self), doc="The axes reversed."),
    "mT": property(lambda self: np.swapaxes(self, -1, -2), doc="The last two axes exchanged."),
    "flat": property(ravel, doc="The elements in a row, as a Variable."),
    "nbytes": property(lambda self: self._data.nbytes, doc="The bytes that the elements take."),
    "itemsize": property(lambda self: self._data.itemsize, doc="The bytes that one element takes."),
    "conj": arithmetic.real,
    "conjugate": arithmetic.real,
    "real": property(np.real, doc="The real parts."),
    "imag": property(np.imag, doc="The imaginary parts."),
}
for _name, _member in _members.items():
    _install(_name, _member)
for _name in _IN_PLACE:
    _install(_name, _refuse(_name))
for _name in _PLAIN_METHODS:
    _install(_name, _plain_method(_name))
for _name in dir(np.ndarray):  # an attribute each: a __getattr__ would slow down every access to every attribute
    if not _name.startswith("_") and not hasattr(Variable, _name):
        _install(_name, _absent(_name))
