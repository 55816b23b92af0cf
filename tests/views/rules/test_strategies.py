"""The book's figures, rule by rule: what each stage's sweep gets right, and where the earlier ones go wrong."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipy_autodiff as ad
from ipy_autodiff import Variable
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.tracing.replay import ReplayError
from ipy_autodiff.views.rules.strategies import MOST_CALLS, RULES, affordable_calls, sweep_by_rules, sweepable
from tests.student_engines import ENGINES, MISTAKES
from tests.tracing.watched import watch


def variables(**values):
    return [Variable(np.array(value), name) for name, value in values.items()]


def swept(y):
    recording = record_variables([y], {})
    sweeps = sweep_by_rules(recording.graph, recording.of)
    assert tuple(sweep.rule for sweep in sweeps) == RULES
    return sweeps


def gradients(sweeps, name):
    return [
        float(np.squeeze(gradient))
        for sweep in sweeps
        for node, gradient in sweep.gradients.items()
        if node.name == name
    ]


def called(sweep):
    return " ".join(call.function.name for call in sweep.calls)


def test_on_a_chain_all_rules_agree():
    (x,) = variables(x=0.5)
    sweeps = swept(ad.square(ad.exp(ad.square(x))))
    assert {called(sweep) for sweep in sweeps} == {"Square Exp Square"}
    assert gradients(sweeps, "x") == pytest.approx([3.297442541400256] * 4)
    assert [sweep.departure for sweep in sweeps] == [None] * 4


def test_a_variable_that_is_added_to_itself():
    (x,) = variables(x=3.0)
    sweeps = swept(x + x)
    assert gradients(sweeps, "x") == [1, 1, 2, 2]
    assert [sweep.departure and sweep.departure.kind for sweep in sweeps] == ["replaced", "replaced", None, None]


def test_a_variable_that_is_added_three_times():
    (x,) = variables(x=3.0)
    sweeps = swept((x + x) + x)
    assert gradients(sweeps, "x") == [1, 1, 3, 3]


def test_two_inputs_that_are_each_used_once():
    x, y = variables(x=2.0, y=3.0)
    sweeps = swept(ad.square(x) + ad.square(y))
    assert gradients(sweeps, "x") == [4] * 4
    assert gradients(sweeps, "y") == [6] * 4


def test_the_graph_for_which_generations_are_needed():
    (x,) = variables(x=2.0)
    a = ad.square(x)
    sweeps = swept(ad.square(a) + ad.square(a))
    assert gradients(sweeps, "x") == [32, 32, 96, 64]
    assert [called(sweep) for sweep in sweeps] == ["Add Square Square Square Square"] * 3 + ["Add Square Square Square"]
    for sweep in sweeps[:3]:
        departure = sweep.departure
        assert (departure.kind, departure.call) == ("early", 3)
        assert departure.function.inputs[0].name == "x"
        assert (departure.found, departure.due) == (8, 16)


def test_a_list_takes_the_last_input_first_and_recursion_the_first():
    (x,) = variables(x=3.0)
    recursive, loop, *_ = swept(ad.square(x) + x)
    assert gradients([recursive], "x") == [1]
    assert gradients([loop], "x") == [6]
    assert [assignment.function.name for assignment in recursive.calls[1].assignments] == ["Square", "Add"]


def test_a_function_that_waits_twice_in_the_list_is_counted_twice():
    (x,) = variables(x=3.0)
    a = ad.square(x)
    *_, adding, generation = swept(a * a)
    assert gradients([adding, generation], "x") == [216, 108]
    assert adding.departure.kind == "again"
    assert adding.departure.call == 3


def test_a_rule_that_needs_too_many_calls_is_stopped():
    (x,) = variables(x=1.0)
    y = ad.square(x)
    for _ in range(20):
        y = y + y
    *naive, generation = swept(y)
    assert [(len(sweep.calls), sweep.ended) for sweep in naive] == [(MOST_CALLS, False)] * 3
    assert (len(generation.calls), generation.ended) == (21, True)
    assert gradients([generation], "x") == [2.0**21]


def test_large_arrays_allow_fewer_calls():
    small, large = (Variable(np.zeros(size), "x") for size in (3, 1_000_000))
    for x, most in ((small, MOST_CALLS), (large, 5)):
        recording = record_variables([np.sum(x * x + x)], {})
        assert affordable_calls(recording.graph, recording.of) == most


def test_by_generation_is_never_stopped():
    (x,) = variables(x=1.0)
    y = x
    for _ in range(MOST_CALLS + 5):
        y = ad.sin(y)
    assert all(sweep.ended and len(sweep.calls) == MOST_CALLS + 5 for sweep in swept(y))


def test_nothing_in_the_notebook_is_touched():
    (x,) = variables(x=2.0)
    y = ad.square(x) + x
    y.backward()
    before = x.grad.copy()
    swept(y)
    assert x.grad == before
    assert y.grad is None


def test_a_backward_that_writes_into_its_gradient_spoils_no_other():
    source = next(engine for engine in ENGINES if engine.name == "step16_generations").source
    writing = source.replace("return 2 * self.inputs[0].data * gy", "gy *= 2 * self.inputs[0].data; return gy")
    assert writing != source
    recording, _, _ = watch(writing, ["x = Variable(np.array([2.0]))\na = square(x)\ny = add(square(a), square(a))"])
    assert gradients(sweep_by_rules(recording.graph, recording.of), "x") == [32, 32, 96, 64]


def test_what_a_backward_raises_names_its_function():
    source = """
