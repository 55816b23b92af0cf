"""The steps in words and numbers: the chain rule with this step's numbers, and what stands out as wrong."""

from dataclasses import replace
from html import escape

import numpy as np
import pytest

from ipy_autodiff.gradcheck.blame.find_blame import blame_error
from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import CallLog, Recorder, record_cell
from ipy_autodiff.tracing.graph import Addition
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.steps.stepper import tell
from ipy_autodiff.views.text.gradient_timeline import timeline
from ipy_autodiff.views.text.labels import shorten
from tests.loop_engine import ENGINE
from tests.student_engines import ENGINES, MISTAKES
from tests.student_engines.notebook import read
from tests.tracing.watched import run_cell, watch
from tests.views import traces

OURS = "import numpy as np\nfrom ipy_autodiff import *\n"


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


def lines(step):
    return [(line.label, line.text, line.warn) for line in step.lines]


def test_a_step_says_what_came_in_the_rule_and_what_went_out():
    step = tell(traces.composed()).steps[1]
    assert (step.title, step.where, step.code, step.function) == ("Exp.backward", "line 6", "b = B(a)", "f1")
    assert lines(step) == [
        ("Came in from b", "gy = 2.5681", False),
        ("Local derivative", "db/da = 1.284", False),
        ("Went out to a", "gx = db/da × gy = 1.284 × 2.5681 = 3.2974", False),
        ("Stored in a", "a.grad = 3.2974", False),
    ]


def test_gradients_fill_in_as_the_sweep_proceeds():
    told = tell(traces.composed())
    assert told.start == {}
    assert [step.changes for step in told.steps] == [
        {"v3": "1", "v2": "2.5681"},
        {"v1": "3.2974"},
        {"v0": "3.2974"},
    ]


def test_a_replaced_gradient_stands_out():
    step = tell(traces.overwritten()).steps[1]
    assert lines(step)[-1] == ("Added to x", "x.grad = 6\nreplaced what was there; it should be: 1 + 6 = 7", True)


def test_an_addition_shows_both_parts():
    trace = with_additions((None, 1.0, 1.0), (1.0, 6.0, 7.0))
    assert lines(tell(trace).steps[1])[-1] == ("Added to x", "x.grad = 1 + 6 = 7", False)


def test_a_gradient_that_was_never_cleared_stands_out():
    told = tell(with_additions((5.0, 1.0, 6.0), (6.0, 6.0, 12.0)))
    label, text, warn = lines(told.steps[0])[-1]
    assert (label, warn) == ("Added to x", True)
    assert text.startswith("x.grad = 5 + 1 = 6\n5 was left over from before")
    assert told.start == {"v0": "5"}


def test_an_old_gradient_that_is_replaced_is_only_mentioned():
    label, text, warn = lines(tell(with_additions((5.0, 1.0, 1.0), (1.0, 6.0, 7.0))).steps[0])[-1]
    assert (label, warn) == ("Stored in x", False)
    assert "5" in text.splitlines()[1]


def test_zeros_as_a_start_are_no_old_gradient():
    assert not lines(tell(with_additions((0.0, 1.0, 1.0), (1.0, 6.0, 7.0))).steps[0])[-1][2]


def test_a_sum_that_is_neither_is_unexpected():
    _, text, warn = lines(tell(with_additions((None, 1.0, 1.0), (1.0, 6.0, 12.0))).steps[1])[-1]
    assert warn
    assert "it should be: 1 + 6 = 7" in text


def test_a_backward_that_breaks_the_chain_rule_stands_out():
    line = lines(tell(traces.wrong_function()).steps[1])[2]
    assert line == ("Went out to a", "gx = 1.284\nby the chain rule it should be: db/da × gy = 3.2973", True)


def test_several_inputs_are_numbered_and_named():
    step = tell(traces.overwritten()).steps[0]
    assert lines(step)[1:5] == [
        ("Local derivative", "∂y/∂t = 1", False),
        ("Went out to t", "gx0 = ∂y/∂t × gy = 1 × 1 = 1", False),
        ("Local derivative", "∂y/∂x = 1", False),
        ("Went out to x", "gx1 = ∂y/∂x × gy = 1 × 1 = 1", False),
    ]


