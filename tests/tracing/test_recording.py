"""What a Recording says of particular cells: lines, names, roots, gradients that are old, instances called twice."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.designs.reading import backward_method
from ipy_autodiff.tracing import CallLog, NotInGraph, Recorder, Recording, Replay, record_cell, record_variables
from tests.loop_engine import ENGINE as LOOP

from .watched import run_cell, watch


def of(cell: str, source: str = LOOP, **options: Any) -> Recording:
    recording, _, _ = watch(source, (cell,), **options)
    assert recording is not None
    return recording


def test_lines_are_those_of_the_cell() -> None:
    recording = of("x = Variable(np.array(0.5))\na = Square()(x)\n\nb = Exp()(\n    a\n)\ny = Square()(b)")
    assert [function.line for function in recording.graph.functions] == [2, 4, 7]
    assert recording.graph.functions[0].code == "a = Square()(x)"
    assert [step.line for step in recording.steps] == [7, 4, 2]


def test_a_wrapper_is_not_the_line_but_a_function_of_several_calls_is() -> None:
    cell = (
        "def square(x):\n    return Square()(x)\ndef both(x):\n    a = square(x)\n    return Exp()(a)\n"
        "x = Variable(np.array(0.5))\ny = square(both(x))"
    )
    recording = of(cell)
    assert [function.line for function in recording.graph.functions] == [4, 5, 7]
    assert [node.name for node in recording.graph.variables][:2] == ["x", "a"]


def test_names_come_from_the_notebook_then_from_the_variable_then_from_the_functions() -> None:
    cell = (
        "xs = [Variable(np.array(1.0)), Variable(np.array(2.0))]\nd = {'k': Square()(xs[0])}\n"
        "y = Square()(Exp()(d['k']))"
    )
    recording = of(cell)
    assert [node.name for node in recording.graph.variables] == ["xs[0]", "d['k']", "Exp()(d['k'])", "y"]
    assert [node.named for node in recording.graph.variables] == [True, True, False, True]


def test_last_variable_that_nothing_consumed_is_differentiated() -> None:
    recording = of("x = Variable(np.array(0.5))\na = Square()(x)\ny = Exp()(a)\nz = Square()(x)\nb = Exp()(z)\nx")
    assert recording.of is not None
    assert recording.of.name == "b"
    assert {node.name for node in recording.graph.variables} == {"x", "a", "y", "z", "b"}
    assert [node.role for node in recording.graph.variables if node.name in "yb"] == ["output", "output"]


def test_of_and_wrt_choose() -> None:
    recording, namespace, _ = watch(LOOP, ("x = Variable(np.array(0.5))\na = Square()(x)\ny = Exp()(a)",), of="a")
    assert recording is not None
    assert recording.of is not None
    assert recording.of.name == "a"
    chosen = record_variables([namespace["y"]], namespace, wrt=["a"])
    assert [node.name for node in chosen.wrt] == ["a"]
    with pytest.raises(NotInGraph) as caught:
        record_variables([namespace["y"]], namespace, wrt=["nobody"])
    assert caught.value.known == ("x", "a", "y")


def test_a_cell_that_only_sweeps_shows_the_graph_of_an_earlier_cell() -> None:
    recording, _, _ = watch(
        LOOP, ("x = Variable(np.array(0.5))\ny = Exp()(Square()(x))", "y.grad = np.array(1.0)\ny.backward()")
    )
    assert recording is not None
    assert [function.name for function in recording.graph.functions] == ["Square", "Exp"]
    assert recording.swept_by == "cell"
    assert [function.line for function in recording.graph.functions] == [None, None]


BY_HAND = """
import numpy as np
class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
class Function:
    def __call__(self, input):
        self.input = input
        return Variable(self.forward(input.data))
