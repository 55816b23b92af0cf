"""What a Function of the engine gives as its rule is what its ``backward`` computes: the rules are evaluated here."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, exp, sigmoid, square, tanh
from ipy_autodiff.engine import sum_to as summed
from ipy_autodiff.engine.operations.exponential import Square
from ipy_autodiff.engine.operations.linear_algebra.decompositions import Decomposition
from ipy_autodiff.engine.operations.linear_algebra.matrices import Cholesky
from ipy_autodiff.engine.operations.linear_algebra.products import TensorDot
from ipy_autodiff.engine.operations.losses import SoftmaxCrossEntropy
from ipy_autodiff.engine.operations.reductions import Reduction
from ipy_autodiff.engine.registry import Registered, Sample
from tests.engine.checking import called, cases, drawn

CASES = list(cases())
IN_WORDS = (Decomposition, Cholesky, TensorDot)
"""Their rules name matrices of their own, or leave an order of axes to the reader."""


def functions_behind(outputs: list[Variable]) -> list[Function]:
    found: dict[Function, None] = {}
    pending = [y.creator for y in outputs]
    while pending:
        function = pending.pop()
        if function is not None and function not in found:
            found[function] = None
            pending += [x.creator for x in function.inputs if isinstance(x, Variable)]
    return list(found)


def executable(side: str) -> str:
    """A rule's right-hand side in Python."""
    for written, python in (("·", "*"), ("^", "**"), ("²", "**2"), ("³", "**3")):
        side = side.replace(written, python)
    side = re.sub(r"(?<![\w.])(\d+)(?=[^\W\d]|√)", r"\1*", side)
    side = re.sub(r"√(\w+)", r"sqrt(\1)", side).replace("√(", "sqrt(")
    return re.sub(r"\|([^|]+)\|", r"abs(\1)", side)