def test_what_has_no_name_is_called_after_its_function():
    x = traces.variable(0, "x", 2.0, None, "leaf")
    square = traces.variable(1, "Square(x)", 4.0, named=False)
    y = traces.variable(2, "y", 8.0, None, "output")
    f, add = traces.function(0, "Square", [x], [square]), traces.function(1, "Add", [square, square], [y])
    steps = (
        traces.step(1, add, [1.0], [1.0, 1.0], [1.0, 1.0], [(square, None, 1.0, 1.0), (square, 1.0, 1.0, 2.0)]),
        traces.step(2, f, [2.0], [8.0], [4.0], [(x, None, 8.0, 8.0)]),
    )
    first, second = tell(traces.recorded((x, square, y), (f, add), steps)).steps
    assert [text for _, text, _ in lines(first)] == [
        "gy = 1",
        "∂y/∂(input 0) = 1",
        "gx0 = ∂y/∂(input 0) × gy = 1 × 1 = 1",
        "∂y/∂(input 1) = 1",
        "gx1 = ∂y/∂(input 1) × gy = 1 × 1 = 1",
        "grad = 1 + 1 = 2",
    ]
    assert [text for _, text, _ in lines(second)][1:] == [
        "d(Square)/dx = 4",
        "gx = d(Square)/dx × gy = 4 × 2 = 8",
        "x.grad = 8",
    ]


def test_matrices_stand_in_rows():
    step = tell(traces.matrices()).steps[1]
    assert lines(step)[0] == ("Came in from r", "gy = [[1 1]\n      [1 1]\n      [1 1]\n      [1 1]]", False)
    assert lines(step)[-1] == ("Stored in z", "z.grad = gx", False)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_rounding_is_no_mistake(dtype):
    rng = np.random.default_rng(0)
    a, b, local = (rng.normal(size=50).astype(dtype) for _ in range(3))
    x = traces.variable(0, "x", a, None, "leaf")
    y = traces.variable(1, "y", a, None, "output")
    f, g = (traces.function(number, "F", [x], [y]) for number in range(2))
    gx = (local.astype("f8") * b.astype("f8")).astype(dtype)
    after = (a.astype("f8") + gx.astype("f8")).astype(dtype)
    steps = (
        traces.step(1, f, [b], [b], [np.ones_like(b)], [(x, None, b, a)]),
        traces.step(2, g, [b], [gx], [local], [(x, a, gx, after)]),
    )
    assert not any(line.warn for line in tell(traces.recorded((x, y), (f,), steps)).steps[1].lines)


@pytest.mark.parametrize(
    ("source", "begun", "note"),
    [
        ("", False, "This backward pass was run on copies"),
        ("y = f(x)", False, "The cell ran no backward pass from y."),
        ("y.backward()", True, "The cell did not run this whole backward pass"),
    ],
)
def test_a_sweep_on_copies_says_why(source, begun, note):
    (said,) = tell(Trace(replace(traces.overwritten().recording, source=source, begun=begun))).notes
    assert said.startswith(note)


def test_a_sweep_that_the_cell_did_not_run_is_marked():
    assert tell(traces.composed()).notes == ()
    assert tell(traces.cyclic()).notes == ("There is no backward pass to show.",)


def test_what_a_backward_raised_is_shown():
    trace = traces.composed()
    s = trace.steps[0]
    broken = traces.step(1, s.function, [1.0], [None], [None], [], error="TypeError: bad\noperand")
    told = tell(traces.recorded(trace.graph.variables, trace.graph.functions, (broken,)))
    assert ("Raised", "TypeError: bad operand", True) in lines(told.steps[0])


@pytest.mark.parametrize("gxs", [(), (1.0, 2.0, 3.0), (None,), (np.zeros((2, 2)),)])
def test_any_number_and_shape_of_gradients_is_shown(gxs):
    trace = traces.composed()
    s = trace.steps[0]
    odd = traces.step(1, s.function, [1.0], gxs, [2.0] * len(gxs), [])
    assert tell(traces.recorded(trace.graph.variables, trace.graph.functions, (odd,))).steps[0].lines


