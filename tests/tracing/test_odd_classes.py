"""Classes whose own methods raise, or that Python makes unhashable or slotted: the cell runs as a plain one."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.tracing import CallLog, Recorder
from tests.tracing.test_meant import ENGINE
from tests.tracing.watched import run_cell, watch

RAISES = ": raise RuntimeError('no')\n"
CELL = "x = Variable(np.array([3.0, 2.0]))\ny = x * x\nz = y * x\nz.backward()\nprint(x.grad)"


def variable(*members: str, metaclass: str = "type") -> str:
    body = "".join(f"    {member}\n" for member in members)
    return f"class Odd(Variable, metaclass={metaclass}):\n{body}    pass\nVariable = Odd\n"


def function(*members: str, metaclass: str = "type") -> str:
    body = "".join(f"    {member}\n" for member in members)
    return f"class Mul(Mul, metaclass={metaclass}):\n{body}    pass\n"


METACLASS = "class Kind(type):\n    @property\n    def __name__(cls)" + RAISES + "    def __repr__(cls)" + RAISES
DATACLASS = """
import dataclasses
@dataclasses.dataclass({options})
class Box:
    data: object
    grad: object = None
    creator: object = None
    backward = Variable.backward
    __mul__ = Variable.__mul__
Variable = Box
"""
SLOTS = """
class Mul(Function):
    __slots__ = ("args", "result")
    def forward(self, a, b): return a * b
    def backward(self, g): return g * self.args[1].data, g * self.args[0].data
"""


@pytest.mark.parametrize(
    "odd",
    [
        variable("def __eq__(self, other)" + RAISES.rstrip()),
        variable("def __hash__(self)" + RAISES.rstrip()),
        variable("def __len__(self)" + RAISES.rstrip()),
        variable("def __bool__(self)" + RAISES.rstrip()),
        variable("def __getattr__(self, name)" + RAISES.rstrip()),
        variable("def __repr__(self)" + RAISES.rstrip()),
        variable("@property\n    def name(self)" + RAISES.rstrip()),
        variable("@property\n    def T(self)" + RAISES.rstrip(), "@property\n    def shape(self)" + RAISES.rstrip()),
        METACLASS + variable(metaclass="Kind"),
        METACLASS + function(metaclass="Kind"),
        function("def __eq__(self, other)" + RAISES.rstrip()),
        function("def __hash__(self)" + RAISES.rstrip(), "def __bool__(self)" + RAISES.rstrip()),
        function("def __len__(self)" + RAISES.rstrip(), "def __repr__(self)" + RAISES.rstrip()),
        function("def __getattr__(self, name)" + RAISES.rstrip()),
        function("@property\n    def inputs(self)" + RAISES.rstrip()),
        function("@property\n    def user(self)" + RAISES.rstrip()),
        DATACLASS.format(options="eq=True"),
        DATACLASS.format(options="eq=False, slots=True"),
        SLOTS,
    ],
)
def test_an_odd_class_is_run_and_judged_as_any_other(odd: str) -> None:
    plain: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(ENGINE + odd + CELL, plain)
    recording, namespace, shown = watch(ENGINE + odd, [CELL])
    assert shown == printed.getvalue()
    np.testing.assert_array_equal(namespace["x"].grad, plain["x"].grad)  # type: ignore[attr-defined]
    assert recording is not None
    assert recording.swept_by == "cell"
    comparison = compare(recording)
    assert comparison.ok, str(comparison)
    assert not find_blame(recording, comparison)


def test_a_class_that_cannot_be_watched_runs_as_if_nobody_watched() -> None:
    odd = "class Kind(type):\n    def __hash__(cls)" + RAISES + function(metaclass="Kind")
    namespace: dict[str, object] = {}
    recorder = Recorder(CallLog(), "<cell>", CELL)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(ENGINE + odd, namespace)
        run_cell(CELL, recorder, namespace)
    assert printed.getvalue() == "[27. 12.]\n"
    assert isinstance(recorder.fault, RuntimeError)


def test_ten_million_elements_are_swept_and_judged() -> None:
    cell = "x = Variable(np.ones(10_000_000))\ny = x * x\ny.backward()"
    recording, namespace, _ = watch(ENGINE, [cell])
    assert recording is not None
    assert namespace["x"].grad.shape == (10_000_000,)
    assert namespace["x"].grad.max() == namespace["x"].grad.min() == 2.0
    assert compare(recording).ok
