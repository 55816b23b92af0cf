"""A loop whose rounds are known is watched less, and shown as if it had been watched in full."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.tracing import CallLog, Recorder, Recording, record_cell
from ipy_autodiff.tracing.watching import rounds
from tests.loop_engine import ENGINE
from tests.tracing.watched import run_cell

LOOP = """
x = Variable(np.array(0.5))
losses = []
for i in range(60):
    y = square(x)
    z = exp(y)
    loss = square(z)
    x.grad = None
    loss.backward()
    losses.append(float(loss.data))
    x.data = x.data - 0.01 * x.grad
"""
OURS = """
import numpy as np
from ipy_autodiff import Variable, square
w, b = Variable(np.array([0.3, -0.2])), Variable(np.array(0.1))
losses = []
for i in range(60):
    loss = np.sum(square(w * 3.0 + b - 1.0))
    w.cleargrad()
    b.cleargrad()
    loss.backward()
    losses.append(float(loss.data))
    w.data -= 0.01 * w.grad
    b.data -= 0.01 * b.grad
"""
TWICE = """
from ipy_autodiff import Variable
import numpy as np
x = Variable(np.array(2.0))
losses = []
for i in range(40):
    y = x ** 4 - 2 * x ** 2
    x.cleargrad()
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.backward()
    losses.append(float(y.data))
    x.data = x.data - 0.1 * gx.data / x.grad
"""


def watched(source: str, namespace: dict[str, Any] | None = None) -> tuple[Recording, Recorder, dict[str, Any]]:
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(ENGINE, namespace)
    recorder = Recorder(CallLog(), "<cell>", source)
    value = run_cell(source, recorder, namespace)
    recording = record_cell(recorder, namespace, source, value)
    assert recording is not None
    return recording, recorder, namespace


def spelt(recording: Recording) -> list[Any]:
    """All that is shown of the graph and the steps."""
    functions = [
        (node.name, node.line, [each.name for each in node.inputs], [each.name for each in node.outputs])
        for node in recording.graph.functions
    ]
    values = [(node.name, node.role, str(node.data), str(node.grad)) for node in recording.graph.variables]
    steps = [
        (
            step.function.name,
            step.by,
            str(step.gys),
            str(step.gxs),
            [(str(a.before), str(a.after)) for a in step.additions],
        )
        for step in recording.steps
    ]
    return [functions, values, steps, {node.name: str(array) for node, array in recording.gradients.items()}]


@pytest.mark.parametrize("source", [LOOP, OURS, TWICE], ids=["book", "ours", "twice"])
def test_the_last_pass_is_shown_as_if_it_had_been_watched_in_full(source, monkeypatch):
    less, recorder, _ = watched(source)
    assert not recorder.sweeps[-1].noted
    monkeypatch.setattr(rounds, "_CALLS", 10**9)
    full, recorder, _ = watched(source)
    assert recorder.sweeps[-1].noted
    assert spelt(less) == spelt(full)


@pytest.mark.parametrize("source", [LOOP, OURS, TWICE], ids=["book", "ours", "twice"])
def test_each_pass_is_counted_with_the_value_that_the_loop_saw(source):
    _, recorder, namespace = watched(source)
    series = next(iter(recorder.rounds.histories.series.values()))
    assert series.count == len(namespace["losses"])
    assert [one.value for one in series.passes] == namespace["losses"]


def test_the_history_names_the_leaves_and_gives_their_norms():
    recording, _, namespace = watched(OURS)
    last = recording.history[-1]
    assert [entry.value for entry in recording.history] == namespace["losses"]
    assert last.passes == last.number == 60
    assert {"w", "b"} <= set(last.gradients)
    w = next(node for node in recording.graph.variables if node.name == "w")
    np.testing.assert_allclose(last.data["w"], np.linalg.norm(w.data))
    np.testing.assert_allclose(last.gradients["w"], np.linalg.norm(recording.gradients[w]))
    assert all("w" in entry.gradients for entry in recording.history)


def test_a_million_rounds_would_leave_five_hundred_numbers():
    _, recorder, namespace = watched(LOOP.replace("range(60)", "range(2100)"))
    (series,) = recorder.rounds.histories.series.values()
    assert 250 < len(series.passes) <= 501
    assert series.passes[0].number == 1
    assert series.passes[-1].number == series.count == 2100
    assert [one.value for one in series.passes] == [namespace["losses"][one.number - 1] for one in series.passes]


def test_nothing_of_the_interpreters_is_left_changed():
    before = sys.getprofile(), sys.gettrace()
    watched(LOOP)
    assert (sys.getprofile(), sys.gettrace()) == before
    if sys.version_info >= (3, 12):
        assert sys.monitoring.get_tool(3) is None


def test_a_root_of_another_class_is_watched_in_full_again():
    source = LOOP + LOOP[LOOP.index("for") :].replace("loss = square(z)", "loss = exp(z)").replace("60", "2")
    merged = source.replace("\nfor i in range(2):", "\nif True:\n  for i in range(2):", 1)
    recording, _, namespace = watched(merged.replace("range(2)", "(0, 1)"))
    assert recording.graph.functions[-1].name == "Exp"
    assert recording.graph.functions[-1].line is not None
    assert float(recording.of.data) == namespace["losses"][-1]


def test_a_stop_in_the_middle_shows_the_pass_that_was_under_way():
    source = LOOP.replace("    loss.backward()", "    if i == 40: Exp.backward = stop\n    loss.backward()")
    stop = "\nkept = Exp.backward\ndef stop(self, gy):\n    Exp.backward = kept\n    raise KeyboardInterrupt\n"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(ENGINE + stop, namespace)
    recorder = Recorder(CallLog(), "<cell>", source)
    with pytest.raises(KeyboardInterrupt):
        run_cell(source, recorder, namespace)
    recording = record_cell(recorder, namespace, source, failed=True)
    assert recording is not None
    assert recording.of is not None
    assert recording.of.object is namespace["loss"]
    (series,) = recorder.rounds.histories.series.values()
    assert series.count == 41
    np.testing.assert_equal(series.passes[-2].value, namespace["losses"][-1])


@pytest.mark.parametrize("step", ["begin", "taken", "number_of"])
def test_what_goes_wrong_with_watching_less_leaves_the_loop_alone(step, monkeypatch):
    _, _, plain = watched(LOOP)

    def fails(self, *_):
        raise RuntimeError(step)

    entered = rounds.Rounds.watch_less

    def watch_less(self, resume):
        entered(self, resume)
        monkeypatch.setattr(type(self.histories), step, fails)

    monkeypatch.setattr(rounds.Rounds, "watch_less", watch_less)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(ENGINE, namespace)
    recorder = Recorder(CallLog(), "<cell>", LOOP)
    run_cell(LOOP, recorder, namespace)
    assert namespace["losses"] == plain["losses"]
    assert str(recorder.fault) == step
