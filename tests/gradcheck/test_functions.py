"""check_gradients and assert_gradients, for the reference engine's Variables and for students'."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.engine.registry import OPERATIONS
from ipy_autodiff.gradcheck.variable_class import variable_class
from ipy_autodiff.messages import speaking
from tests.engine.checking import LAYOUTS, called, drawn, samples_of

from .planted import ENGINE
from .watching import recorded


@pytest.fixture
def students() -> dict[str, Any]:
    return recorded(ENGINE, [])[1]


def test_numbers_and_arrays_become_variables() -> None:
    assert ad.check_gradients(ad.square, 3).ok
    assert ad.check_gradients(ad.square, 3.0).ok
    assert ad.check_gradients(ad.square, np.array([1, 2])).ok
    assert ad.check_gradients(lambda x, w: np.sum(x @ w), np.ones((2, 3)), np.ones((3, 2))).ok


def test_variables_are_taken_with_their_class_and_left_alone(students: dict[str, Any]) -> None:
    x = students["Tensor"](0.5)
    comparison = ad.check_gradients(lambda t: students["Sine"]()(t), x)
    assert comparison.ok
    assert (x.grad, x.creator, float(x.data)) == (None, None, 0.5)


def test_students_classes_are_named(students: dict[str, Any]) -> None:
    def f(x: Any, w: Any) -> Any:
        return students["Total"]()(students["Times"]()(students["Sine"]()(x), w))

    comparison = ad.check_gradients(f, [0.5, 1.5], [1.0, -2.0], variable=students["Tensor"])
    assert comparison.ok
    assert [row.name for row in comparison.rows] == ["x", "w"]


def test_assert_gradients_says_what_is_wrong(students: dict[str, Any]) -> None:
    source = ENGINE.replace("dy * np.cos(self.a)", "-dy * np.cos(self.a)")
    wrong = recorded(source, [])[1]
    ad.assert_gradients(lambda x: students["Sine"]()(x), 0.5, variable=students["Tensor"])
    with speaking("en"), pytest.raises(AssertionError, match=re.escape("Sine.backward has the wrong sign for x")):
        ad.assert_gradients(lambda x: wrong["Sine"]()(x), 0.5, variable=wrong["Tensor"])


@pytest.mark.parametrize(
    ("body", "said"),
    [("raise NotImplementedError", "Sine has no backward method yet"), ("return dy * self.b", "backward raises")],
)
def test_a_backward_that_is_missing_or_raises_is_named(body: str, said: str) -> None:
    students = recorded(ENGINE.replace("return dy * np.cos(self.a)", body), [])[1]
    with speaking("en"), pytest.raises(AssertionError, match=said):
        ad.assert_gradients(lambda x: students["Sine"]()(x), 0.5, variable=students["Tensor"])


def test_a_wrong_gradient_that_ones_hide_is_found() -> None:
    class Square(ad.Function):
        def forward(self, x: Any) -> Any:
            return x**2

        def backward(self, gy: Any) -> Any:
            return 2 * self.inputs[0].data * np.abs(gy)

    comparison = ad.check_gradients(lambda x: Square()(x), np.array([1.0, 2.0]))
    assert [row.verdict for row in comparison.rows] == ["pass"]
    assert not comparison.ok


def test_a_graph_that_is_cut_inside_is_found() -> None:
    def cut(x: Any) -> Any:
        return x * ad.Variable(np.exp(x.data))

    comparison = ad.check_gradients(cut, np.array([0.5, 1.0]))
    assert [row.verdict for row in comparison.rows] == ["fail"]
    with speaking("en"):
        assert "not in the graph" in str(comparison)
    assert not ad.check_gradients(lambda x: ad.Variable(np.exp(x.data)), np.array([0.5])).ok


def test_several_outputs_are_checked_each() -> None:
    comparison = ad.check_gradients(lambda x: ad.split(x, 2), np.arange(4.0))
    assert [row.name for row in comparison.rows] == ["x → [0]", "x → [1]"]
    assert comparison.ok


def test_random_draws_are_repeated() -> None:
    assert ad.check_gradients(lambda x: ad.dropout(x, 0.5), np.arange(1.0, 9.0)).ok


@pytest.mark.parametrize("returned", [3, None, np.ones(2), [1, 2]])
def test_what_returns_no_variable_is_refused(returned: Any) -> None:
    with pytest.raises(TypeError, match="Variable"):
        ad.check_gradients(lambda x: returned, 1.0)


def test_errors_of_the_function_go_through() -> None:
    with pytest.raises(ValueError, match="matmul"):
        ad.check_gradients(lambda x, w: x @ w, np.ones((2, 3)), np.ones((2, 3)))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_operation_of_the_engine_is_called_wrong(operation: Any) -> None:
    rng = np.random.default_rng(11)
    for sample in list(samples_of(operation))[:3]:
        arrays = drawn(sample, operation.domain, LAYOUTS["C order"], rng)
        if not arrays:
            continue
        with np.errstate(all="ignore"):
            comparison = ad.check_gradients(lambda *v, s=sample: called(operation, s, v), *arrays)
        assert [row.name for row in comparison.rows if row.verdict == "fail"] == []
        assert [check.diagnoses for check in comparison.functions.values() if check.wrong] == []


OWN = """
import numpy as np

class Box:
    def __init__(self, data):
        self.data, self.creator, self.grad = data, None, None

    def backward(self):
        self.grad = np.ones_like(self.data)
        box = self
        while box.creator is not None:
            step, box = box.creator, box.creator.input
            box.grad = step.backward(step.output.grad)

