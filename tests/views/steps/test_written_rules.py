"""A Function that gives its rule as mathematics is shown by it, in the reader's names, in text, HTML and live alike."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.steps.stepper import tell
from ipy_autodiff.views.steps.written_rules import written_rule
from tests.views.output.test_three_way import seen
from tests.views.page_data import data_of

OURS = "import numpy as np\nfrom ipy_autodiff import *\n"
CELL = "w = Variable(np.array(2.0))\ny = exp(square(w)) * 3\ny.backward()"


def rules(source: str, cell: str, judged: bool = False) -> list[str]:
    with speaking("en"):
        told = tell(seen(source, cell), judged=judged)
        return [ran[1] for step in told.steps if (ran := told.ran(step))]


def test_in_text_html_and_live() -> None:
    expected = ["gx = gy · 3", "gx = gy · exp(square(w))", "gx = gy · 2w"]
    assert rules(OURS, CELL) == expected
    with speaking("en"):
        bundle = mime_bundle(seen(OURS, CELL), live=False)[0]
    html, text = bundle["text/html"], bundle["text/plain"]
    data = data_of(html)
    for rule in expected:
        assert rule in text
        assert f">{rule}<" in html
        assert {"first": 1, "text": rule} in [part for source in data["sources"] for part in source["parts"]]
    for inner in ("product(", "__class__", "exponential.py", "gy * self"):
        assert inner not in text
        assert inner not in html


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("width * height", "gx0 = gy · height, gx1 = gy · width"),
        ("square(width)", "gx = gy · 2 · width"),
        ("1 / height", "gx = -gy · 1 / height²"),
        ("width @ width", "gx0 = gy · width, gx1 = gy · width"),
        ("np.sum(width)", "gx = gy · ones(width.shape)"),
        ("width ** height", "gx0 = gy · height · width^(height - 1), gx1 = gy · width^height · log(width)"),
        ("tanh(width)", "gx = gy · (1 - tanh(width)²)"),
    ],
)
def test_in_the_readers_names(expression: str, rule: str) -> None:
    cell = f"width = Variable(np.ones(3) * 2)\nheight = Variable(np.ones(3))\nz = {expression}\nz.backward()"
    assert rules(OURS, cell) == [rule]


def test_a_function_of_the_readers_own_is_shown_by_the_rule_it_gives_unless_it_is_wrong() -> None:
    cube = (
        "class Cube(Function):\n    gradient_rule = 'gx = gy · 3x²'\n    def forward(self, x):\n        return x ** 3\n"
        "    def backward(self, gy):\n        return {} * self.input.data ** 2 * gy\n"
    )
    cell = "a = Variable(np.array(2.0))\ny = Cube()(a)\ny.backward()"
    assert rules(OURS + cube.format(3), cell, judged=True) == ["gx = gy · 3a²"]
    assert rules(OURS + cube.format(2), cell, judged=True) == ["return 2 * self.input.data ** 2 * gy"]


def rule_of(function: Any, x: Any, y: Any) -> str:
    node: Any = SimpleNamespace(object=function, inputs=(x,), outputs=(y,))
    return written_rule(node)


class Raising:
    @property
    def gradient_rule(self) -> Any:
        raise RuntimeError


@pytest.mark.parametrize("function", [None, Raising(), SimpleNamespace(gradient_rule=3), SimpleNamespace()])
def test_what_gives_no_rule_is_shown_by_its_code(function: Any) -> None:
    x = SimpleNamespace(name="x")
    assert rule_of(function, x, x) == ""


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a + b", "gx = gy · 2 · (a + b)"),
        ("layers[0].W", "gx = gy · 2 · layers[0].W"),
        ("x" * 90, "gx = gy · 2 · " + "x" * 23 + "…"),
        ("기울기", "gx = gy · 2 · 기울기"),
    ],
)
def test_names_of_any_kind(name: str, rule: str) -> None:
    square = SimpleNamespace(gradient_rule="gx = gy · 2x")
    x, y = SimpleNamespace(name=name), SimpleNamespace(name="y")
    found = rule_of(square, x, y)
    assert found == rule or ("\n" not in found and found.startswith("gx = gy · 2 · (<b>"))


def test_an_array_that_is_no_variable_is_not_given_a_name() -> None:
    assert rules(OURS, "w = Variable(np.ones(3))\ny = np.sum(w * np.arange(3.0))\ny.backward()")[1] == "gx = gy · c"
