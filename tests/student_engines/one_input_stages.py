"""Steps 1 to 10: one Variable in, one Variable out."""

from __future__ import annotations

import numpy as np

from .student_engine import student_engine

_COMPOSED = "np.exp(x**2) ** 2"
_COMPOSED_GRADIENT = 2 * np.exp(0.5)  # 4x·exp(2x²) at x = 0.5
_THREE = "Square Exp Square"

ONE_INPUT_STAGES = (
    student_engine(
        "step01_box",
        "step 1",
        "np.array(2.0)",
        {},
        "",
        variables=1,
        of="x",
        saves="nothing",
        sweeps="nobody",
        sweeper=None,
        function_backward=False,
    ),
    student_engine(
        "step03_forward_only",
        "steps 1-3",
        _COMPOSED,
        {"x": _COMPOSED_GRADIENT},
        _THREE,
        variables=4,
        saves="nothing",
        sweeps="nobody",
        sweeper=None,
        function_backward=False,
    ),
    student_engine(
        "step04_numerical_diff",
        "step 4",
        _COMPOSED,
        {"x": _COMPOSED_GRADIENT},
        _THREE,
        variables=4,
        saves="nothing",
        sweeps="nobody",
        sweeper=None,
        function_backward=False,
    ),
    student_engine(
        "step06_by_hand",
        "step 6: gradients handed on in the cell, no creator",
        _COMPOSED,
        {"x": _COMPOSED_GRADIENT},
        _THREE,
        variables=4,
        saves="input",
        sweeps="by hand",
        sweeper=None,
    ),
    student_engine(
        "step06_partly_by_hand",
        "step 6: only the last Function's backward is called",
        "np.sin(np.sin(x) ** 2)",
        {"x": np.cos(np.sin(0.3) ** 2) * 2 * np.sin(0.3) * np.cos(0.3)},
        "Sin Square Sin",
        variables=4,
        sweeps="partly",
        sweeper=None,
        backward_calls=1,
    ),
    student_engine("step07_recursive", "step 7", _COMPOSED, {"x": _COMPOSED_GRADIENT}, _THREE, variables=4),
    student_engine(
        "step08_loop",
        "step 8, a vector, class names misspelt",
        _COMPOSED,
        {"x": 4 * np.array([0.5, -0.25, 1.0]) * np.exp(2 * np.array([0.25, 0.0625, 1.0]))},
        "Sqare Exponential Sqare",
        variables=4,
    ),
    student_engine(
        "step08_backward_list",
        "step 8, the loop beside the recursion",
        _COMPOSED,
        {"x": _COMPOSED_GRADIENT},
        _THREE,
        variables=4,
        sweeper="backward_list",
    ),
    student_engine(
        "step08_only_backward_list",
        "step 8, the loop under another name only, input_ and output_",
        "np.sin(x**3)",
        {"x": np.cos(0.343) * 3 * 0.49},
        "Cube Sin",
        variables=3,
        sweeper="backward_list",
    ),
    student_engine("step09_functions", "step 9", _COMPOSED, {"x": _COMPOSED_GRADIENT}, _THREE, variables=4),
    student_engine(
        "step10_tests",
        "step 10, unit tests in the notebook; checked by the textbook difference",
        "x**2",
        {"x": 2 * np.random.default_rng(1).random((2, 3))},
        "Square",
        variables=2,
    ),
    student_engine(
        "one_input_functions",
        "step 9 with many functions of one input",
        "np.cos(np.sin(1 / (1 + np.exp(-1 / (np.exp(-x) + 1)))))",
        {"x": [-0.02419619994954413, -0.01969835219043396, -0.01000203064267319]},
        "Negative Exp AddOne Reciprocal Sigmoid Sin Cos",
        variables=8,
    ),
)
