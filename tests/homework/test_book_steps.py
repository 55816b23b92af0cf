"""The sheets of the book's steps: the solutions get full marks, the blanks none for what is to be written."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import ipy_autodiff.homework.sheet.dezero
from ipy_autodiff.messages import LANGUAGES
from tests.homework.conftest import Row

Grade = Callable[..., list[Row]]
NOTEBOOKS = Path(__file__).parents[2] / "demo_notebooks" / "homework"
SHEETS = Path(ipy_autodiff.homework.sheet.dezero.__path__[0])
STEPS = [f"step{number:02}" for number in range(1, 37)]


@pytest.mark.parametrize("step", STEPS)
def test_solution_gets_all_and_the_blank_little(grade: Grade, step: str) -> None:
    solution, blank = grade(
        *[NOTEBOOKS / folder / f"{step}.ipynb" for folder in ("solutions", "en")], using=f"dezero:{step}"
    )
    assert solution["score"] == solution["max_score"], solution
    assert float(blank["score"]) <= 0.35 * float(blank["max_score"]), blank


def code_of(path: Path) -> list[str]:
    """What the cells do, without comments, and without words: those of a docstring or a message."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    trees = [ast.parse("".join(line for line in source.splitlines(True) if line[0] not in "%!")) for source in sources]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            node.value = ""
    return [ast.dump(tree) for tree in trees]


@pytest.mark.parametrize("step", STEPS)
def test_blanks_are_the_same_in_every_language(step: str) -> None:
    blanks = [path for path in NOTEBOOKS.glob(f"*/{step}.ipynb") if path.parent.name != "solutions"]
    assert len(blanks) > 1
    assert len({tuple(code_of(path)) for path in blanks}) == 1


@pytest.mark.parametrize("step", STEPS)
def test_titles_are_in_every_language(step: str) -> None:
    (sheet,) = SHEETS.glob(f"*/{step}.py")
    tests = [each for each in ast.parse(sheet.read_text(encoding="utf-8")).body if isinstance(each, ast.FunctionDef)]
    for test in tests:
        if test.name.startswith("test_"):
            lines = (ast.get_docstring(test) or "").splitlines()
            titled = {line.strip()[:2] for line in lines if line.strip()[2:4] == ": "}
            assert titled == set(LANGUAGES) - {"en"}, test.name


EARLIER_MISTAKES = {
    "step02": ("self.data = data", "self.data = 0 * data"),
    "step07": ("return 2 * self.input.data * gy", "return 3 * gy"),
    "step08": ("return np.exp(self.input.data) * gy", "return gy"),
    "step10": ("return 2 * self.input.data * gy", "return self.input.data * gy"),
}  # fmt: skip


@pytest.mark.parametrize("step", EARLIER_MISTAKES)
def test_a_mistake_of_an_earlier_step_is_not_counted_again(grade: Grade, tmp_path: Path, step: str) -> None:
    notebook = json.loads((NOTEBOOKS / "solutions" / f"{step}.ipynb").read_text(encoding="utf-8"))
    right, wrong = EARLIER_MISTAKES[step]
    changed = 0
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        changed += right in source
        cell["source"] = source.replace(right, wrong)
    assert changed
    path = tmp_path / "mistaken.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    row = grade(path, using=f"dezero:{step}")[0]
    assert row["score"] == row["max_score"], row


MISTAKES = {
    "step02": ("return x ** 2", "return x * 2", "test_square_computes"),
    "step03": ("np.exp(x)", "np.exp(-x)", "test_exp_computes"),
    "step04": ("f(x0).data) / (2 * eps)", "f(x).data) / eps", "test_the_difference_is_central"),
    "step05": ("    ga = np.exp(a) * gb\n", "    ga = gb\n", "test_chain_rule"),
    "step06": ("return 2 * self.input.data * gy", "return 2 * self.input.data", "test_backward_of_square"),
    "step07": ("            x.backward()", "", "test_backward"),
    "step08": ("functions.append(f.input.creator)", "f.input.backward()", "test_a_long_chain"),
    "step09": ("self.grad = np.ones_like(self.data)", "self.grad = np.array(1.0)", "test_no_seed_by_hand"),
    "step10": ("self.assertEqual(x.grad, 6.0)", "pass", None),
}  # fmt: skip


@pytest.mark.parametrize("step", MISTAKES)
def test_a_mistake_is_found_where_it_is(grade: Grade, tmp_path: Path, step: str) -> None:
    right, wrong, test = MISTAKES[step]
    text = (NOTEBOOKS / "solutions" / f"{step}.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace(right, wrong)
    path = tmp_path / "mistaken.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    row = grade(path, using=f"dezero:{step}")[0]
    if test is None:
        assert row["score"] == row["max_score"]
    else:
        assert row[test] in ("fail", "error"), row
        assert float(row["score"]) < float(row["max_score"])
        if step != "step05":  # has one function to write, and nothing else to get marks for
            assert float(row["score"]) > 0