import numpy as np
class Variable:
    def __init__(self, data):
        self.data, self.grad, self.creator = data, None, None
class Square:
    def __call__(self, x):
        self.input = x
        y = Variable(self.forward(x.data))
        y.creator, self.output = self, y
        return y
    def forward(self, x): return x ** 2
    def backward(self, gy): raise RuntimeError("not yet")
"""
    recording, _, _ = watch(source, ["x = Variable(np.array(2.0))\ny = Square()(x)"])
    assert sweepable(recording)
    with pytest.raises(ReplayError, match="not yet") as caught:
        sweep_by_rules(recording.graph, recording.of)
    assert caught.value.function.name == "Square"


@st.composite
def graphs(draw):
    """A leaf's name and value, and for each further Variable how it is made of two before it."""
    return draw(
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from("+*-")), min_size=1, max_size=9)
    )


@settings(max_examples=60, deadline=None)
@given(graphs(), st.floats(0.5, 1.5), st.floats(0.5, 1.5))
def test_by_generation_is_what_the_engine_does(made, first, second):
    x, z = variables(x=first, z=second)
    nodes = [x, z]
    for one, other, operator in made:
        a, b = nodes[one % len(nodes)], nodes[other % len(nodes)]
        nodes.append({"+": lambda a, b: a + b, "*": lambda a, b: a * b, "-": lambda a, b: a - b}[operator](a, b))
    sweeps = swept(nodes[-1])
    nodes[-1].backward()
    for leaf in (x, z):
        found = gradients(sweeps[-1:], leaf.name)
        if leaf.grad is None:
            assert found == []
        else:
            assert found == [pytest.approx(float(leaf.grad), rel=1e-9, abs=1e-9)]
    wrong = [sweep for sweep in sweeps[:3] if sweep.ended and not same(sweep.gradients, sweeps[-1].gradients)]
    assert all(sweep.departure is not None for sweep in wrong)


def same(some, others):
    return some.keys() == others.keys() and all(np.allclose(some[node], others[node], rtol=1e-9) for node in some)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["square", "exp", "sin", "tanh"]), min_size=1, max_size=12), st.floats(-0.9, 0.9))
def test_chains_cannot_tell_the_rules_apart(names, value):
    (x,) = variables(x=value)
    y = x
    for name in names:
        y = ad.tanh(getattr(ad, name)(y))
    first, *others = swept(y)
    for sweep in others:
        assert [call.function for call in sweep.calls] == [call.function for call in first.calls]
        assert all(np.array_equal(sweep.gradients[node], first.gradients[node]) for node in first.gradients)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_by_generation_is_right_with_every_engines_functions(engine):
    recording, _, _ = watch(engine.source, engine.cells)
    if not sweepable(recording):
        assert not engine.function_backward or not engine.functions or recording.graph.cyclic
        return
    generation = sweep_by_rules(recording.graph, recording.of)[-1]
    for leaf in recording.wrt:
        np.testing.assert_allclose(generation.gradients[leaf], engine.gradients[leaf.name], rtol=1e-6)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistaken_engines_can_be_swept_or_say_what_they_raise(mistake):
    if mistake.error:
        return
    recording, _, _ = watch(mistake.source, mistake.cells)
    if recording is None or not sweepable(recording):
        return
    with contextlib.suppress(ReplayError):
        assert all(sweep.calls for sweep in sweep_by_rules(recording.graph, recording.of))
