"""Sliders without a page: ranges, updates against the formula, branches, running anew; every student engine."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipy_autodiff as ad
from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import ReplayError, record_variables
from ipy_autodiff.tracing.following import Follower, detached
from ipy_autodiff.tracing.moving import Mover
from ipy_autodiff.views.explore.controls import NoControl, control, controls, moved_data
from ipy_autodiff.views.explore.explorer import Explorer
from ipy_autodiff.views.explore.rerun import NotRerun, rerun
from ipy_autodiff.views.output.bundle import mime_bundle
from tests.student_engines import ENGINES
from tests.tracing.watched import watch

ENGINE = (
    "import numpy as np\nfrom ipy_autodiff import Function, Variable, square, exp, sin, add, matmul, sum as total\n"
)


def recorded(cell, before=""):
    """The recording of a cell on the reference engine, and its namespace."""
    recording, namespace, _ = watch(ENGINE + before, [cell])
    assert recording is not None
    return recording, namespace


def moved(recording, namespace=None, **values):
    explorer = Explorer(recording, controls(recording), namespace)
    return explorer.picture({one.name: values.get(one.name, one.value) for one in explorer.controls})


SIMPLE = "x = Variable(np.array(0.5))\ny = square(exp(square(x)))\ny.backward()"


@settings(deadline=None)
@given(st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6))
def test_a_range_holds_its_value_on_its_grid_and_both_signs_of_a_slope(value):
    x = ad.Variable(np.array(value), name="x")
    (one,) = controls(record_variables([ad.square(x)], {"x": x}))
    assert one.low < one.value == value < one.high
    steps = (value - one.low) / one.step
    assert abs(steps - round(steps)) < 1e-3
    assert 100 <= (one.high - one.low) / one.step <= 1000


def test_whole_numbers_move_in_whole_steps():
    recording, _ = recorded("x = Variable(np.array(3))\ny = square(x)")
    (one,) = controls(recording)
    assert (one.low, one.high, one.step) == (-7, 13, 1)
    assert moved_data([one], {"x": 4.0})[one.node].dtype.kind == "i"


def test_elements_of_arrays_move_alone():
    recording, _ = recorded("W = Variable(np.arange(6.0).reshape(2, 3))\ny = total(square(W))\ny.backward()")
    assert [one.name for one in controls(recording)] == ["W[0, 0]"]
    one = control(recording, " W[1,-1] ")
    assert (one.name, one.place, one.value) == ("W[1, 2]", (1, 2), 5.0)
    data = moved_data([one], {"W[1, 2]": 7.0})[one.node]
    assert data.tolist() == [[0, 1, 2], [3, 4, 7]]
    told = Explorer(recording, [one]).picture({"W[1, 2]": 7.0})
    assert told["slopes"] == {"W[1, 2]": 14.0}
    assert told["y"] == 55 - 25 + 49


@pytest.mark.parametrize("name", ["z", "x[0]", "W", "W[2, 0]", "W[0]", "y", "W[a]", "", "[0]"])
def test_what_is_no_number_is_refused(name):
    recording, _ = recorded("x = Variable(np.array(1.0))\nW = Variable(np.ones((2, 2)))\ny = total(x * W)")
    with pytest.raises(NoControl):
        control(recording, name)


@settings(deadline=None)
@given(st.floats(-2, 2))
def test_values_gradients_and_slope_follow_the_formula(value):
    recording, namespace = _SIMPLE
    told = moved(recording, x=value)
    assert told["y"] == pytest.approx(np.exp(2 * value**2), rel=1e-6)
    if value != 0.5:
        assert told["slopes"]["x"] == pytest.approx(4 * value * np.exp(2 * value**2), rel=1e-6, abs=1e-9)
    assert namespace["x"].data == 0.5
    assert namespace["x"].grad == pytest.approx(3.2974425414)


_SIMPLE = recorded(SIMPLE)


@pytest.mark.parametrize("engine", [one for one in ENGINES if one.functions], ids=lambda engine: engine.name)
def test_following_is_moving_for_every_engine(engine):
    recording, _, _ = watch(engine.source, engine.cells)
    run = detached(recording)
    follower = Follower(run)
    for factor in (0.9, 1.1, 0.9):
        data = {node: np.asarray(node.data * factor) for node in run.graph.leaves if node.name in engine.gradients}
        names = {node.id: value for node, value in data.items()}
        expected = Mover(recording).moved({node: names[node.id] for node in recording.graph.leaves if node.id in names})
        found = follower.at(data, with_steps=True)
        values = {node.id: value for node, value in found.values.items()}
        for node in expected.graph.variables:
            np.testing.assert_array_equal(values[node.id], node.data)
        gradients = {node.id: gradient for node, gradient in found.gradients.items()}
        for node, gradient in expected.gradients.items():
            if node.role == "leaf":
                np.testing.assert_array_equal(gradients[node.id], gradient)
        assert [step.function.id for step in found.steps] == [step.function.id for step in expected.steps]
        for step, other in zip(found.steps, expected.steps, strict=True):
            for one, two in zip((*step.gys, *step.gxs), (*other.gys, *other.gxs), strict=True):
                np.testing.assert_array_equal(one, two)


def test_a_step_is_told_with_the_moved_numbers():
    recording, _ = recorded(SIMPLE)
    explorer = Explorer(recording, controls(recording))
    with speaking("en"):
        told = explorer.picture({"x": 1.0}, step=1)
    (x,) = (node.id for node in recording.graph.variables if node.name == "x")
    assert [line["text"] for line in told["lines"]][-1] == "grad = 5.4366"
    assert told["gradients"][x] == ""
    assert told["data"][x] == "1"


def test_the_curve_is_the_output_over_the_range():
    recording, _ = recorded("x = Variable(np.array(1.0))\ny = square(x)\ny.backward()")
    found = Explorer(recording, controls(recording)).curve("x", {"x": 1.0})
    xs = np.linspace(found["low"], found["high"], len(found["ys"]))
    np.testing.assert_allclose(found["ys"], xs**2, rtol=1e-6)


@pytest.mark.parametrize(
    ("formula", "at", "slope"),
    [
        ("exp(square(x))", 0.5, 1.284025),
        ("exp(square(x) / 4)", 3.0, 14.23161),
        ("square(exp(exp(square(x))))", 0.5, 33.488363),
        ("exp(x * 10)", 2.0, 4.85165e9),
        ("x * 2 + sin(x * 1000)", 0.1, 864.3189),
        ("square(x)", -3.0, -6.0),
    ],
)
def test_the_tangent_can_be_told_from_the_axis(formula, at, slope):
    recording, _ = recorded(f"x = Variable(np.array({at}))\ny = {formula}\ny.backward()")
    explorer = Explorer(recording, controls(recording))
    found = explorer.curve("x", {"x": at})
    rise = abs(slope) * (found["high"] - found["low"])
    assert found["low"] < at < found["high"]
    assert rise >= 0.15 * np.ptp(found["ys"])
    assert explorer.measured("x", {"x": at}) == pytest.approx(slope, rel=1e-3)


def test_the_window_follows_the_value_and_stays_where_it_can():
    recording, _ = recorded("x = Variable(np.array(3.0))\ny = exp(square(x) / 4)\ny.backward()")
    explorer = Explorer(recording, controls(recording))
    first = explorer.curve("x", {"x": 3.0})
    assert explorer.curve("x", {"x": 3.1}) is first
    moved = explorer.curve("x", {"x": 8.0})
    assert moved["low"] < 8.0 < moved["high"]
    assert explorer.curve("x", {"x": -6.0}, wait=False) is moved


@pytest.mark.parametrize("formula", ["relu(x)", "np.abs(x)"])
def test_no_slope_is_measured_where_there_is_none(formula):
    before = "from ipy_autodiff import *" if "relu" in formula else ""
    recording, _ = recorded(f"x = Variable(np.array(0.0))\ny = {formula}\ny.backward()", before)
    assert not Explorer(recording, controls(recording)).measured("x", {"x": 0.0})


def test_a_wrong_gradient_s_true_slope_is_sent_at_rest():
    wrong = """
