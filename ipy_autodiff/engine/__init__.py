# ruff: noqa: F403 - operations says in its __all__ what it offers
"""The reference engine: Variables, Functions, and NumPy's own functions made differentiable. It needs NumPy alone."""

from ipy_autodiff.engine import array_methods, operations
from ipy_autodiff.engine.function import Function
from ipy_autodiff.engine.grad_mode import no_grad
from ipy_autodiff.engine.numerical import numerical_diff
from ipy_autodiff.engine.operations import *
from ipy_autodiff.engine.variable import Variable, as_array, as_variable

__all__ = ["Function", "Variable", "as_array", "as_variable", "no_grad", "numerical_diff"]
__all__ += array_methods.__all__
__all__ += operations.__all__
