# ruff: noqa: F403 - each module says in its __all__ what it offers
"""The reference engine: Variables, Functions, and NumPy's own functions made differentiable. It needs NumPy alone."""

from ipy_autodiff.engine import (
    activations,
    arithmetic,
    array_methods,
    convolutions,
    decompositions,
    exponential,
    indexing,
    joining,
    linear_algebra,
    losses,
    matrix_products,
    piecewise,
    reciprocal_trigonometric,
    reductions,
    running,
    shapes,
    statistics,
    trigonometric,
)
from ipy_autodiff.engine.activations import *
from ipy_autodiff.engine.arithmetic import *
from ipy_autodiff.engine.convolutions import *
from ipy_autodiff.engine.decompositions import *
from ipy_autodiff.engine.exponential import *
from ipy_autodiff.engine.function import Function
from ipy_autodiff.engine.indexing import *
from ipy_autodiff.engine.joining import *
from ipy_autodiff.engine.linear_algebra import *
from ipy_autodiff.engine.losses import *
from ipy_autodiff.engine.matrix_products import *
from ipy_autodiff.engine.numerical import numerical_diff
from ipy_autodiff.engine.piecewise import *
from ipy_autodiff.engine.reciprocal_trigonometric import *
from ipy_autodiff.engine.recording import no_grad
from ipy_autodiff.engine.reductions import *
from ipy_autodiff.engine.running import *
from ipy_autodiff.engine.shapes import *
from ipy_autodiff.engine.statistics import *
from ipy_autodiff.engine.trigonometric import *
from ipy_autodiff.engine.variable import Variable, as_array, as_variable

__all__ = ["Function", "Variable", "as_array", "as_variable", "no_grad", "numerical_diff"]
__all__ += activations.__all__
__all__ += arithmetic.__all__
__all__ += array_methods.__all__
__all__ += convolutions.__all__
__all__ += decompositions.__all__
__all__ += exponential.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += linear_algebra.__all__
__all__ += losses.__all__
__all__ += matrix_products.__all__
__all__ += piecewise.__all__
__all__ += reciprocal_trigonometric.__all__
__all__ += reductions.__all__
__all__ += running.__all__
__all__ += shapes.__all__
__all__ += statistics.__all__
__all__ += trigonometric.__all__
