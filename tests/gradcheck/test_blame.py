"""Every planted mistake is found and blamed on the right place with the right code; nothing else is blamed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.gradcheck.blame.find_blame import blame_error, find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.numbers import told_apart
from ipy_autodiff.messages import LANGUAGES, sentences
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.tracing.diagnosis import Diagnosis
from tests.student_engines import ENGINES, StudentEngine
from tests.student_engines.mistake import Mistake
from tests.student_engines.mistakes import MISTAKES

from .planted import ENGINE, PLANTED, Planted
from .watching import recorded, watched

ENDS_EARLY = "as_array_forgotten"
"""The mistake with which the cell ends before there is a graph."""
_HINT = "-hint"


def assert_readable(blame: Diagnosis) -> None:
    for language in LANGUAGES:
        for message in (blame.sentence, blame.hint):
            text = message.text(language)
            assert text
            assert not re.search(r"\{|\}|<.* object at|Message\(", text)
    assert blame.why


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_planted_mistake_is_blamed_first_and_by_its_code(planted: Planted) -> None:
    found = watched(planted.source, planted.cell, of="y")
    assert [(blame.where, blame.code) for blame in found.blame][:1] == [(planted.where, planted.code)]
    assert not found.comparison.ok or planted.code in ("function-called-twice", "no-creator")
    for blame in found.blame:
        assert_readable(blame)
        assert blame.function is None or blame.function in found.recording.graph.functions


@pytest.mark.parametrize(
    "mistake", [one for one in MISTAKES if one.name != ENDS_EARLY], ids=lambda mistake: mistake.name
)
def test_a_student_mistake_is_blamed_on_the_right_place(mistake: Mistake) -> None:
    found = watched(mistake.source, *mistake.cells, of=mistake.of)
    assert found.blame
    assert found.blame[0].where in (mistake.where, *mistake.or_where)
    for blame in found.blame:
        assert_readable(blame)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_sound_engines_are_not_blamed(engine: StudentEngine) -> None:
    found = watched(engine.source, *engine.cells)
    assert found.codes == []
    assert "fail" not in found.verdicts.values()
    assert not any(check.wrong for check in found.comparison.functions.values())
    if engine.functions and engine.function_backward:
        assert found.comparison.ok


CLEAN = {
    "a chain": "x = Tensor(0.5)\ny = Sine()(Power()(x))",
    "integers": "x = Tensor([1, 2, 3])\ny = Total()(Power()(x))",
    "an integer": "x = Tensor(3)\ny = Times()(x, x)",
    "float32": "x = Tensor(np.array([0.5, 1.5], np.float32))\ny = Total()(Sine()(Times()(x, x)))",
    "empty": "x = Tensor(np.zeros((0, 3)))\ny = Total()(Sine()(x))",
    "a kink": "x = Tensor([0.0, -1.0, 2.0])\ny = Total()(Leaky()(x))",
    "only kinks": "x = Tensor(np.zeros(40))\ny = Total()(Leaky()(x))",
    "a Variable used often": "x = Tensor(1.5)\nt = Times()(x, x)\ny = Plus()(Times()(t, t), Times()(t, x))",
    "large": "x = Tensor(np.random.default_rng(0).normal(size=2000))\ny = Total()(Leaky()(Sine()(x)))",
    "saturated": "x = Tensor([40.0, -40.0, 0.1])\ny = Total()(HyperbolicTangent()(x))",
    "a gradient of zero": "x = Tensor([1.0, 2.0, 3.0])\ny = Total()(SoftMax()(x))",
    "not a number": "x = Tensor([1.0, np.nan])\ny = Total()(Sine()(x))",
    "infinite": "x = Tensor([1.0, 0.0])\ny = Total()(Ln()(x))",
    "outside of the domain": "x = Tensor([1.0, -2.0])\ny = Total()(Ln()(x))",
    "a matrix product": "x = Tensor(np.ones((2, 3)))\nw = Tensor(np.ones((3, 2)))\ny = Total()(Product()(x, w))",
    "taken by places": "x = Tensor(np.arange(4.0))\ny = Total()(Pick([0, 0, 3])(x))",
    "both outputs": "x = Tensor(np.arange(4.0))\np, q = Halves()(x)\ny = Total()(Times()(p, q))",
    "too small for all digits": "x = Tensor([1e-320, 1e-310])\ny = Total()(Times()(x, x))",
    "almost too large": "x = Tensor(1e150)\ny = Times()(x, x)",
    "huge and tiny": "x = Tensor([1e-8, 1e8])\ny = Total()(HyperbolicTangent()(x))",
}

DROPOUT = """
class Drop(Op):
    def __init__(self, generator=None):
        self.generator = generator
    def forward(self, a):
        draw = self.generator.random if self.generator else np.random.random
        self.mask = draw(a.shape) < 0.5
        return a * self.mask * 2
    def backward(self, dy):
        return dy * self.mask * 2