class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        return 2 * gy
"""
    view, _ = shown(f"{wrong}\nx = Variable(np.array(3.0))\ny = exp(Square()(x) / 4)\ny.backward()")
    assert "measured" not in ask(view, "move", values={"x": 3.0}, of="x")
    update = ask(view, "rest", values={"x": 3.0}, of="x")
    assert update["slopes"]["x"] == pytest.approx(4.74387, rel=1e-4)
    assert update["measured"] == pytest.approx(14.2316, rel=1e-4)


def test_what_the_students_code_raises_is_told():
    before = """
class Picky(Function):
    def forward(self, x):
        if x > 1:
            raise ValueError("too large")
        return x * 2
    def backward(self, gy):
        return gy * 2
"""
    recording, _ = recorded("x = Variable(np.array(0.5))\ny = Picky()(x)", before)
    with speaking("en"):
        assert "too large" in moved(recording, x=2.0)["error"]
        assert moved(recording, x=0.7)["y"] == 1.4
    assert None in Explorer(recording, controls(recording)).curve("x", {})["ys"]
    with pytest.raises(ReplayError):
        Follower(recording).at({recording.graph.leaves[0]: np.array(2.0)})


BRANCHES = [
    ("x = Variable(np.array(0.5))\nif x.data < 1:\n    y = square(x)\nelse:\n    y = exp(x)\n", 0.9, 1.5),
    ("x = Variable(np.array(0.5))\ny = square(x) if float(x.data) < 1 else exp(x)\n", 0.9, 1.5),
    (
        "x = Variable(np.array(0.5))\nlimit = 2 * 0.5\nz = x.data\nif np.abs(z) < limit:\n    y = square(x)\n",
        -0.9,
        -1.5,
    ),
    ("x = Variable(np.array(0.5))\nt = square(x)\nassert t.data < 1\ny = exp(t)\n", 0.9, 1.5),
    ("x = Variable(np.array(2.5))\ny = x\nfor _ in range(int(x.data)):\n    y = square(y)\n", 2.9, 3.1),
    ("x = Variable(np.array(8.0))\ny = x\nwhile y.data > 1:\n    y = y * 0.5\n", 7.0, 9.0),
    ("x = Variable(np.array(8.0))\ny = x\nwhile y.data > 1:\n    y = y * 0.5\n", 5.0, 3.0),
]


IN_LOOPS_AND_FUNCTIONS = [
    ("x = Variable(np.array(0.5))\ndef f(v):\n    return square(v) if v.data < 1 else exp(v)\ny = f(x)\n", 0.9, 1.5),
    (
        "x = Variable(np.array(0.5))\ny = x\nfor i in range(3):\n    y = square(y) if y.data < 1 else sin(y)\n",
        0.9,
        1.5,
    ),
    ("x = Variable(np.array(0.5))\ny = sin(total(*[x] if x.data < 1 else [x * 2]))\n", 0.9, 1.5),
    ("x = Variable(np.array(0.5))\ny = {True: square, False: exp}[bool(x.data < 1)](x)\n", 0.9, 1.5),
    ("x = Variable(np.array(4.0))\ny = x\nfor i in range(3):\n    if y.data < 9:\n        y = y * 2\n", 4.2, 5.0),
]


@pytest.mark.parametrize(("cell", "same", "other"), BRANCHES + IN_LOOPS_AND_FUNCTIONS)
def test_another_path_of_the_cell_is_said(cell, same, other):
    recording, namespace = recorded(cell)
    explorer = Explorer(recording, controls(recording), namespace, seconds=0.1)
    with speaking("en"):
        assert explorer.departure({"x": same}) == ""
        assert explorer.departure({"x": other}).startswith("At these values the cell would ")
    assert explorer.remarks() == []


def test_both_calls_are_named_with_their_lines():
    recording, namespace = recorded(BRANCHES[0][0])
    with speaking("en"):
        said = Explorer(recording, controls(recording), namespace, seconds=0.1).departure({"x": 1.5})
    assert said == "At these values the cell would call Exp (line 5) where this graph has Square (line 3)."


EFFECTS = {
    "open": "open('written', 'w').write('x')",
    "os.mkdir": "__import__('os').mkdir('written')",
    "subprocess.Popen": "__import__('subprocess').run(['touch', 'written'])",
    "socket.getaddrinfo": "__import__('socket').create_connection(('127.0.0.1', 9), 0.1)",
}


@pytest.mark.parametrize("event", EFFECTS)
def test_a_cell_with_effects_is_not_run_aside(event, tmp_path, monkeypatch):
    recording, namespace = recorded("x = Variable(np.array(0.5))\ny = square(x)\n")
    cell = f"{recording.source}\ntry:\n    {EFFECTS[event]}\nexcept OSError:\n    pass\n"
    monkeypatch.chdir(tmp_path)
    explorer = Explorer(replace(recording, source=cell), controls(recording), namespace, seconds=0.1)
    with speaking("en"):
        assert explorer.departure({"x": 1.5}) == ""
        (remark,) = explorer.remarks()
    assert remark.startswith(f"The cell has effects ({event}), so it is not run again")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "later").write_text("outside of the run aside, files can be written")


def test_a_cell_that_took_long_is_not_run_aside():
    recording, namespace = recorded(BRANCHES[0][0])
    explorer = Explorer(recording, controls(recording), namespace, seconds=5.0)
    with speaking("en"):
        assert explorer.departure({"x": 1.5}) == ""
        assert explorer.remarks()[0].startswith("Only this graph is followed")


def test_a_cell_runs_anew_in_a_namespace_of_its_own():
    recording, namespace = recorded(BRANCHES[0][0] + "seen.append(y)\n", "seen = []\n")
    before = namespace["x"], namespace["y"], len(namespace["seen"])
    (one,) = controls(recording)
    again = rerun(recording, namespace, {one: 1.5})
    assert [function.name for function in again.graph.functions] == ["Exp"]
    assert again.of.data == np.exp(1.5)
    assert (namespace["x"], namespace["y"], len(namespace["seen"])) == before
    assert namespace["x"].data == 0.5


def test_a_leaf_of_an_earlier_cell_is_set_before_the_cell_runs():
    recording, namespace = recorded("y = square(x)\ny.backward()", "x = Variable(np.array(2.0))\n")
    (one,) = controls(recording)
    again = rerun(recording, namespace, {one: 3.0})
    assert again.of.data == 9.0
    assert namespace["x"].data == 2.0
    assert namespace["x"].grad == 4.0


def test_a_cell_that_raises_anew_says_so():
    recording, namespace = recorded("x = Variable(np.array(0.5))\nassert x.data < 1\ny = square(x)")
    (one,) = controls(recording)
    with pytest.raises(NotRerun, match="AssertionError"):
        rerun(recording, namespace, {one: 2.0})


def shown(cell, **more):
    recording, namespace = recorded(cell)
    with speaking("en"):
        return mime_bundle(Trace(recording), namespace=namespace, seconds=0.1, **more)[1](), namespace


def ask(view, kind, **message):
    view.exploration._take(view, {"kind": kind, "by": "me", "number": 1, "step": 0, **message})
    return view.update


def test_page_and_python_move_the_same_sliders():
    view, _ = shown(SIMPLE)
    seen = []
    view.sliders["x"].observe(lambda change: seen.append(change["new"]), "value")
    update = ask(view, "move", values={"x": 0.9}, of="x")
    assert (update["by"], update["number"], update["moved"]) == ("me", 1, True)
    assert view.sliders["x"].value == 0.9
    view.sliders["x"].value = 0.7
    assert view.update["values"] == {"x": 0.7}
    assert "by" not in view.update
    assert seen == [0.9, 0.7]
    assert ask(view, "move", values={"x": 0.5})["moved"] is False
    assert ask(view, "move", values={"x": 99})["values"] == {"x": 1.5}


def test_at_rest_the_comparison_and_the_curve_come_too():
    view, _ = shown(SIMPLE)
    update = ask(view, "rest", values={"x": 0.9}, of="x")
    assert update["check"]["rows"][0]["verdict"] == "pass"
    assert update["check"]["rows"][0]["cells"][1].startswith("18.191")
    assert update["curve"]["of"] == "x"
    assert "x" in update["check"]["pictures"]["rows"][0]["steps"]["caption"]


def test_a_slider_is_added_by_name_and_refused_by_name():
    view, _ = shown("W = Variable(np.arange(4.0))\ny = total(square(W))\ny.backward()")
    assert ask(view, "add", name="W[2]")["curve"]["of"] == "W[2]"
    assert [one["name"] for one in view.controls["sliders"]] == ["W[0]", "W[2]"]
    assert "W[9]" in ask(view, "add", name="W[9]")["refused"]
    assert view.exploration.add("W[3]").value == 3.0


def test_running_anew_shows_another_run_and_comes_back():
    view, namespace = shown(BRANCHES[0][0])
    ask(view, "rest", values={"x": 1.4})
    assert view.update["branches"]
    ask(view, "anew")
    assert "Functions: 1" in view.anew["whole"]["svg"]
    assert view.controls["anew"]
    assert view.sliders["x"].value == 1.4
    assert ask(view, "move", values={"x": 1.2})["y"] == pytest.approx(np.exp(1.2))
    ask(view, "recorded")
    assert (view.anew, view.controls["anew"], view.sliders["x"].value) == ({}, "", 0.5)
    assert ask(view, "move", values={"x": 0.6})["y"] == pytest.approx(0.36)
    assert namespace["x"].data == 0.5


@pytest.mark.parametrize("count", [10, 100])
def test_an_update_is_small_and_json(count):
    view, _ = shown(f"x = Variable(np.linspace(0.1, 0.2, 4))\ny = x\nfor i in range({count}):\n    y = sin(y)\n")
    update = ask(view, "move", values={"x[0]": 0.15}, of="x[0]", step=2)
    assert update["moved"]
    assert len(json.dumps(update, allow_nan=False)) < 10_000


def test_ranges_that_were_asked_for_come_first_and_unknown_ones_are_named():
    from ipy_autodiff.shell.options import Slider

    view, _ = shown(SIMPLE, sliders=[Slider("x", -2, 2, 0.1), Slider("nothing", 0, 1, 0.1)])
    (one,) = view.controls["sliders"]
    assert (one["min"], one["max"], one["step"], one["value"]) == (-2, 2, 0.1, 0.5)
    assert view.controls["remarks"] == ["--slider nothing: there is no such number to move. Available: x."]
    view, _ = shown("x = Variable(np.zeros(0))\ny = x * 2\ny.backward()", sliders=[Slider("x", -2, 2, 0.1)])
    assert view.controls["remarks"] == ["--slider x: there are no numbers to move here."]
