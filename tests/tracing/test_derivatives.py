"""Graphs of gradients: found under any name and none, tied to the Functions they come from, and right."""

from typing import Any

import numpy as np
import pytest

from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.limits import STUDIED_FUNCTIONS
from ipy_autodiff.tracing import CallLog, Recorder, record_cell, record_variables
from tests.tracing.double_backprop_engine import SOURCE
from tests.tracing.watched import run_cell, watch

OURS = "import numpy as np\nimport ipy_autodiff as ad\nfrom ipy_autodiff import Variable, exp, sin, tanh"
BOTH = pytest.mark.parametrize("engine", [OURS, SOURCE], ids=["ours", "a student's"])

TWICE = """
x = Variable(np.array({value}))
y = {formula}
y.backward(create_graph=True)
gx = x.grad
x.cleargrad()
gx.backward(create_graph=True)
gx2 = x.grad
"""


def told(recording):
    return {
        derivative.label: (derivative.recording.of.name, float(derivative.recording.of.data))
        for derivative in recording.derivatives
    }


def right(recording):
    """Whether backprop agrees with the numerical derivative in each of these graphs."""
    return [compare(each).ok for each in (recording, *(derivative.recording for derivative in recording.derivatives))]


def called_by(recording):
    """Which Functions each Function's backward called."""
    found: dict[Any, Any] = {}
    for function in recording.graph.functions:
        found.setdefault(type(function.backward_of).__name__, []).append(function.name)
    return found


@BOTH
@pytest.mark.parametrize(
    ("formula", "value", "first", "second"),
    [
        ("x ** 4 - 2 * x ** 2", 2.0, 24, 44),
        ("tanh(x)", 1.0, 1 - np.tanh(1) ** 2, -2 * np.tanh(1) * (1 - np.tanh(1) ** 2)),
        ("sin(x)", 0.7, np.cos(0.7), -np.sin(0.7)),
        ("x * x * x", 3.0, 27, 18),
    ],
)
def test_first_and_second_derivative_are_recorded_and_right(engine, formula, value, first, second):
    recording, _, _ = watch(engine, [TWICE.format(formula=formula, value=value)])
    assert recording.of.name == "y"
    assert told(recording) == {"y′": ("gx", pytest.approx(first)), "y″": ("gx2", pytest.approx(second))}
    assert right(recording) == [True] * 3


@BOTH
def test_each_function_knows_whose_backward_called_it(engine):
    recording, _, _ = watch(engine, [TWICE.format(formula="sin(x)", value=0.7)])
    first, second = (derivative.recording for derivative in recording.derivatives)
    assert called_by(first) == {"Sin": ["Cos", "Mul"]}
    assert first.graph.functions[0].backward_of is recording.graph.functions[0].object
    assert set(called_by(second)) == {"Cos", "Mul"}
    assert {id(function.backward_of) for function in second.graph.functions} <= {
        id(function.object) for function in first.graph.functions
    }
    assert [function.backward_of for function in recording.graph.functions] == [None]


@BOTH
def test_the_gradient_that_a_sweep_begins_with_has_the_books_name(engine):
    recording, _, _ = watch(engine, [TWICE.format(formula="tanh(x)", value=1.0)])
    leaves = [{leaf.name for leaf in each.recording.graph.leaves} for each in recording.derivatives]
    assert {"x", "gy"} <= leaves[0] <= {"x", "gy", "1"}
    assert {"x", "gy", "ggx"} <= leaves[1] <= {"x", "gy", "ggx", "1"}


@BOTH
def test_newtons_method_shows_its_last_round(engine):
    recording, namespace, _ = watch(
        engine,
        [
            """
x = Variable(np.array(2.0))
for _ in range(4):
    y = x ** 4 - 2 * x ** 2
    x.cleargrad()
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.backward()
    gx2 = x.grad.data if isinstance(x.grad, Variable) else x.grad
    x.data = x.data - gx.data / gx2
"""
        ],
    )
    (label, (name, value)) = next(iter(told(recording).items()))
    assert (label, name) == ("y′", "gx")
    assert value == namespace["gx"].data
    x = next(leaf.data for leaf in recording.derivatives[0].recording.wrt)
    assert value == pytest.approx(4 * x**3 - 4 * x)
    assert right(recording)[:2] == [True] * 2


@BOTH
def test_a_loop_over_orders_keeps_the_first_two(engine):
    cell = """
x = Variable(np.array(1.0))
y = tanh(x)
y.backward(create_graph=True)
for _ in range(3):
    gx = x.grad
    x.cleargrad()
    gx.backward(create_graph=True)
"""
    recording, _, _ = watch(engine, [cell])
    t = np.tanh(1.0)
    expected = {"y′": 1 - t**2, "y″": -2 * t * (1 - t**2)}
    assert {label: value for label, (_, value) in told(recording).items()} == pytest.approx(expected)
    assert right(recording) == [True] * 3


@BOTH
def test_later_cells_find_what_earlier_ones_built(engine):
    cells = ["x = Variable(np.array(0.7))\ny = sin(x)\ny.backward(create_graph=True)\ngx = x.grad\nx.cleargrad()"]
    recording, _, _ = watch(engine, [*cells, "gx.backward(create_graph=True)"])
    assert recording.of.name == "gx"
    assert list(told(recording)) == ["gx′"]
    recording, _, _ = watch(engine, [*cells, "gx.backward(create_graph=True)", "y"])
    assert list(told(recording)) == ["y′", "y″"]


