# ruff: noqa: SLF001 - the engine's modules share the slots of Variable and Function, for speed
"""Box an array in a ``Variable``, which remembers the Function that made it and can hold a gradient.

A zero-dimensional result stays the scalar that NumPy returned until somebody looks: arithmetic on ``numpy.float64`` is
six times as fast as on a zero-dimensional array. ``data`` and ``grad`` always show an ``ndarray``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
import numpy.typing as npt

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.grad_mode import reading
from ipy_autodiff.engine.sweep import sweep

if TYPE_CHECKING:
    from ipy_autodiff.engine.function import Function

__all__ = ["Array", "Variable", "as_array", "as_variable", "peek"]

Array = npt.NDArray[Any]


class Variable:
    """A box for one ``numpy.ndarray``: ``data``, its gradient ``grad`` and the Function ``creator`` that made it.

    Operators and NumPy's own functions work on Variables and record a graph; ``backward`` then fills ``grad``. Two
    Variables are equal only when they are the same one; ``np.equal`` compares their values.

    Raises ``TypeError`` if ``data`` is not an ``ndarray``.
    """

    __slots__ = ("__weakref__", "_creator", "_data", "_grad", "_uses", "generation", "name")

    _creator: Function | None
    _data: Any
    _grad: Any
    _uses: int
    generation: int
    """0 for a leaf, else one more than the largest generation that went into its creator."""
    name: str | None

    def __init__(self, data: Array, name: str | None = None) -> None:
        if data.__class__ is not np.ndarray and not isinstance(data, np.ndarray):
            raise _not_an_array(data)
        self._data = data
        self._grad = None
        self._creator = None
        self._uses = 0
        self.generation = 0
        self.name = name

    @property
    def data(self) -> Array:
        """The array itself, not a copy."""
        reading.count += 1
        data = self._data
        if data.__class__ is not np.ndarray and not isinstance(data, np.ndarray):
            data = self._data = np.asarray(data)
        return data  # type: ignore[no-any-return]

    @data.setter
    def data(self, data: Any) -> None:
        if not isinstance(data, np.ndarray | np.generic | int | float | complex):
            raise explain(TypeError, "not_data", kind=type(data).__name__)
        self._data = np.asanyarray(data)

    @property
    def grad(self) -> Any:
        """The gradient: None, an ``ndarray``, or a Variable after ``backward(create_graph=True)``."""
        grad = self._grad
        if isinstance(grad, np.generic):
            dtype = self._data.dtype
            grad = self._grad = np.array(grad, dtype=dtype if dtype.kind == "f" else None)
        return grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        if isinstance(grad, np.generic | int | float | complex):
            grad = np.asarray(grad)
        elif grad is not None and not isinstance(grad, np.ndarray | Variable):
            raise explain(TypeError, "not_a_gradient", kind=type(grad).__name__)
        self._grad = grad

    @property
    def creator(self) -> Function | None:
        """The Function that made this Variable; None for a leaf."""
        creator = self._creator
        if creator is not None:
            outputs = getattr(creator, "_results", None)
            if outputs is None or (outputs.__class__ is ref and outputs() is not self):
                creator._results = ref(self)  # only now: most are never asked for their outputs
        return creator

    @creator.setter
    def creator(self, creator: Function | None) -> None:
        self._creator = creator
        if creator is not None and hasattr(creator, "inputs"):
            self.generation = creator.generation + 1

    def set_creator(self, creator: Function) -> None:
        """Make ``creator`` the Function that this Variable came from."""
        self._creator = creator
        self.generation = creator.generation + 1

    def cleargrad(self) -> None:
        """Forget the gradient, so that the next ``backward`` does not add to it."""
        self._grad = None

    def unchain(self) -> None:
        """Forget the creator: this Variable is a leaf from now on, and no gradient flows past it."""
        self._creator = None
        self.generation = 0

    def unchain_backward(self) -> None:
        """Cut the graph behind this Variable: every Variable that it was computed from becomes a leaf.

        Its own creator stays. In a loop that carries a state along, such as a recurrent network's, this ends
        backpropagation here and frees the memory of all earlier rounds.
        """
        pending = [self._creator]
        while pending:
            creator = pending.pop()
            for x in () if creator is None else creator.inputs:
                if isinstance(x, Variable) and x._creator is not None:
                    pending.append(x._creator)
                    x.unchain()

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Add to the ``grad`` of every leaf this Variable's derivative with respect to it.

        The sweep starts from ``grad`` where it is set, else from ones. With ``retain_grad`` the Variables in between
        keep their gradients too; with ``create_graph`` the gradients are Variables that can be differentiated again.
        Such a gradient leads back to the leaf that holds it: ``cleargrad`` undoes that cycle of references.
        """
        sweep(self, _seed(self, create_graph), retain_grad, create_graph)

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """How many axes the array has."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """How many elements the array has."""
        return self._data.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the array's elements."""
        return self._data.dtype  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        text = str(np.asarray(self._data)).replace("\n", "\n" + " " * len("variable("))
        return f"variable({text})"

    if TYPE_CHECKING:  # array_methods installs these

        @property
        def T(self) -> Variable: ...  # noqa: D102, N802
        @property
        def mT(self) -> Variable: ...  # noqa: D102, N802
        def __getitem__(self, index: Any) -> Variable: ...
        def __iter__(self) -> Iterator[Variable]: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...
        def __neg__(self) -> Variable: ...
        def __pos__(self) -> Variable: ...
        def __abs__(self) -> Variable: ...
        def __divmod__(self, other: Any) -> tuple[Variable, Variable]: ...
        def __rdivmod__(self, other: Any) -> tuple[Variable, Variable]: ...
        def item(self, *index: Any) -> Any: ...  # noqa: D102
        def tolist(self) -> Any: ...  # noqa: D102
        def __add__(self, other: Any) -> Variable: ...
        def __radd__(self, other: Any) -> Variable: ...
        def __sub__(self, other: Any) -> Variable: ...
        def __rsub__(self, other: Any) -> Variable: ...
        def __mul__(self, other: Any) -> Variable: ...
        def __rmul__(self, other: Any) -> Variable: ...
        def __truediv__(self, other: Any) -> Variable: ...
        def __rtruediv__(self, other: Any) -> Variable: ...
        def __pow__(self, other: Any) -> Variable: ...
        def __rpow__(self, other: Any) -> Variable: ...
        def __matmul__(self, other: Any) -> Variable: ...
        def __rmatmul__(self, other: Any) -> Variable: ...
        def __floordiv__(self, other: Any) -> Variable: ...
        def __rfloordiv__(self, other: Any) -> Variable: ...
        def __mod__(self, other: Any) -> Variable: ...
        def __rmod__(self, other: Any) -> Variable: ...
        def reshape(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def transpose(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def ravel(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def flatten(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def squeeze(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def swapaxes(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def copy(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def astype(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def take(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def repeat(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def diagonal(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def trace(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def sum(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def mean(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def prod(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def max(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def min(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def var(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def std(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def cumsum(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def cumprod(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def clip(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def round(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def dot(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102
        def conj(self, *args: Any, **kwargs: Any) -> Variable: ...  # noqa: D102


def as_array(x: Any) -> Array:
    """``x`` as an ``ndarray``: itself where it is one, else what ``numpy.asarray`` makes of the number or sequence."""
    return x if isinstance(x, np.ndarray) else np.asarray(x)


def as_variable(x: Any) -> Variable:
    """``x`` itself where it is a Variable, else a new leaf that holds ``as_array(x)``."""
    return x if isinstance(x, Variable) else Variable(as_array(x))


def peek(x: Any) -> Array:
    """The array of ``x``, a Variable or a sequence, where only its shape, order or truth is asked for."""
    return np.asarray(x._data if isinstance(x, Variable) else x)


def _seed(y: Variable, create_graph: bool) -> Any:
    """What the sweep starts from: the gradient that ``y`` has, else ones."""
    grad = y._grad
    if grad is None:
        data = y._data
        kind = data.dtype.kind
        if kind not in "fiub":
            raise explain(TypeError, "not_differentiable", dtype=data.dtype)
        if data.ndim:
            grad = np.ones(data.shape, data.dtype if kind == "f" else np.float64)
        else:
            grad = data.dtype.type(1) if kind == "f" else np.float64(1.0)
    elif grad.shape != y._data.shape:
        raise explain(ValueError, "seed_shape", grad=grad.shape, shape=y._data.shape)
    elif grad.dtype.kind in "iub":
        grad = grad.astype(np.float64)
    if create_graph:
        return grad if isinstance(grad, Variable) else Variable(np.asarray(grad))
    if isinstance(grad, Variable):
        grad = grad._data
    return grad if grad.ndim else grad[()]


def _not_an_array(data: Any) -> TypeError:
    kind = type(data).__name__
    if isinstance(data, Variable):
        return explain(TypeError, "not_an_array", kind=kind, mended="Variable(x.data)")
    if isinstance(data, np.generic | int | float | complex):
        return explain(TypeError, "not_an_array", kind=kind, mended=f"Variable(np.array({data}))")
    return explain(TypeError, "not_an_array", kind=kind, mended="Variable(np.array(...))")