class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        return 2 * self.input.data * gy
class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        return np.exp(self.input.data) * gy
"""

TWICE = """
square1 = Square()
square2 = Square()
exp = Exp()
x = Variable(np.array(0.5))
a = square1(x)
b = exp(a)
c = exp(b)
y = square2(c)
y.grad = np.array(1.0)
c.grad = square2.backward(y.grad)
b.grad = exp.backward(c.grad)
a.grad = exp.backward(b.grad)
x.grad = square1.backward(a.grad)
"""


def test_one_instance_called_twice_by_hand() -> None:
    recording = of(TWICE, BY_HAND)
    x = recording.graph.leaves[0]
    assert float(recording.gradients[x]) == 94.18146788281396
    assert [function.name for function in recording.graph.functions] == ["Square", "Exp", "Exp", "Square"]
    assert [step.function.id for step in recording.steps] == ["f3", "f2", "f1", "f0"]
    assert [finding.code for finding in recording.findings if finding.mistake] == ["function-called-twice"]
    # What the cell left in a came from the second call; nothing was there before.
    (addition,) = recording.steps[2].additions
    assert addition.variable.name == "a"
    assert addition.before is None
    assert addition.after is not None
    assert float(addition.after) == 94.18146788281396
    # Run again, each call has its own copy, and the numerical slope is the true one.
    h = 1e-6
    replay = Replay(recording.graph)
    up, down = (replay.forward({x: np.array(0.5 + d)})[recording.of] for d in (h, -h))
    assert (up - down) / (2 * h) == pytest.approx(33.488363287556496, rel=1e-6)


def test_one_instance_called_twice_walked_from_what_it_saved_is_a_cycle() -> None:
    _, namespace, _ = watch(LOOP, ("s = Square()\nx = Variable(np.array(3.0))\ny = s(s(x))",))
    recording = record_variables([namespace["y"]], namespace)
    assert recording.graph.cyclic
    assert len(recording.graph.functions) == 1
    assert recording.steps == ()


def test_gradients_are_those_of_the_sweep_even_when_they_are_cleared_after() -> None:
    cell = "x = Variable(np.array(3.0))\ny = Square()(x)\ny.grad = np.array(1.0)\ny.backward()\nx.grad = None"
    recording = of(cell)
    assert recording.swept_by == "cell"
    assert recording.gradients[recording.graph.leaves[0]] == 6


def test_data_are_those_of_the_call_even_when_they_are_changed_after() -> None:
    cell = "x = Variable(np.array([3.0]))\ny = Square()(x)\ny.grad = np.ones(1)\ny.backward()\nx.data -= 1"
    recording = of(cell)
    np.testing.assert_array_equal(recording.graph.leaves[0].data, [3.0])


def test_an_exception_in_backward_is_seen_as_one() -> None:
    source = LOOP.replace("2 * self.input.data * gy", "nobody * gy")
    assert source != LOOP
    recording = of("x = Variable(np.array(3.0))\ny = Square()(x)", source)
    assert recording.gradients == {}
    assert any(finding.code == "sweep-raises" for finding in recording.findings)


def test_a_loop_keeps_no_more_alive_than_the_engine_does() -> None:
    log = CallLog()
    namespace: dict[str, Any] = {"__name__": "__main__"}
    recorder = Recorder(log, "<cell>", "")
    run_cell(LOOP, recorder, namespace)
    run_cell("refs = []\nimport weakref\n", recorder, namespace)
    loop = (
        "for i in range(50):\n    x = Variable(np.array(1.0))\n    y = Exp()(Square()(x))\n"
        "    refs.append(weakref.ref(x))\n"
    )
    run_cell(loop, recorder, namespace)
    gc.collect()
    alive = [ref for ref in namespace["refs"] if ref() is not None]
    assert len(alive) == 1
    assert len(log) == 2


def test_nothing_is_kept_after_the_recording_is_gone() -> None:
    recording, namespace, _ = watch(LOOP, ("x = Variable(np.array(0.5))\ny = Exp()(Square()(x))",))
    gone = weakref.ref(namespace["y"])
    del recording
    namespace.clear()
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("pass", False),
        ("raise NotImplementedError", False),
        ("raise NotImplementedError()", False),
        ("'later'", False),
        ("...", False),
        ("return gy", True),
        ("return 0", True),
        ("return gy * 2", True),
        ("raise ValueError", True),
    ],
)
def test_a_backward_that_is_only_a_place_for_one(body: str, written: bool) -> None:
    namespace: dict[str, Any] = {}
    exec(f"class F:\n    def forward(self, x): return x\n    def backward(self, gy):\n        {body}", namespace)
    assert (backward_method(namespace["F"]()) is not None) == written


def test_profiler_of_the_user_is_put_back_and_still_told() -> None:
    import sys

    seen = []

    def profiler(frame: Any, event: str, argument: Any) -> None:
        seen.append(event)

    namespace: dict[str, Any] = {"__name__": "__main__"}
    sys.setprofile(profiler)
    try:
        recorder = Recorder(CallLog(), "<cell>", "")
        run_cell(LOOP + "\ny = Square()(Variable(np.array(3.0)))", recorder, namespace)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert "call" in seen
    assert record_cell(recorder, namespace, "") is not None


def test_cprofile_waits_and_goes_on() -> None:
    import cProfile
    import pstats

    namespace: dict[str, Any] = {"__name__": "__main__"}
    profile = cProfile.Profile()
    profile.enable()
    recorder = Recorder(CallLog(), "<cell>", "")
    run_cell(LOOP + "\ny = square(Variable(np.array(3.0)))", recorder, namespace)
    profile.disable()
    assert record_cell(recorder, namespace, "") is not None
    assert pstats.Stats(profile).total_calls > 0  # type: ignore[attr-defined]


def test_our_own_function_may_be_called_twice() -> None:
    cell = (
        "import numpy as np\nfrom ipy_autodiff import Function, Variable\n"
        "class Twice(Function):\n    def forward(self, x):\n        return x ** 2\n"
        "    def backward(self, gy):\n        return 2 * self.input.data * gy\n"
        "f = Twice()\nx = Variable(np.array(3.0))\ny = f(f(x))\ny.backward()"
    )
    recording = of(cell, "import numpy as np")
    assert [finding.code for finding in recording.findings] == []
    assert [float(step.gxs[0]) for step in recording.steps if step.gxs[0] is not None] == [18.0, 108.0]
