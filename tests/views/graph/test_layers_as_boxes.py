"""A model's layers are boxes that are titled by the way to them."""

from __future__ import annotations

import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.graph.boxes import describe
from ipy_autodiff.views.graph.draw import draw
from ipy_autodiff.views.graph.folding import Levels
from tests.tracing.watched import watch

MODEL = """
import numpy as np
from ipy_autodiff import *
class Layer:
    def __init__(self, act):
        self.W, self.b, self.act = Variable(np.eye(2)), Variable(np.zeros(2)), act
    def __call__(self, x):
        return self.act(x @ self.W + self.b) * 0.5
class Block:
    def __init__(self):
        self.l1, self.l2 = Layer(tanh), Layer(sin)
    def __call__(self, x):
        return self.l2(self.l1(x)) + x
class Model:
    def __init__(self, count):
        self.stem, self.blocks, self.head = Layer(cos), [Block() for _ in range(count)], Layer(exp)
    def __call__(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)
"""
CHAIN = """
class Chain:
    def __init__(self):
        for number, act in enumerate((tanh, sin, cos, exp, sigmoid, relu, square, np.abs, tanh, sin, cos, exp, square)):
            setattr(self, f"l{number}", Layer(act))
        self.count = number + 1
    def __call__(self, x):
        for number in range(self.count):
            x = getattr(self, f"l{number}")(x) + number
        return x
"""


def boxes(model: str, source: str = MODEL) -> list[tuple[str, ...]]:
    cell = f"model = {model}\nloss = np.sum(model(Variable(np.ones((1, 2)))))\nloss.backward()"
    recording, _, _ = watch(source, (cell,))
    assert recording is not None
    levels = Levels(recording.graph)
    with speaking("en"):
        return [describe(levels, part).rows for part in levels.whole.parts if not part.is_call]


@pytest.mark.parametrize("count", [7, 20])
def test_repeated_blocks_are_titled_by_what_holds_them(count: int) -> None:
    assert any(rows[0].startswith("model.blocks") for rows in boxes(f"Model({count})"))


def test_layers_that_do_not_repeat_are_boxes_of_their_own() -> None:
    titles = [rows[0] for rows in boxes("Chain()", MODEL + CHAIN)]
    assert [title for title in titles if title.startswith("model.l")]


def test_a_graph_without_layers_has_no_such_titles() -> None:
    cell = "x = y = Variable(np.array(0.5))\nfor _ in range(80):\n    y = sin(y) * x\ny.backward()"
    recording, _, _ = watch("import numpy as np\nfrom ipy_autodiff import *", (cell,))
    assert recording is not None
    levels = Levels(recording.graph)
    assert {levels.holder(part) for part in levels.whole.parts} == {""}
    assert "Sin" in draw(Trace(recording)).svg
