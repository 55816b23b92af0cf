"""What each gradient is the sum of: the parts add up, and what was never cleared or was replaced stands out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipy_autodiff as ad
from ipy_autodiff.messages import speaking
from ipy_autodiff.views.inspect.contributions import accounts, ledger_text
from tests.student_engines import ENGINES
from tests.tracing.watched import watch
from tests.views import traces

ENGINE = "import numpy as np\nfrom ipy_autodiff import Variable, exp, sin\n"


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


def account(recording, name):
    (found,) = (one for one in accounts(recording, recording.graph.variables) if one.name == name)
    return found


def after(*cells):
    return watch(ENGINE, cells)[0]


def test_a_variable_that_is_used_three_times_has_three_entries():
    one = account(after("x = Variable(np.array(0.5))\ny = sin(x) + exp(x) + 3.0 * x\ny.backward()"), "x")
    assert [(entry.function, entry.where, entry.contribution) for entry in one.entries] == [
        ("Sin", "line 2", "0.87758"),
        ("Exp", "line 2", "1.6487"),
        ("Mul", "line 2", "3"),
    ]
    assert [entry.after for entry in one.entries][-1] == one.final == "5.5263"
    assert one.warnings == ()
    assert one.speaks


def test_a_variable_that_goes_in_twice_has_one_entry_with_both_parts():
    one = account(after("x = Variable(np.array(3.0))\ny = x * x\ny.backward()"), "x")
    assert [(entry.contribution, entry.after, entry.warn) for entry in one.entries] == [("3 + 3", "6", "")]


def test_the_output_begins_with_its_seed():
    one = account(traces.composed().recording, "y")
    assert [(entry.step, entry.function, entry.contribution) for entry in one.entries] == [(0, "start", "1")]
    assert not one.speaks


def test_an_old_gradient_stands_out():
    recording = after("x = Variable(np.array(2.0))\ny = sin(x)\ny.backward()", "z = 3.0 * x\nz.backward()")
    one = account(recording, "x")
    assert (one.before, one.final) == ("-0.41615", "2.5839")
    assert one.warnings == (
        "x: -0.41615 is left over from an earlier backward pass and was never cleared, so it is part of the sum.",
    )
    assert "-0.41615 (There before ⚠) + 3 (Mul, line 1) = 2.5839" in ledger_text([one])


def test_a_cleared_gradient_does_not():
    recording = after("x = Variable(np.array(2.0))\nsin(x).backward()", "x.cleargrad()\nz = 3.0 * x\nz.backward()")
    assert (account(recording, "x").before, account(recording, "x").warnings) == ("", ())


def test_an_array_keeps_its_old_gradient_apart():
    recording = after("x = Variable(np.arange(3.0))\n(x * x).backward()", "(x + 1.0).backward()")
    one = account(recording, "x")
    assert one.before == "[0 2 4]"
    assert one.warnings


def test_what_replaces_instead_of_adding_is_named():
    one = account(traces.overwritten().recording, "x")
    assert one.entries[1].warn == "This replaced 1 instead of being added to it."
    assert one.before == ""


def test_a_sum_that_is_none_is_named():
    trace = traces.overwritten()
    x, t, _ = trace.graph.variables
    add, square = (step.function for step in trace.steps)
    steps = (
        traces.step(1, add, [1.0], [1.0, 1.0], [1.0, 1.0], [(t, None, 1.0, 1.0), (x, None, 1.0, 1.0)]),
        traces.step(2, square, [1.0], [6.0], [6.0], [(x, 1.0, 6.0, 12.0)]),
    )
    one = account(traces.recorded(trace.graph.variables, trace.graph.functions, steps).recording, "x")
    assert one.warnings == ("This is not the sum; it should be 7.",)


def test_a_backward_that_returns_nothing_is_named():
    trace = traces.composed()
    step = trace.steps[0]
    silent = traces.step(1, step.function, [1.0], [None], [None], [(trace.graph.variables[2], None, None, None)])
    one = account(traces.recorded(trace.graph.variables, trace.graph.functions, (silent,)).recording, "b")
    assert one.warnings == ("backward returned no gradient for this input.",)


def test_of_very_many_entries_the_first_and_the_last_are_kept():
    recording = after("x = Variable(np.array(1.0))\ny = x\nfor _ in range(30):\n    y = y * x\ny.backward()")
    one = account(recording, "x")
    assert (len(one.entries), one.left_out) == (12, 18)
    assert one.final == "31"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["sin", "tanh", "sigmoid", "arctan"]), min_size=1, max_size=5), st.integers(0, 3))
def test_the_entries_add_up_to_the_gradient(names, size):
    x = ad.Variable(np.linspace(-1, 1, size) if size else np.array(0.3))
    y = x
    for name in names:
        y = getattr(ad, name)(y) + x
    y.backward()
    recording = ad.trace(y).recording
    (node,) = recording.graph.leaves
    parts = [
        addition.contribution for step in recording.steps for addition in step.additions if addition.variable is node
    ]
    np.testing.assert_allclose(np.sum(parts, axis=0), x.grad, rtol=1e-12)
    one = account(recording, node.name)
    assert (len(one.entries), one.warnings) == (
        len({step.number for step in recording.steps if node in step.function.inputs}),
        (),
    )


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_every_engine_has_its_accounts(engine):
    recording, _, _ = watch(engine.source, engine.cells)
    for one in accounts(recording, recording.graph.variables):
        # A Function of two outputs that is swept twice hands its second answer over the first.
        assert one.warnings == () or engine.name == "step13_many_inputs"