class At:
    """``zeros(shape).at[index].add(values)``."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.array = np.zeros(shape)
        self.at = self

    def __getitem__(self, index: Any) -> SimpleNamespace:
        def add(values: Any) -> Any:
            np.add.at(self.array, index, values)
            return self.array

        return SimpleNamespace(add=add)


def names_for(function: Any, gys: list[np.ndarray]) -> dict[str, Any]:
    axis = getattr(function, "axis", None)
    along = {"axis": axis, "keepdims": True} if isinstance(function, Reduction) or axis is not None else {}
    names: dict[str, Any] = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
    names |= {name: getattr(np.linalg, name) for name in ("inv", "det", "solve")}
    names |= {"π": np.pi, "sum_to": lambda a, shape: summed(a, shape).data, "zeros": At}
    names["sigmoid"] = lambda x: sigmoid(Variable(np.asarray(x))).data
    names |= {name: partial(getattr(np, name), **along) for name in ("sum", "max", "min", "prod", "mean")}
    if isinstance(function, Reduction):
        names["std"] = partial(np.std, ddof=getattr(function, "ddof", 0), **along)
        names["logsumexp"] = lambda a: np.log(np.sum(np.exp(a), **along))
    names["softmax"] = lambda a: np.exp(a) / np.sum(np.exp(a), axis=getattr(function, "axis", -1), keepdims=True)
    if type(function).__name__.startswith("Cum"):
        names |= {name: partial(getattr(np, name), axis=axis) for name in ("cumsum", "cumprod", "flip")}
    if isinstance(function, SoftmaxCrossEntropy):
        names["t"] = function.at[1]
        names["onehot"] = lambda t: np.eye(function.x.shape[1])[t]
    names |= {"index": getattr(function, "index", None), "condition": getattr(function, "condition", None)}
    if hasattr(function, "window"):
        names |= {"col2im": lambda g: type(function).backward(function, g), "im2col": lambda g: function.backward(g)}
    names |= {f"gy{number}": gy for number, gy in enumerate(gys)}
    gy = gys[0]
    names["gy"] = function.expanded(gy) if isinstance(function, Reduction) else gy
    if type(function).__name__ in ("Det", "LogDet"):
        names["gy"] = gy[..., None, None]
        names["det"] = lambda x: np.linalg.det(x)[..., None, None]
    xs = [x.data for x in function.inputs if isinstance(x, Variable)]
    constants = [np.asarray(x) for x in function.inputs if not isinstance(x, Variable)]
    names |= {"x": xs[0], "c": constants[0] if constants else None, "y": function.output.data}
    return names | {f"x{number}": x for number, x in enumerate(xs)}


def equations(rule: str) -> Iterator[str]:
    yield from (side for _, side in re.findall(r"(gx\d* = )(.*?)(?=, gx\d* = |$)", rule))


@pytest.mark.parametrize(
    ("operation", "sample"), CASES, ids=[f"{operation.name}{sample}" for operation, sample in CASES]
)
def test_every_operation_gives_its_gradient_as_mathematics(operation: Registered, sample: Sample) -> None:
    rng = np.random.default_rng(zlib.crc32(f"{operation.name}{sample}".encode()))
    arrays = drawn(sample, operation.domain, np.asarray, rng)
    with np.errstate(all="ignore"):
        outputs = called(operation, sample, [Variable(array) for array in arrays])
        for function in functions_behind(outputs):
            rule = function.gradient_rule
            assert rule is not None, type(function).__name__
            assert "{" not in rule
            sides = list(equations(rule))
            assert len(sides) == len([x for x in function.inputs if isinstance(x, Variable)])
            if isinstance(function, IN_WORDS) or any(y is None for y in function.outputs):
                continue
            gys = [rng.normal(size=y.shape) for y in function.outputs]
            gxs = function.backward(*[gy[()] if not gy.ndim else gy.copy() for gy in gys])
            for side, gx in zip(sides, gxs if isinstance(gxs, tuple) else (gxs,), strict=True):
                if hasattr(function, "window"):
                    assert side.startswith(("col2im(gy", "im2col(gy"))
                    continue
                if "linear_algebra" in type(function).__module__ and names_for(function, gys)["x"].ndim > 2:
                    side = side.replace(".T", ".mT")  # of each matrix
                value = eval(executable(side), names_for(function, gys))
                np.testing.assert_allclose(np.broadcast_to(value, np.shape(gx)), gx, 1e-5, 1e-9, err_msg=rule)


def test_constants_are_written_as_numbers() -> None:
    x = Variable(np.array(2.0))
    assert [(x * 3).creator.gradient_rule, (-2 / x).creator.gradient_rule] == ["gx = gy · 3", "gx = -gy · (-2) / x²"]
    assert [(x**3).creator.gradient_rule, (x**2).creator.gradient_rule] == ["gx = gy · 3 · x^2", "gx = gy · 2x"]
    assert (x * np.ones(3)).creator.gradient_rule == "gx = sum_to(gy · c, x.shape)"
    assert (x * x).creator.gradient_rule == "gx0 = gy · x1, gx1 = gy · x0"
    assert exp(x).creator.gradient_rule == "gx = gy · exp(x)"


def test_a_rule_is_not_inherited_by_another_derivative() -> None:
    class Wrong(Square):
        def backward(self, gy: Any) -> Any:
            return gy * self.x

    class Named(Square):
        """The same under another name."""

    x = Variable(np.array(2.0))
    assert Wrong()(x).creator.gradient_rule is None
    assert Named()(x).creator.gradient_rule == square(x).creator.gradient_rule == "gx = gy · 2x"


def test_a_function_of_ones_own_may_give_its_rule() -> None:
    class Cube(Function):
        gradient_rule = "gx = gy · 3x²"

        def forward(self, x: Any) -> Any:
            return x**3

        def backward(self, gy: Any) -> Any:
            return gy * 3 * self.input.data**2

    class Plain(Function):
        forward = backward = lambda self, x: x

    assert Cube()(Variable(np.array(2.0))).creator.gradient_rule == "gx = gy · 3x²"
    assert Plain()(Variable(np.array(2.0))).creator.gradient_rule is None


def test_gradients_of_gradients_have_rules_too() -> None:
    x = Variable(np.array([0.5, 1.5]))
    y = np.sum(tanh(x) * np.sinc(x))
    y.backward(create_graph=True)
    assert all(function.gradient_rule for function in functions_behind([x.grad]))