def test_of_a_long_sweep_the_ends_are_shown_with_their_own_numbers():
    told = tell(traces.chain(1000))
    assert told.total == 1000
    assert [step.number for step in told.steps] == [*range(1, 61), *range(941, 1001)]
    assert any("1000" in note for note in told.notes)


@pytest.mark.parametrize("text", traces.HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_texts_stay_short(text, language):
    with speaking(language):
        told = tell(traces.hostile(text))
    for step in told.steps:
        assert len(step.title) <= 60
        assert all(len(line.label) < 60 and len(line.text) < 400 and "\0" not in line.text for line in step.lines)


def test_a_function_that_mixes_elements_has_no_local_derivative():
    cell = "x = Variable(np.array([1.0, 2.0, 3.0]))\ny = softmax(x)\nz = y * np.array([1.0, 5.0, 2.0])\nz.backward()"
    mul, softmax = tell(Trace(watch(OURS, (cell,))[0])).steps
    assert [label for label, _, _ in lines(mul)][1] == "Local derivative"
    assert [label for label, _, _ in lines(softmax)] == ["Came in from y", "Went out to x", "Stored in x"]
    assert not softmax.stands_out


def test_no_engine_of_the_books_stages_stands_out_where_it_is_right():
    for engine in ENGINES:
        told = tell(Trace(watch(engine.source, engine.cells, engine.of)[0]))
        assert not any(step.stands_out for step in told.steps), engine.name


def test_nothing_of_a_right_sweep_over_square_matrices_stands_out():
    cell = (
        "x, w = Variable(np.array([[1.0, 2.0], [3.0, 4.0]])), Variable(np.array([[1.0, 2.0], [3.0, 5.0]]))\n"
        "y = np.sum((x @ w).T ** 2 * w)\ny.backward()"
    )
    told = tell(Trace(watch(OURS, (cell,))[0]), judged=True)
    assert len(told.steps) == 5
    assert not any(step.stands_out for step in told.steps)
    assert told.at == 0


def test_it_opens_at_the_function_that_is_to_blame():
    engine = ENGINE.replace("return 2 * self.input.data * gy", "return 2 * gy")
    recording, _, _ = watch(engine, ("x = Variable(np.array(3.0))\na = square(x)\ny = exp(a)\ny.backward()",))
    told = tell(Trace(recording), judged=True)
    assert (told.at, told.why) == (2, "This is the first step with a wrong number.")
    assert lines(told.steps[1])[0] == ("Came in from a", "gy = 8103.1", False)
    assert ("Local derivative", "da/dx = 2", True) in lines(told.steps[1])
    assert (tell(Trace(recording)).at, tell(Trace(recording), judged=True, asking=True).at) == (0, 0)


def test_it_opens_where_a_gradient_was_overwritten():
    source, _ = read("step13_many_inputs")
    recording, _, _ = watch(source, ("x = Variable(np.array(3.0))\ny = add(x, x)\ny.backward()",))
    for judged in (False, True):
        told = tell(Trace(recording), judged=judged)
        assert told.at == 1
        assert "it should be: 1 + 1 = 2" in lines(told.steps[0])[-1][1]


@pytest.mark.parametrize(
    ("name", "at", "said"),
    [
        ("no_order", 3, "Square.backward ran before the gradient of"),
        ("forward_in_place", 1, "Square.forward writes into its input array"),
        ("every_function_gets_the_seed", 2, "Exp.backward received the gradient of"),
        ("seed_is_the_value", 1, "The backward pass starts with the value of"),
        ("cube_wrong_power", 2, "Cube.backward has the wrong power"),
        ("add_without_unbroadcast", None, "was broadcast; Add.backward returns its gradient with shape"),
    ],
)
def test_it_opens_where_it_is_wrong_and_leaves_it_to_the_verdict_to_say_so(name, at, said):
    mistake = next(mistake for mistake in MISTAKES if mistake.name == name)
    trace = Trace(watch(mistake.source, mistake.cells)[0])
    told = tell(trace, judged=True)
    if at is None:  # of two calls the one that this engine happens to visit first
        at = [step.title for step in told.steps].index("Add.backward") + 1
    assert told.at == at
    sentence = shorten(trace.blame[0].sentence, 400)
    assert said in sentence
    assert not any(sentence in line.text for step in told.steps for line in step.lines)
    (page, text) = (bundle := mime_bundle(trace, live=False)[0])["text/html"], bundle["text/plain"]
    assert page.count(escape(sentence)) == text.count(sentence) == 1


def test_a_call_that_an_engine_visits_twice_is_not_told_to_add():
    source, cells = read("step13_many_inputs")
    told = tell(Trace(watch(source, cells)[0]), judged=True)
    assert [step.title for step in told.steps] == ["Add.backward", "Polar.backward", "Polar.backward"]
    assert lines(told.steps[2])[-1] == ("Stored in y", "y.grad = 0.92", False)
    assert not any(step.stands_out for step in told.steps)
    adding = source.replace("x.grad = gx", "x.grad = gx if x.grad is None else x.grad + gx")
    assert adding != source
    told = tell(Trace(watch(adding, cells)[0]), judged=True)
    assert told.at == 3
    last = lines(told.steps[2])[-1]
    assert last == ("Added to y", "y.grad = 0.92 + 0.92 = 1.84\nThis call's contribution was already added.", True)


def test_it_opens_at_the_start_where_all_is_right():
    assert tell(traces.composed(), judged=True).at == 0
    recording, _, _ = watch(ENGINE, ("x = Variable(np.array(3.0))\ny = exp(square(x))\ny.backward()",))
    assert (tell(Trace(recording), judged=True).at, tell(Trace(recording), judged=True).why) == (0, "")


@pytest.mark.parametrize("sweep", ["y.backward()", "b.grad = C.backward(y.grad)"])
def test_the_call_that_ended_the_cells_own_sweep_is_shown(sweep):
    source, (calls, *_) = read("step07_recursive")
    trace = failing(source, calls, f"x = Variable(np.array(0.5))\nb = B(A(x))\ny = C(b)\n{sweep}")
    told = tell(trace, judged=True)
    assert told.at == 1
    assert told.why == "The cell's own backward pass ended here, with an error."
    label, text, warn = lines(told.steps[0])[0]
    assert (label, warn) == ("In the cell", True)
    assert text.splitlines()[0] == "gy = None"
    assert text.splitlines()[1].startswith("TypeError: unsupported operand type(s) for *")
    assert text.splitlines()[2] == "y.grad had no gradient yet."
    assert not any(step.stands_out for step in told.steps[1:])


def test_a_forgotten_seed_is_not_taken_for_a_forgotten_as_array():
    source, (calls, *_) = read("step07_recursive")
    namespace = {"__name__": "__main__"}
    exec(source + calls, namespace)
    with pytest.raises(TypeError) as caught:
        exec("y = C(B(A(Variable(np.array(0.5)))))\ny.backward()", namespace)
    assert blame_error(caught.value) is None


def test_the_timeline_ends_with_what_the_sweep_left():
    trace = traces.composed()
    assert timeline(trace.recording).final("v0") == "3.2974"
    assert timeline(trace.recording) is timeline(trace.recording)
    assert timeline(traces.recorded((traces.variable(0, "x", 1.0, 8.0),), ()).recording).final("v0") == "8"
    assert timeline(traces.recorded((traces.variable(0, "x", 1.0),), ()).recording).final("v0") == "None"


def failing(*cells):
    """The trace of the last cell, which raises."""
    namespace, log = {"__name__": "__main__"}, CallLog()
    for number, cell in enumerate(cells):
        recorder = Recorder(log, f"<cell {number}>", cell)
        if number < len(cells) - 1:
            run_cell(cell, recorder, namespace)
    with pytest.raises(TypeError):
        run_cell(cell, recorder, namespace)
    return Trace(record_cell(recorder, namespace, cell, failed=True))


def with_additions(first, second):
    trace = traces.overwritten()
    x, t, _ = trace.graph.variables
    add, square = (s.function for s in trace.steps)
    steps = (
        traces.step(1, add, [1.0], [1.0, 1.0], [1.0, 1.0], [(t, None, 1.0, 1.0), (x, *first)]),
        traces.step(2, square, [1.0], [6.0], [6.0], [(x, *second)]),
    )
    assert isinstance(steps[0].additions[0], Addition)
    return traces.recorded(trace.graph.variables, trace.graph.functions, steps)