class Step:
    def __call__(self, box):
        output = Box(np.asarray(self.forward(box.data)))
        output.creator, self.input, self.output = self, box, output
        return output

class Cube(Step):
    def forward(self, x):
        return x**3

    def backward(self, gy):
        return 3 * self.input.data ** 2 * gy

class Slip(Cube):
    def backward(self, gy):
        return 2 * self.input.data ** 2 * gy

def cube(box):
    return Cube()(box)
"""


def test_the_variable_class_is_found_from_what_the_function_uses() -> None:
    student: dict[str, Any] = {"__name__": "notebook", "partial": functools.partial}
    exec(OWN, student)
    for code in ("cube", "lambda x: cube(cube(x))", "Cube()", "partial(lambda a, x: cube(x), 2)", "lambda x: [x][0]"):
        f = eval(code, student)
        assert variable_class(f, {}) is student["Box"]
        if "x]" not in code:
            ad.assert_gradients(f, 0.5)
            ad.assert_gradients(f, np.array([[1.0, -2.0], [3.0, 0.5]]))
    with pytest.raises(AssertionError, match="x"):
        ad.assert_gradients(eval("lambda x: Slip()(x)", student), 0.5)


def test_functions_of_the_reference_engine_lead_to_no_other() -> None:
    assert variable_class(lambda x: ad.sin(x) * np.exp(x), {}) is None
    assert variable_class(np.sin, {}) is None


def test_an_error_says_that_another_class_can_be_given() -> None:
    def needs_more(x: Any) -> Any:
        return x.something_of_its_own()

    with pytest.raises(AttributeError) as caught:
        ad.check_gradients(needs_more, 1.0)
    assert "variable=Variable" in caught.value.__notes__[0]


OPERATORS = """
import numpy as np
import ipy_autodiff as ad

class Variable:
    def __init__(self, data):
        self.data, self.grad, self.creator = np.asarray(data), None, None
    def __mul__(self, other):
        return Mul()(self, other)
    def backward(self):
        self.grad = np.ones_like(self.data)
        for x, gx in zip(self.creator.inputs, self.creator.backward(self.grad)):
            x.grad = gx

class Function:
    def __call__(self, *inputs):
        self.inputs = inputs
        output = Variable(self.forward(*[x.data for x in inputs]))
        output.creator = self
        self.outputs = [output]
        return output

class Mul(Function):
    def forward(self, a, b):
        return a * b
    def backward(self, gy):
        return gy * self.inputs[0].data, gy * self.inputs[1].data  # swapped

def check(f=lambda x, w: x * w):
    return ad.check_gradients(f, 2.0, 3.0)
"""


def test_operators_are_checked_with_the_only_variables_that_the_caller_knows() -> None:
    notebook: dict[str, Any] = {"__name__": "notebook"}
    exec(OPERATORS, notebook)
    with speaking("en"):
        comparison = notebook["check"]()
        assert [row.verdict for row in comparison.rows] == ["fail", "fail"]
        assert "The gradients are those of notebook.Variable." in map(str, comparison.remarks)
        comparison = notebook["check"](eval("lambda x, w: ad.sin(x) * w", notebook))
        assert comparison.ok
        assert "The gradients are those of ipy_autodiff.Variable." in map(str, comparison.remarks)


def test_where_it_cannot_be_known_whose_variables_are_meant_they_are_named() -> None:
    notebook: dict[str, Any] = {"__name__": "notebook"}
    exec(OPERATORS + "class Tensor(Variable):\n    pass\n", notebook)
    with pytest.raises(TypeError, match=r"notebook\.Variable, notebook\.Tensor"):
        notebook["check"]()
    reference: dict[str, Any] = {"__name__": "notebook"}
    exec(OPERATORS + "from ipy_autodiff import Variable as Ours\n", reference)
    with pytest.raises(TypeError, match=r"notebook\.Variable, ipy_autodiff\.Variable"):
        reference["check"]()


@pytest.mark.torch
def test_a_rule_that_only_another_engine_asks_is_asked_by_that_engine() -> None:
    torch = pytest.importorskip("torch")

    class HalfSquare(torch.autograd.Function):  # type: ignore[name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x**2

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            return gy

    compared = ad.check_gradients(lambda x: HalfSquare.apply(x).sum(), np.array([1.0, -2.0]))
    assert not compared.ok
    assert "HalfSquare.backward" in str(compared)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_an_engine_whose_functions_are_not_read_is_swept_by_its_own_backward(factor: float) -> None:
    class Dual:
        """A number that carries the rules of what it was made of in a way of its own."""

        def __init__(self, data: Any, rule: Any = None) -> None:
            self.data, self.grad, self._rule = np.asarray(data, dtype=float), np.zeros(np.shape(data)), rule

        def __mul__(self, other: Any) -> Any:
            def rule(g: Any) -> None:
                self.backward(g * other.data * factor)
                other.backward(g * self.data)

            return Dual(self.data * other.data, rule)

        def backward(self, g: Any = 1.0) -> None:
            self.grad = self.grad + g
            if self._rule:
                self._rule(g)

    comparison = ad.check_gradients(lambda a, b: a * b, 2.0, 3.0, variable=Dual)
    assert [row.verdict for row in comparison.rows] == ["pass" if factor == 1.0 else "fail", "pass"]
    assert comparison.ok == (factor == 1.0)
    with speaking("en"):
        assert "right by itself" not in str(comparison)
