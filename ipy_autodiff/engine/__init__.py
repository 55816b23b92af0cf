"""The reference engine: Variables, Functions, and NumPy's own functions made differentiable. It needs NumPy alone."""

from ipy_autodiff.engine import arithmetic  # noqa: F401 - installs the operators
from ipy_autodiff.engine.elementwise import cos, exp, log, relu, sigmoid, sin, square, tanh
from ipy_autodiff.engine.function import Function
from ipy_autodiff.engine.numerical import numerical_diff
from ipy_autodiff.engine.recording import no_grad
from ipy_autodiff.engine.variable import Variable, as_array, as_variable

__all__ = [
    "Function",
    "Variable",
    "as_array",
    "as_variable",
    "cos",
    "exp",
    "log",
    "no_grad",
    "numerical_diff",
    "relu",
    "sigmoid",
    "sin",
    "square",
    "tanh",
]
