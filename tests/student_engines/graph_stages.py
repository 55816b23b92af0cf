"""Steps 11 and later: several inputs and outputs, Variables used again, operators, arrays."""

from __future__ import annotations

import numpy as np

from .student_engine import student_engine

_T = np.tanh(-2.25)  # of wx + x at w = 0.5, x = -1.5
_CLASSIFIER = (
    "(lambda p: 3 * np.maximum(p[:, :1] - p[:, 1:].T, 0).mean())"
    "((lambda h: (np.exp(h) / np.exp(h).sum(axis=1, keepdims=True))[[0, 0, 1]])(np.tanh(x @ W + b)))"
)

GRAPH_STAGES = (
    student_engine(
        "step11_lists",
        "step 11, lists in and out, no backward yet",
        "x0 + x1",
        {"x0": 1.0, "x1": 1.0},
        "Add",
        variables=3,
        sweeps="nobody",
        sweeper=None,
        function_backward=False,
    ),
    student_engine(
        "step11_lists_both_ways",
        "step 11, lists in and out of backward too",
        "(a * b) ** 2",
        {"a": 24.0, "b": -36.0},
        "Mul Square",
        variables=4,
    ),
    student_engine(
        "step12_star_inputs",
        "step 12, several outputs, no backward yet",
        "2 * (x0 + x1) + (x0 - x1)",
        {"x0": 3.0, "x1": 1.0},
        "SumAndDifference Add Add",
        variables=6,
        sweeps="nobody",
        sweeper=None,
        function_backward=False,
    ),
    student_engine(
        "step13_many_inputs",
        "step 13, two outputs; the two-output Function is swept twice",
        "np.hypot(x, y) + np.arctan2(y, x)",
        {"x": 0.44, "y": 0.92},
        "Polar Add",
        variables=5,
        of="z",
        backward_calls=3,
    ),
    student_engine("step14_fan_out", "step 14, after cleargrad", "x + x + x", {"x": 3.0}, "Add Add", variables=3),
    student_engine("step16_generations", "step 16", "2 * x**4", {"x": 64.0}, "Square Square Square Add", variables=5),
    student_engine(
        "step16_heap",
        "step 16 with a heap, intermediate Variables used again",
        "(np.tanh(w * x + x) + x) * np.tanh(w * x + x)",
        # t = tanh(wx + x), y = (t + x)t: dy = (2t + x)(1 - t²)d(wx + x) + t dx
        {"w": (2 * _T - 1.5) * (1 - _T**2) * -1.5, "x": (2 * _T - 1.5) * (1 - _T**2) * 1.5 + _T},
        "Mul Plus Tanh Plus Mul",
        variables=7,
    ),
    student_engine(
        "step17_weakref",
        "step 17",
        "(x**2 + x) ** 2",
        {"x": [2 * 0.75 * 2.0, 2 * 3.75 * 4.0]},
        "Square Add Square",
        variables=4,
    ),
    student_engine(
        "step18_retain_grad",
        "step 18, intermediate gradients cleared",
        "x0 + (x0 + x1)",
        {"x0": 2.0, "x1": 1.0},
        "Add Add",
        variables=4,
    ),
    student_engine(
        "step20_dunder_methods",
        "step 20 with methods in the class, constants wrapped",
        "x * x * 2 + 3 * x",
        {"x": [7.0, -5.0, 15.0]},
        "Mul Mul Mul Add",
        variables=7,
    ),
    student_engine(
        "step22_operators",
        "steps 19-22",
        "0.26 * (x**2 + y**2) - 0.48 * x * y / (2 - x)",
        # 0.52x - 0.48y·2/(2 - x)², 0.52y - 0.48x/(2 - x)
        {"x": 0.52 - 0.96 * 1.5, "y": 0.52 * 1.5 - 0.48},
        "Pow Pow Add Mul Mul Mul Sub Div Sub",
        variables=14,
        of="z",
    ),
    student_engine(
        "arrays",
        "steps 37-42: broadcasting, matmul, sums, slices, two outputs, weakrefs",
        _CLASSIFIER,
        # as PyTorch gives them
        {
            "x": [[0.5994086952552127, 0.10838761730833077], [0.020892956321457712, -0.0011021483689460185]],
            "W": [[0.3239331093035101, -0.014221345612565585], [-0.5508430692930381, 0.013559426638518356]],
            "b": [0.6090569588814274, -0.022489385390486047],
        },
        "MatMul Add Tanh Softmax GetItem Split Transpose Sub Relu Mul Mean",
        variables=16,
    ),
)