@BOTH
def test_several_variables_have_partial_derivatives(engine):
    cell = """
x, z = Variable(np.array(2.0)), Variable(np.array(3.0))
y = x * x * z
y.backward(create_graph=True)
gx, gz = x.grad, z.grad
x.cleargrad(); z.cleargrad()
gx.backward(create_graph=True)
"""
    recording, _, _ = watch(engine, [cell])
    values = {label: value for label, (_, value) in told(recording).items()}
    assert values == {"∂y/∂x": 12, "∂y/∂z": 4, "∂²y/∂x²": 6, "∂²y/∂x∂z": 4}
    assert [derivative.by[-1].name for derivative in recording.derivatives] == ["x", "z", "x", "z"]
    assert all(derivative.cleared for derivative in recording.derivatives)


def test_of_very_many_partial_derivatives_the_later_ones_are_only_named():
    cell = "x, z = Variable(np.array([2.0, 3.0])), Variable(np.array(3.0))\ny = x * z\n"
    cell += "for _ in range(12): y = sin(y) * z\ny.backward(create_graph=True)"
    recording, _, _ = watch(OURS, [cell])
    first, second = recording.derivatives
    assert (first.label, second.label) == ("∂y/∂x", "∂y/∂z")
    assert first.recording is not None
    assert second.recording is None
    assert 40 < first.functions <= second.functions <= STUDIED_FUNCTIONS


@BOTH
def test_a_gradient_that_was_not_cleared_is_known_as_a_sum(engine):
    cell = TWICE.format(formula="x ** 3", value=2.0).replace("x.cleargrad()", "")
    recording, _, _ = watch(engine, [cell])
    assert [derivative.cleared for derivative in recording.derivatives] == [True, False]
    assert told(recording)["y″"][1] == 24  # 12 + 12


def test_the_result_is_what_the_cell_computed_though_backward_used_it():
    recording, _, _ = watch(
        OURS, ["x = Variable(np.array(1.0))\ny = tanh(x)\ny.backward(create_graph=True)\nz = x.grad"]
    )
    assert recording.of.name == "y"


def test_double_backprop_is_one_graph():
    cell = "x = Variable(np.array(2.0))\ny = x ** 2\ny.backward(create_graph=True)\ngx = x.grad\nx.cleargrad()\n"
    recording, namespace, _ = watch(OURS, [cell + "z = gx ** 3 + y\nz.backward()"])
    assert recording.of.name == "z"
    assert namespace["x"].grad == 100
    assert "Pow" in called_by(recording)
    assert compare(recording).ok
    assert recording.derivatives == ()


def test_without_create_graph_nothing_is_recorded():
    recording, _, _ = watch(OURS, ["x = Variable(np.array(2.0))\ny = x ** 2 + sin(x)\ny.backward()"])
    assert recording.derivatives == ()


def test_too_large_a_graph_is_counted_only():
    cell = f"x = Variable(np.array(0.5))\ny = x\nfor _ in range({STUDIED_FUNCTIONS}): y = sin(y)\n"
    recording, _, _ = watch(OURS, [cell + "y.backward(create_graph=True)"])
    (derivative,) = recording.derivatives
    assert derivative.recording is None
    assert derivative.functions > STUDIED_FUNCTIONS


def test_an_engine_that_nobody_watched_shows_its_leaves_gradients():
    namespace: dict[str, Any] = {}
    exec(OURS + "\nx = Variable(np.array(0.7))\ny = sin(x)\ny.backward(create_graph=True)\nz = x * x", namespace)
    recording = record_variables([namespace["y"]], namespace)
    assert told(recording) == {"y′": ("y′", pytest.approx(np.cos(0.7)))}
    assert right(recording) == [True] * 2
    assert record_variables([namespace["z"]], namespace).derivatives == ()


def test_the_log_holds_no_gradient():
    namespace: dict[str, Any] = {}
    log = CallLog()
    source = OURS + "\nx = Variable(np.array(0.7))\ny = sin(x)\ny.backward(create_graph=True)\nx.cleargrad()"
    recorder = Recorder(log, "<cell>", source)
    run_cell(source, recorder, namespace)
    assert record_cell(recorder, namespace, source).derivatives
    del recorder
    assert record_variables([namespace["y"]], namespace, log).derivatives == ()


def test_arrays_are_differentiated_as_their_sum():
    cell = "x = Variable(np.array([0.3, 0.7]))\ny = exp(x) * x\ny.backward(create_graph=True)"
    recording, _, _ = watch(OURS, [cell])
    assert right(recording) == [True] * 2
    np.testing.assert_allclose(recording.derivatives[0].recording.of.data, np.exp([0.3, 0.7]) * [1.3, 1.7])


def test_the_eighth_derivative_leaves_the_result_in_front():
    cell = "x = Variable(np.array(1.0))\ny = tanh(x)\ny.backward(create_graph=True)\nfor _ in range(7):\n"
    cell += "    gx = x.grad\n    x.cleargrad()\n    gx.backward(create_graph=True)"
    recording, _, _ = watch(OURS, [cell])
    assert recording.of.name == "y"
    assert [derivative.label for derivative in recording.derivatives] == ["y′", "y″"]
