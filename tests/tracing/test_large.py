"""A graph of very many Functions is read lazily, and is the same graph as one whose nodes were all made."""

import gc

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.tracing import CallLog, Recorder, assembly, record_cell, record_variables
from ipy_autodiff.tracing.lazily import LazyGraph

RECURRENT = """
W, U, b = (ad.Variable(np.full((2, 2), 0.5)) for _ in range(3))
h = ad.Variable(np.zeros((1, 2)))
for t in range({times}):
    x = ad.Variable(np.full((1, 2), t / 100))
    h = np.tanh(x @ W + h @ U + b) * 0.9
loss = np.sum(h * h)
loss.backward()
"""
BRANCHED = """
x = ad.Variable(np.array(0.5))
pool = [x]
for i in range({times}):
    first, second = np.split(ad.Variable(np.array([1.0, i])) * pool[i // 2], 2)
    pool.append(np.sum(first) + pool[-1])
y = pool[-1]
y.backward()
"""


def run(source):
    namespace = {"ad": ad, "np": np, "__name__": "__main__"}
    recorder = Recorder(CallLog(), "<cell>", source)
    with recorder:
        exec(compile(source, "<cell>", "exec"), namespace)
    return recorder, namespace


def told(graph):
    """All that a graph says, without the objects."""
    variables = [(v.id, v.name, v.named, v.role, np.asarray(v.data).tolist()) for v in graph.variables]
    functions = [
        (
            *(f.id, f.name, f.line, f.code, f.convention, f.places, f.sweep, f.recorded),
            [v.id for v in f.inputs],
            [v.id for v in f.outputs],
            [getattr(item, "id", None) for item in f.arguments],
        )
        for f in graph.functions
    ]
    return variables, functions, [(finding.code, str(finding.sentence)) for finding in graph.findings]


@pytest.mark.parametrize("source", [RECURRENT, BRANCHED], ids=["recurrent", "branched"])
def test_a_lazy_graph_tells_the_same(monkeypatch, source):
    source = source.format(times=40)
    recorder, namespace = run(source)
    eager = record_cell(recorder, namespace, source)
    monkeypatch.setattr(assembly, "HELD_FUNCTIONS", 3)
    lazy = record_cell(recorder, namespace, source)
    assert isinstance(lazy.graph, LazyGraph)
    assert not isinstance(eager.graph, LazyGraph)
    assert told(lazy.graph) == told(eager.graph)
    assert (lazy.of.id, [v.id for v in lazy.wrt]) == (eager.of.id, [v.id for v in eager.wrt])
    middle = eager.graph.functions[len(eager.graph.functions) // 2].outputs[0]
    twin = next(v for v in lazy.graph.variables if v.id == middle.id)
    for ask in ("upstream", "leaves_behind"):
        assert [v.id for v in getattr(lazy.graph, ask)(twin)] == [v.id for v in getattr(eager.graph, ask)(middle)]
    assert lazy.graph.creators[twin].id == eager.graph.creators[middle].id
    assert {v.id: f.id for v, f in lazy.graph.creators.items()} == {v.id: f.id for v, f in eager.graph.creators.items()}
    assert lazy.graph.classes == eager.graph.classes
    each = [{type(f.object) for f in graph.one_of_each()} for graph in (lazy.graph, eager.graph)]
    assert each[0] == each[1] == {type(f.object) for f in eager.graph.functions}
    assert lazy.graph.records(twin) is eager.graph.records(middle)
    assert [step.function.id for step in lazy.steps] == [step.function.id for step in eager.steps]


def test_nodes_are_made_when_they_are_asked_for_and_only_once():
    source = "x = y = ad.Variable(np.array(0.5))\nfor i in range(9_000):\n    y = np.sin(y)\ny.backward()"
    recorder, namespace = run(source)
    recording = record_cell(recorder, namespace, source)
    functions = recording.graph.functions
    assert len(functions) == 9_000
    assert functions[4_000] is functions[4_000]
    assert functions[-1] is functions[8_999]
    assert [f.id for f in functions[:2] + functions[-2:]] == ["f0", "f1", "f8998", "f8999"]
    assert functions[8_000].inputs[0] is functions[7_999].outputs[0]
    with pytest.raises(IndexError):
        functions[9_000]
    expected = 1.0
    y = 0.5
    for _ in range(9_000):
        expected, y = expected * np.cos(y), np.sin(y)
    assert recording.gradients[recording.wrt[0]] == pytest.approx(expected)
    assert recording.swept_by == "cell"


def test_what_a_loop_writes_to_afterwards_is_told_as_it_was():
    x = y = ad.Variable(np.array([0.5]))
    for _ in range(4_000):
        y = np.sin(y)
    y.backward()
    graph = record_variables([y], {"x": x, "y": y}).graph
    x.data[...] = 7.0
    y.data = np.array([7.0])
    x.cleargrad()
    (leaf,) = graph.leaves
    assert leaf.data == 0.5
    assert leaf.grad is not None
    assert graph.variables[-1].data != 7.0


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_of_garbage_is_left_as_it_was(enabled):
    source = RECURRENT.format(times=3)
    recorder, namespace = run(source)
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        record_cell(recorder, namespace, source)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_calls_of_one_backward_pass_stand_together():
    source = """
x = ad.Variable(np.array(1.0))
y = np.tanh(x)
y.backward(create_graph=True)
gx = x.grad
x.cleargrad()
gx.backward(create_graph=True)
ggx = x.grad
"""
    recorder, namespace = run(source)
    graph = record_cell(recorder, namespace, source, of=namespace["ggx"]).graph
    sweeps = [function.sweep for function in graph.functions]
    assert sweeps[0] == 0
    assert sweeps == sorted(sweeps)
    assert sweeps[-1] == 2