class FixedDrop(Drop):
    mask = None
    def forward(self, a):
        if self.mask is None:
            self.mask = np.random.random(a.shape) < 0.5
        return a * self.mask * 2
"""


@pytest.mark.parametrize("name", CLEAN)
def test_clean_programs_are_not_blamed(name: str) -> None:
    found = watched(ENGINE, CLEAN[name] + "\ny.backward()", of="y")
    assert found.codes == []
    assert "fail" not in found.verdicts.values()
    if name not in ("not a number", "infinite", "outside of the domain", "too small for all digits"):
        assert found.comparison.ok


@pytest.mark.parametrize("drop", ["Drop()", "Drop(np.random.default_rng(3))", "FixedDrop()"])
def test_dropout_is_not_blamed(drop: str) -> None:
    cell = f"x = Tensor(np.arange(1.0, 9.0))\ny = Total()(Sine()({drop}(x)))\ny.backward()"
    found = watched(ENGINE + DROPOUT, cell, of="y")
    assert found.codes == []
    assert found.verdicts == {"x": "pass"}
    assert all(check.verdict == "pass" for check in found.comparison.functions.values())


def test_dropout_in_a_wrong_engine_does_not_pass() -> None:
    source = (ENGINE + DROPOUT).replace("tensor.grad = tensor.grad + answer", "tensor.grad = answer")
    cell = "x = Tensor(np.arange(1.0, 9.0))\nt = Drop()(x)\ny = Total()(Times()(t, t))\ny.backward()"
    found = watched(source, cell, of="y")
    assert found.verdicts == {"x": "inconclusive"}
    assert not found.comparison.ok
    assert found.codes == ["overwritten"]


def test_a_function_object_that_is_called_twice_is_the_published_mistake() -> None:
    mistake = next(mistake for mistake in MISTAKES if mistake.name == "one_exp_called_twice")
    found = watched(mistake.source, *mistake.cells)
    (row,) = found.comparison.rows
    assert row.backprop == pytest.approx(94.18146788281396)
    assert row.numerical == pytest.approx(33.488363287556496)
    assert found.codes == ["function-called-twice"]
    assert "Exp" in found.blame[0].why


def test_a_forward_that_is_never_called_is_seen_though_every_gradient_agrees() -> None:
    source = ENGINE.replace("results = self.forward(*[t.data for t in tensors])", "results = tensors[0].data ** 2")
    source += "\nclass Exp(Op):\n    def forward(self, a):\n        return np.exp(a)\n"
    source += "    def backward(self, dy):\n        return 2 * self.a * dy\n"
    found = watched(source, "x = Tensor(2.0)\ny = Exp()(x)\ny.backward()", of="y")
    assert found.recording.gradients[found.recording.wrt[0]] == 4.0
    blame = found.blame[0]
    assert (blame.where, blame.code) == ("Exp", "output-not-forward")
    assert "is 4" in blame.sentence.text("en")
    assert "7.38906" in blame.sentence.text("en")


def test_a_mistake_that_this_seed_hides_is_seen() -> None:
    cell = "x = Tensor(0.5)\ny = Sine()(x)\ny.backward()"
    found = watched(ENGINE.replace("dy * np.cos(self.a)", "np.cos(self.a)"), cell)
    assert found.verdicts == {"x": "pass"}
    assert found.codes == ["missing-gy"]
    assert not found.comparison.ok


def test_the_numbers_of_the_sentence_are_those_of_the_run() -> None:
    source = ENGINE.replace("4 * a_cubed(self.a) * dy", "4 * a_cubed(self.a)")
    (blame,) = watched(source, "u = Tensor(3.0)\ny = Times()(Power()(u), u)\ny.backward()", of="y").blame
    assert "At u = 3, with gy = 3, it returns 108; the correct value is 324." in blame.sentence.text("en")
    assert "u = 3, gy = 3일 때 결과는 108" in blame.sentence.text("ko")


def test_of_a_large_array_a_wrong_element_is_named() -> None:
    source = ENGINE.replace("return dy * self.slope", "d = dy * self.slope\n        d[1234] *= 1.5\n        return d")
    found = watched(source, "x = Tensor(np.linspace(1, 2, 3000))\ny = Total()(Leaky()(x))\ny.backward()", of="y")
    assert found.comparison.rows[0].wrong == ((1234,),)
    assert "x[1234]" in found.blame[0].why


@pytest.mark.parametrize("size", [3, 300])
def test_an_infinite_gradient_is_blamed(size: int) -> None:
    source = ENGINE.replace("return dy * self.slope", "return dy / (self.slope == 1)")
    found = watched(source, f"x = Tensor(np.linspace(-1, 2, {size}))\ny = Total()(Leaky()(x))\ny.backward()", of="y")
    assert found.blame[0].where == "Leaky"


def test_the_culprit_nearest_to_the_output_comes_first() -> None:
    source = ENGINE.replace("-dy * np.sin(self.a)", "dy * np.sin(self.a)").replace("4 * a_cubed", "3 * a_cubed")
    found = watched(source, "x = Tensor(0.6)\ny = Cosine()(Power()(x))\ny.backward()", of="y")
    assert [(blame.where, blame.code) for blame in found.blame] == [("Cosine", "sign"), ("Power", "factor")]


def test_a_cycle_that_exists_already_is_blamed() -> None:
    _, namespace, _ = recorded(ENGINE, ["f = Sine()\nx = Tensor(0.5)\ny = f(f(x))"])
    recording = record_variables([namespace["y"]], namespace)
    blame = find_blame(recording, compare(recording))
    assert [(one.where, one.code) for one in blame] == [("graph", "cycle")]
    assert_readable(blame[0])


def test_state_that_changes_between_forward_and_backward_is_told_apart_from_a_wrong_function() -> None:
    cell = "f = Leaky()\nx = Tensor([1.0, -1.0])\ny = Total()(f(x))\nf.slope = np.array([5.0, 5.0])\ny.backward()"
    found = watched(ENGINE, cell, of="y")
    assert [(blame.where, blame.code) for blame in found.blame] == [("graph", "other-data-in-backward")]
    assert_readable(found.blame[0])


def test_it_says_when_it_cannot_tell() -> None:
    source = ENGINE.replace("np.ones_like(self.data, dtype=float)", "np.full_like(self.data, 3.0, dtype=float)")
    found = watched(source, "x = Tensor(0.5)\ny = Sine()(x)\ny.backward()", of="y")
    assert found.codes == ["seed-not-one"]
    unseen = replace(found.recording, steps=())  # as of graphs that are too large to follow the sweep through
    blame = find_blame(unseen, compare(unseen))
    assert [one.code for one in blame] == ["unknown"]
    assert_readable(blame[0])


def test_a_numpy_number_that_the_variable_refuses_is_blamed_from_the_error() -> None:
    mistake = next(mistake for mistake in MISTAKES if mistake.name == ENDS_EARLY)
    _, _, error = recorded(mistake.source, mistake.cells)
    assert error is not None
    blame = blame_error(error)
    assert blame is not None
    assert (blame.where, blame.code) == ("engine", "as-array-forgotten")
    assert_readable(blame)


@pytest.mark.parametrize("cell", ["1 / 0", "x = Tensor('a')\nSine()(x)", "Tensor()"])
def test_other_errors_are_not_explained(cell: str) -> None:
    _, _, error = recorded(ENGINE, [cell])
    assert error is not None
    assert blame_error(error) is None


def _random_state() -> Any:
    return np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002


def test_nothing_of_the_notebook_is_changed() -> None:
    planted = PLANTED[0]
    recording, namespace, _ = recorded(planted.source, [planted.cell])
    assert recording is not None
    before = (
        namespace["x"].grad.copy(),
        namespace["x"].data.copy(),
        _random_state(),
    )
    find_blame(recording, compare(recording))
    after = namespace["x"].grad, namespace["x"].data, _random_state()
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_method_of_arrays_is_not_taken_for_the_one_that_clears() -> None:
    ours = "import numpy as np\nfrom ipy_autodiff import Variable, sin"
    cells = ["x = Variable(np.arange(3.0))\nnp.sum(x * x).backward()", "y = np.sum(sin(x))\ny.backward()"]
    recording, _, _ = recorded(ours, cells)
    assert recording is not None
    assert [blame.code for blame in find_blame(recording, compare(recording))] == ["old-gradient-added"]


def test_every_code_is_planted_somewhere() -> None:
    shown = {planted.code for planted in PLANTED}
    shown |= {"graph-cut", "backward-recurses", "sweep-does-not-end", "not-recorded"}  # among the students' mistakes
    shown |= {"as-array-forgotten", "cycle", "other-data-in-backward", "unknown"}  # above
    shown |= {"not-in-graph"}  # see test_functions
    # see tests/designs
    shown |= {"closure-not-stored", "parent-forgotten", "gradient-replaced", "own-gradient-used"}
    shown |= {"data-is-no-array"}  # a warning beside the graph: see below
    parts = {"numbers", "numbers-random", "no-numbers"}
    keys = {key.partition(".")[2] for key in sentences("en") if key.startswith("blame.")}
    assert {key for key in keys if not key.endswith(_HINT)} - parts == shown
    assert {key + _HINT for key in shown} <= keys


@pytest.mark.parametrize(
    ("data", "kind"), [("2.5", "float"), ("[1, 2]", "list"), ("'a'", "str"), ("np.array(2.5)", None)]
)
def test_a_variable_alone_whose_data_is_no_array_is_remarked_on(data: str, kind: str | None) -> None:
    step1 = "import numpy as np\nclass Variable:\n    def __init__(self, data):\n        self.data = data\n"
    recording, _, _ = recorded(step1, [f"x = Variable({data})"])
    assert recording is not None
    remarks = [finding for finding in recording.findings if finding.code == "data-is-no-array"]
    assert [finding.mistake for finding in remarks] == ([] if kind is None else [kind == "str"])
    if kind is not None:
        assert f"x.data is a {kind}" in remarks[0].sentence.text("en")
        assert find_blame(recording, compare(recording)) == ()


def test_an_error_of_the_cell_is_among_the_blame() -> None:
    mistake = next(mistake for mistake in MISTAKES if mistake.name == ENDS_EARLY)
    recording, _, error = recorded(mistake.source, mistake.cells)
    assert recording is not None
    found = find_blame(recording, compare(recording), error=error)
    assert [(blame.where, blame.code) for blame in found] == [("engine", "as-array-forgotten")]


def test_two_causes_are_not_made_of_one() -> None:
    found = watched(ENGINE, "f = Sine()\nx = Tensor(0.5)\ny = f(f(x))", of="y")
    assert found.codes == ["function-called-twice"]
    assert "line 3" in found.blame[0].sentence.text("en")
    assert "lines" not in found.blame[0].sentence.text("en")


def test_numbers_that_differ_late_are_shown_to_differ() -> None:
    assert told_apart(0.9689124217106447, 0.9689124226570129) == ("0.968912422", "0.968912423")
    assert told_apart(2.0, 3.0) == ("2", "3")
    assert told_apart(None, np.array([1.0])) == ("–", "1")


def test_sums_that_only_round_differently_are_not_blamed() -> None:
    source = ENGINE.replace("tensor.grad = tensor.grad + answer", "tensor.grad = (tensor.grad * 3 + answer * 3) / 3")
    cell = (
        "x = Tensor(0.5)\nw = Tensor(1e9)\na = Sine()(x)\n"
        "y = Plus()(Plus()(Times()(a, w), Times()(a, Tensor(-1e9))), Times()(a, Tensor(1e-3)))\ny.backward()"
    )
    found = watched(source, cell, of="y")
    assert found.codes == []
    assert "fail" not in found.verdicts.values()
