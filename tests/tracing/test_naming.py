"""Variables are called what the reader wrote, whatever engine and wherever it was written."""

from __future__ import annotations

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.tracing import names_in, record_variables
from tests.student_engines import ENGINES
from tests.tracing.watched import watch

OURS = "import numpy as np\nfrom ipy_autodiff import *"
MODEL = f"""
{OURS}
class Linear:
    def __init__(self, n):
        self.W = Variable(np.ones((n, n)))
        self._hidden = self.W
    def __call__(self, x):
        return x @ self.W
class Model:
    def __init__(self):
        self.l1, self.blocks = Linear(2), [Linear(2), Linear(2)]
    def __call__(self, x):
        for layer in (self.l1, *self.blocks):
            x = tanh(layer(x))
        return x
    def params(self):
        return [layer.W for layer in (self.l1, *self.blocks)]
model = Model()
"""


def names(cell: str, source: str = OURS) -> list[str]:
    recording, _, _ = watch(source, (cell,))
    assert recording is not None
    return [node.name for node in recording.graph.variables]


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("14*x + x**2", ["14*x", "x**2"]),
        ("(x + 1) / 4", ["x + 1"]),
        ("np.exp(-x).sum()", ["-x", "np.exp(-x)"]),
        ("square(\n    exp(x),\n)", ["exp(x)"]),
        ("square(sin(x)) + '가나다'.count('가')*cos(x)", ["sin(x)", "square(sin(x))", "cos(x)"]),
        ("[square(x), 2 * x][1]**3", ["2 * x"]),
    ],
)
def test_results_without_a_name_are_called_by_their_expressions(expression: str, written: list[str]) -> None:
    found = names(f"x = Variable(np.array(0.5))\ny = {expression}\ny.backward()")
    assert set(written) <= set(found)
    assert {"x", "y"} <= set(found)


def test_a_loop_s_results_are_called_by_what_stands_in_the_loop() -> None:
    found = names("h = u = Variable(np.array(0.5))\nfor _ in range(3):\n    h = tanh(h * u)\nh.backward()")
    assert found[1:] == ["h * u", "tanh(h * u)"] * 2 + ["h * u", "h"]


def test_a_helper_s_result_is_called_as_it_is_used() -> None:
    cell = "def double(v):\n    return v * 2\nx = Variable(np.array(0.5))\ny = square(double(x))\ny.backward()"
    assert names(cell) == ["x", "double(x)", "y"]


def test_parameters_are_called_by_their_way_before_loop_variables() -> None:
    cell = "for p in model.params():\n    p.cleargrad()\ny = np.sum(model(Variable(np.ones((1, 2)))))\ny.backward()"
    found = names(cell, MODEL)
    assert {"model.l1.W", "model.blocks[0].W", "model.blocks[1].W"} <= set(found)
    assert {"p", "layer", "model.l1._hidden"} & set(found) == set()


def test_a_name_that_was_given_outside_of_loops_comes_first() -> None:
    cell = "W = model.l1.W\nfor p in [W]:\n    pass\ny = np.sum(W)\ny.backward()"
    assert names(cell, MODEL) == ["W", "y"]


def test_a_leaf_that_nobody_named_is_called_by_its_array_its_numbers_or_its_shape() -> None:
    t, x = np.array([1.0, 2.0]), ad.Variable(np.array([3.0, 4.0]))
    y = x * ad.Variable(t) + ad.Variable(np.array([5.0, 6.0])) + ad.Variable(np.arange(40.0).reshape(2, 10, 2))
    graph = record_variables([y], {"x": x, "t": t, "y": y}).graph
    assert [node.name for node in graph.leaves] == ["x", "t", "[5., 6.]", "(2, 10, 2)"]
    assert [node.named for node in graph.leaves] == [True, False, False, False]


def test_an_unwatched_graph_is_called_by_operations_and_numbers() -> None:
    x = ad.Variable(np.array(3.0))
    y = ad.exp(14 * x - x**2) / 4
    graph = record_variables([y], {"x": x, "y": y}).graph
    assert [node.name for node in graph.variables] == [
        "x", "14 * x", "x ** 2", "(14 * x) - (x ** 2)", "Exp((14 * x) - (x ** 2))", "y"
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_no_engine_has_made_up_names(engine: object) -> None:
    recording, _, _ = watch(engine.source, engine.cells)  # type: ignore[attr-defined]
    assert recording is not None
    for node in recording.graph.variables:
        assert node.name
        assert node.named or not (node.name[0] == "v" and node.name[1:].isdigit()), node.name


def test_looking_for_names_calls_nothing() -> None:
    class Guarded:
        """Objects that are not to be touched."""

        def __getattribute__(self, name: str) -> object:
            raise AssertionError(name)

        def __len__(self) -> int:
            raise AssertionError

    class Slotted:
        """Nothing to look into."""

        __slots__ = ("x",)

    x = ad.Variable(np.array(3.0))
    ring: list[object] = [x]
    ring.append(ring)
    found = names_in({"guarded": Guarded(), "slotted": Slotted(), "ring": ring, "many": [[i] for i in range(10_000)]})
    assert found[id(x)] == "ring[0]"


def test_long_expressions_are_cut_in_the_middle() -> None:
    long = " + ".join(["x"] * 80)
    found = names(f"x = Variable(np.array(3.0))\ny = square({long})\ny.backward()")
    assert max(map(len, found)) <= 61
    assert any("…" in name for name in found)
