"""Each leaf's gradient is compared, with a verdict and the reason for it; what is not checked is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.rows import Comparison
from ipy_autodiff.messages import speaking
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.tracing.replay import Replay

from .planted import ENGINE
from .watching import recorded, watched


def compared(y: Any, every_variable: bool = False, budget: float = 40_000, **names: Any) -> Comparison:
    return compare(record_variables([y], names), every_variable=every_variable, budget=budget)


def reasons(comparison: Comparison) -> dict[str, str]:
    with speaking("en"):
        return {row.name: "" if row.reason is None else str(row.reason) for row in comparison.rows}


def test_rows_carry_both_gradients_and_the_uncertainty() -> None:
    x = ad.Variable(np.array(0.5))
    (row,) = compared(ad.square(ad.exp(ad.square(x))), x=x).rows
    assert row.name == "x"
    assert row.verdict == "pass"
    assert row.reason is None
    assert row.backprop == pytest.approx(2 * np.exp(0.5), rel=1e-15)
    assert row.numerical == pytest.approx(2 * np.exp(0.5), rel=1e-10)
    assert row.uncertainty is not None
    assert 0 < row.uncertainty < 1e-7


def test_every_variable_on_request() -> None:
    x = ad.Variable(np.array([0.5, 1.0]))
    t = ad.sin(x)
    y = (t * t).sum()
    y.backward(retain_grad=True)
    found = compared(y, every_variable=True, x=x, t=t)
    assert {row.name: row.verdict for row in found.rows} == {"x": "pass", "t": "pass", "t * t": "pass"}


def test_one_variable_used_twice_moves_as_one() -> None:
    x = ad.Variable(np.array(3.0))
    assert compared(x * x + x, x=x).ok


def test_functions_are_checked_one_by_one() -> None:
    x = ad.Variable(np.array([0.5, 1.0]))
    found = compared(ad.sin(x) * ad.exp(x), x=x)
    assert {function.name: check.verdict for function, check in found.functions.items()} == {
        "Sin": "pass",
        "Exp": "pass",
        "Mul": "pass",
    }


def test_reasons_are_given() -> None:
    x = ad.Variable(np.array([0.0, 1.0]))
    assert "kink" in reasons(compared(ad.relu(x), x=x))["x"]
    z = ad.Variable(np.array([0.5, 1.5], dtype=np.float32))
    assert "float32" in reasons(compared(ad.exp(z), z=z))["z"]
    n = ad.Variable(np.array([1, 2, 3]))
    assert "int64" in reasons(compared(ad.exp(n), n=n))["n"]
    e = ad.Variable(np.zeros(0))
    assert "empty" in reasons(compared(ad.exp(e), e=e))["e"]
    w = ad.Variable(np.array([1.0, np.inf]))
    assert "infinities" in reasons(compared(ad.tanh(w), w=w))["w"]
    large = ad.Variable(np.linspace(1, 2, 500))
    assert "500 elements" in reasons(compared(ad.log(large).sum(), large=large))["large"]


def test_reasons_join() -> None:
    x = ad.Variable(np.array([0.0, 1.0], dtype=np.float32))
    reason = reasons(compared(ad.relu(x), x=x))["x"]
    assert "kink" in reason
    assert "float32" in reason


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (("dy * np.cos(self.a)", "(dy * np.cos(self.a)).sum()"), "shape"),
        (("tensor.grad = answer\n                else", "pass\n                else"), "No gradient reached"),
        (("return dy * np.cos(self.a)", "return dy * np.cos(self.a) + 0j"), "not a real one"),
    ],
)
def test_a_gradient_that_cannot_be_right_fails_for_its_reason(edit: tuple[str, str], reason: str) -> None:
    found = watched(ENGINE.replace(*edit), "x = Tensor([0.5, 1.0])\ny = Sine()(x)\ny.backward()")
    assert found.verdicts == {"x": "fail"}
    assert reason in reasons(found.comparison)["x"]


def test_before_there_is_a_backward_nothing_is_called_wrong() -> None:
    source = ENGINE.replace("def backward(self, dy):", "def unwritten(self, dy):")
    found = watched(source, "x = Tensor(0.5)\ny = Sine()(x)")
    assert found.verdicts == {"x": "inconclusive"}
    assert found.comparison.rows[0].numerical == pytest.approx(np.cos(0.5))
    assert not found.comparison.ok
    assert found.blame == ()


def test_labels_cannot_be_differentiated() -> None:
    x, t = ad.Variable(np.random.default_rng(0).normal(size=(3, 4))), ad.Variable(np.array([0, 3, 1]))
    found = compared(ad.softmax_cross_entropy(x, t), x=x, t=t)
    verdicts = {row.name: row.verdict for row in found.rows}
    assert verdicts["x"] == "pass"
    assert verdicts.get("t", "inconclusive") == "inconclusive"
    assert found.ok


@pytest.mark.parametrize(
    "data", ["'text'", "np.array([1 + 2j])", "np.array(['a'])", "np.array([object()])", "None", "[1.0, 2.0]"]
)
def test_data_that_is_no_real_array_is_left_open(data: str) -> None:
    source = ENGINE.replace("self.data = np.asarray(data)", "self.data = data")
    recording, _, _ = recorded(
        source + "\nclass Same(Op):\n    def forward(self, a): return a\n    def backward(self, dy): return dy\n",
        [f"x = Tensor({data})\ny = Same()(x)"],
    )
    assert recording is not None
    for row in compare(recording).rows:
        assert row.verdict != "fail"


def test_what_the_result_does_not_depend_on_has_no_gradient() -> None:
    recording, _, _ = recorded(ENGINE, ["x, z = Tensor(0.5), Tensor(2.0)\nt = Sine()(z)\ny = Sine()(x)\ny.backward()"])
    assert recording is not None
    from dataclasses import replace

    other = next(node for node in recording.graph.variables if node.name == "z")
    (row,) = compare(replace(recording, wrt=(other,))).rows
    assert row.verdict == "pass"
    assert row.numerical == 0.0


def test_a_budget_leaves_out_and_says_so() -> None:
    x = ad.Variable(np.array(0.5))
    y = x
    for _ in range(300):
        y = ad.sin(y)
    found = compared(y, budget=1_000, x=x)
    assert found.rows[0].verdict == "inconclusive"
    assert "take too long" in reasons(found)["x"]
    assert 0 < len(found.functions) < 300
    with speaking("en"):
        assert "of the 300 Functions" in str(found.remarks[0])
    assert compared(y, x=x).ok


def test_each_class_is_among_the_functions_that_a_budget_allows() -> None:
    x = ad.Variable(np.array(0.5))
    y = ad.exp(x)
    for _ in range(300):
        y = ad.sin(y)
    names = {function.name for function in compared(ad.cos(y), budget=2_000, x=x).functions}
    assert names == {"Exp", "Sin", "Cos"}


def test_progress_is_told_of_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = ad.Variable(np.array(0.5)), ad.Variable(np.array(2.0))
    told: list[tuple[int, int]] = []
    recording = record_variables([ad.sin(x * w)], {})
    compare(recording, progress=lambda done, of: told.append((done, of)))
    assert told == []
    monkeypatch.setattr("ipy_autodiff.gradcheck.comparison._PATIENCE", 0.0)
    monkeypatch.setattr("ipy_autodiff.gradcheck.comparison._PAUSE", 0.0)
    compare(recording, progress=lambda done, of: told.append((done, of)))
    assert sorted(told) == told
    assert {done for done, _ in told} >= {2, 3}
    assert {of for _, of in told} == {4}


class Interrupted(ad.Function):
    """Is interrupted by the reader when it has run so many times more."""

    left = -1

    def forward(self, x: Any) -> Any:
        Interrupted.left -= 1
        if Interrupted.left == 0:
            raise KeyboardInterrupt
        return x * 2.0

    def backward(self, gy: Any) -> Any:
        return gy * 2.0


@pytest.mark.parametrize("after", [1, 3, 12, 18])
def test_an_interrupt_keeps_what_is_judged(after: int) -> None:
    x, w = ad.Variable(np.array(0.5)), ad.Variable(np.array(2.0))
    y = ad.sin(x) + Interrupted()(w)
    y.backward()
    recording = record_variables([x, w, y], {"x": x, "w": w})
    Interrupted.left = after
    found = compare(recording)
    assert [row.name for row in found.rows] == ["x", "w"]
    assert found.rows[-1].verdict == "inconclusive"
    assert found.rows[0].verdict == ("pass" if found.functions else "inconclusive")
    with speaking("en"):
        assert "interrupted" in str(found.rows[-1].reason)
    Interrupted.left = -1
    assert compare(recording).ok


def test_an_interrupt_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    recording, namespace, _ = recorded(ENGINE, ["x = Tensor([0.5, 1.0])\ny = Sine()(x)\ny.backward()"])
    assert recording is not None
    state = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    monkeypatch.setattr("ipy_autodiff.gradcheck.comparison._PATIENCE", 0.0)

    def interrupt(done: int, of: int) -> None:
        np.random.random()  # noqa: NPY002
        raise KeyboardInterrupt

    assert [row.verdict for row in compare(recording, progress=interrupt).rows] == ["inconclusive"]
    np.testing.assert_array_equal(namespace["x"].grad, np.cos([0.5, 1.0]))
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], state)  # noqa: NPY002
    print("is shown")  # standard output is there again


def test_ok_needs_one_row_that_passes() -> None:
    assert not Comparison(()).ok
    x = ad.Variable(np.array([np.nan]))
    assert not compared(ad.exp(x), x=x).ok


def test_a_comparison_reads_as_a_table() -> None:
    x = ad.Variable(np.array(3.0))
    assert str(compared(ad.square(x), x=x)) == "✓ x: 6 | 6"


def test_thirty_functions_and_ten_thousand_inputs_cost_what_they_may() -> None:
    calls = 0

    class Counted(ad.Function):
        def forward(self, x: Any) -> Any:
            nonlocal calls
            calls += x.size
            return np.tanh(x)

        def backward(self, gy: Any) -> Any:
            nonlocal calls
            calls += gy.size
            return gy * (1 - np.tanh(self.inputs[0].data) ** 2)

    x = ad.Variable(np.random.default_rng(0).normal(size=10_000))
    y = x
    for _ in range(3):
        y = Counted()(y)
    recording = record_variables([y], {"x": x})
    calls = 0
    assert compare(recording).ok
    forward_and_backward = 3 * 2 * 10_000
    assert calls <= 8 * forward_and_backward


def test_what_draws_nothing_is_not_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    resets: list[object] = []
    monkeypatch.setattr(np.random, "set_state", resets.append)
    x = ad.Variable(np.array(0.5))
    y = ad.square(ad.exp(ad.square(x)))
    assert compare(record_variables([x, y], {"x": x})).ok
    assert len(resets) <= 6  # once for each context that is left


def test_draws_that_nothing_can_start_over_are_left_open() -> None:
    class Noisy(ad.Function):
        def forward(self, x: Any) -> Any:
            self.factor = np.random.default_rng().uniform(1, 2, x.shape)
            return x * self.factor

        def backward(self, gy: Any) -> Any:
            return gy * self.factor

    x = ad.Variable(np.array([0.5, 2.0]))
    found = compared(Noisy()(x), x=x)
    assert found.rows[0].verdict == "inconclusive"
    assert not any(check.wrong for check in found.functions.values())


@pytest.mark.parametrize("off", [3e-8, 1e-6, 5e-6])
def test_a_difference_that_is_sure_and_small_is_named(off: float) -> None:
    source = ENGINE.replace("dy * np.cos(self.a)", f"dy * np.cos(self.a) * {1 + off!r}")
    (row,) = watched(source, "x = Tensor(0.5)\ny = Sine()(x)\ny.backward()").comparison.rows
    assert row.verdict == "inconclusive"
    assert row.reason is not None
    assert f"differ by {off:.0e} of their size" in row.reason.text("en")


def test_data_in_float32_are_swept_in_float64_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps = []
    sweep = Replay.sweep

    def counted(self: Replay, *args: Any, **more: Any) -> Any:
        sweeps.append(1)
        return sweep(self, *args, **more)

    monkeypatch.setattr(Replay, "sweep", counted)
    rng = np.random.default_rng(0)
    leaves = {name: ad.Variable(rng.normal(size=(5, 5)).astype(np.float32)) for name in "abc"}
    y: Any = ad.tanh(leaves["a"]) * ad.tanh(leaves["b"]) + ad.tanh(leaves["c"])
    recording = record_variables([y.sum()], leaves)
    sweeps.clear()
    assert [row.verdict for row in compare(recording).rows] == ["pass"] * 3
    assert len(sweeps) == 1


def test_nothing_is_run_that_the_budget_does_not_allow() -> None:
    calls = []

    class Halve(ad.Function):
        def forward(self, x: Any) -> Any:
            calls.append(x.size)
            return x / 2

        def backward(self, gy: Any) -> Any:
            return gy / 2

    x = ad.Variable(np.linspace(-1, 1, 100_000))
    y: Any = Halve()(Halve()(x))
    recording = record_variables([y.sum()], {"x": x})
    calls.clear()
    found = compare(recording, budget=200)
    assert [row.verdict for row in found.rows] == ["inconclusive"]
    assert calls == []
    assert [remark.identifier for remark in found.remarks] == ["check.sampled"]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint8, np.int16, np.bool_])
@pytest.mark.parametrize("factor", [1.0, 1.01, -1.0])
@pytest.mark.parametrize("shape", [(), (3,), (40,)])
def test_short_formats_are_judged_by_their_own_round_off(dtype: Any, factor: float, shape: tuple[int, ...]) -> None:
    class Tanh(ad.Function):
        def forward(self, x: Any) -> Any:
            return np.tanh(x)

        def backward(self, gy: Any) -> Any:
            slope = 1 - np.tanh(self.inputs[0].data) ** 2
            return gy * (slope * np.asarray(factor, dtype=slope.dtype))

    whole = np.dtype(dtype).kind != "f"
    x = np.asarray(np.random.default_rng(0).uniform(0, 2, shape) if not whole else np.ones(shape)).astype(dtype)
    found = ad.check_gradients(lambda v: np.sum(Tanh()(v)), x, variable=ad.Variable)
    assert [row.verdict for row in found.rows] == ["pass" if factor == 1 else "fail"]
    assert found.ok == (factor == 1)
