"""Engines that do the same in ways of their own: slots, properties, dataclasses, modules, other names."""

from __future__ import annotations

import numpy as np

from .student_engine import student_engine

_COMPOSED = "np.exp(x**2) ** 2"
_COMPOSED_GRADIENT = 2 * np.exp(0.5)  # 4x·exp(2x²) at x = 0.5
_THREE = "Square Exp Square"
_QUARTERS = np.array([[0.5, 1.0], [1.5, 2.0]])

OWN_SPELLINGS = (
    student_engine(
        "imported_from_module",
        "step 9 with the classes in a module",
        "np.log(x**2) ** 2",
        {"x": 8 * np.log([1.0, 2.0, 4.0]) / [1.0, 2.0, 4.0]},
        "Square Log Square",
        variables=4,
    ),
    student_engine(
        "slots_weakref",
        "step 17 with __slots__",
        "1 / (1 + np.exp(-3 * x))",
        {"x": 3 * np.exp(-1.2) / (1 + np.exp(-1.2)) ** 2},
        "Scale Sigmoid",
        variables=3,
    ),
    student_engine(
        "slots_without_weakref",
        "step 13 with __slots__ and an == that compares data",
        "np.cos(x * w)",
        {"x": -2 * np.sin([4.0, 4.0]), "w": -2 * np.sin([4.0, 4.0])},
        "Multiply Cos",
        variables=4,
    ),
    student_engine(
        "properties",
        "step 8 with read-only properties",
        "np.exp(np.sqrt(x))",
        {"x": np.exp(np.sqrt(_QUARTERS)) / (2 * np.sqrt(_QUARTERS))},
        "Sqrt Exp",
        variables=3,
    ),
    student_engine(
        "backward_prints",
        "step 7 that prints as it goes",
        "np.exp(x**2)",
        {"x": 0.5 * np.exp(0.0625)},
        "Square Exp",
        variables=3,
    ),
    student_engine(
        "variable_without_backward",
        "step 7 before the Variable has a backward or a grad",
        _COMPOSED,
        {"x": _COMPOSED_GRADIENT},
        _THREE,
        variables=4,
        sweeps="nobody",
        sweeper=None,
    ),
    student_engine(
        "forward_on_variables",
        "step 7, forward takes and returns Variables",
        _COMPOSED,
        {"x": _COMPOSED_GRADIENT},
        _THREE,
        variables=4,
    ),
    student_engine(
        "dataclass_variables",
        "step 14 with dataclasses, whose == compares arrays and which have no hash",
        "np.sin(2 * x + y)",
        {"x": 2 * np.cos([3.0, 6.0, 9.0]), "y": np.cos([3.0, 6.0, 9.0])},
        "Axpy Sin",
        variables=4,
        of="z",
    ),
    student_engine(
        "korean_names",
        "step 14, all names Korean",
        "(가로 * 세로) ** 2",
        {"가로": 96.0, "세로": 72.0},
        "곱하기 제곱",
        variables=4,
        of="결과",
    ),
    student_engine(
        "static_helpers",
        "step 13 with static and class methods, called through apply",
        "np.logaddexp(0, x * w + b)",
        {leaf: by / (1 + np.exp(2.5)) for leaf, by in {"x": -2.0, "w": 1.5, "b": 1.0}.items()},
        "Affine Softplus",
        variables=5,
    ),
    student_engine(
        "tensor_and_operation",
        "step 14 as Tensor and Operation, input_ and output_ as a tuple and an object",
        "np.where(x @ w > 0, x @ w, 0.1 * (x @ w))",
        # x @ w is negative but for its last column; slopes [[.1, .1, 1], [1, 1, .1]]
        {
            "x": [[0.02 - 0.1 + 0.7, 0.15 + 0.03 - 0.4], [0.2 - 1.0 + 0.07, 1.5 + 0.3 - 0.04]],
            "w": [[0.6, 0.6, 1.05], [2.8, 2.8, -1.7]],
        },
        "MatMul LeakyReLU",
        variables=4,
        of="out",
    ),
    student_engine(
        "lambdas_in_cells",
        "step 8, classes made by type(), nothing but input and creator saved, one line a cell",
        _COMPOSED,
        {"x": _COMPOSED_GRADIENT},
        _THREE,
        variables=4,
    ),
)
