"""Options, settings, help, completion, and unloading without a trace."""

from __future__ import annotations

import pytest

from ipy_autodiff.messages import LANGUAGES
from tests.kernel import Kernel

CELL = "x = Variable(np.array(3.0))\nw = Variable(np.array(2.0))\na = square(x)\ny = a * w"


def test_first_cell_needs_no_import(kernel: Kernel) -> None:
    ran = kernel.run("%%autodiff\n" + CELL)
    assert ran.error is None, ran.traceback
    assert "Square" in ran.text
    assert kernel.run("y.data").value == "array(18.)"


def test_a_notebooks_own_engine_is_never_mixed_with_ours(kernel: Kernel) -> None:
    kernel.run("class Variable:\n    def __init__(self, data):\n        self.data = data\n        self.creator = None")
    ran = kernel.run("%%autodiff\ny = square(Variable(np.array(3.0)))")
    assert ran.error == "NameError: name 'square' is not defined"


def test_name_binds_the_trace(kernel: Kernel) -> None:
    kernel.run("%%autodiff seen\n" + CELL)
    assert kernel.run("[step.function.name for step in seen.steps]").value == "['Mul', 'Square']"
    assert kernel.run("seen.comparison.ok, seen.blame").value == "(True, ())"
    assert (
        kernel.run("[(f.line, f.code) for f in seen.graph.functions]").value
        == "[(4, 'a = square(x)'), (5, 'y = a * w')]"
    )


def test_of_and_wrt(kernel: Kernel) -> None:
    kernel.run("%%autodiff seen --of a --wrt x\n" + CELL)
    assert kernel.run("seen.recording.of.name, [row.name for row in seen.comparison.rows]").value == "('a', ['x'])"


def test_show_chooses_views_and_their_order(kernel: Kernel) -> None:
    html = kernel.run("%%autodiff --show check,graph\n" + CELL).html
    assert html.index('data-autodiff="check"') < html.index('data-autodiff="graph"')
    assert 'data-autodiff="stepper"' not in html


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--bad", ["--bad", "--show, --of, --wrt"]),
        ("--shwo graph", ["--shwo", "Did you mean --show?"]),
        ("--quizz", ["Did you mean --quiz?"]),
        ("--lnag=ko", ["Did you mean --lang?"]),
        ("--show picture", ["picture", "graph,steps,sliders,check"]),
        ("--lang fr", ["fr", ", ".join(LANGUAGES)]),
        ("--compare jax", ["jax", "torch, complex"]),
        ("--slider x", ["--slider x=-2:2:0.1"]),
        ("--slider x=2:-2:0.1", ["x=2:-2:0.1"]),
        ("one two", ["one two"]),
        ("not-a-name", ["not-a-name"]),
    ],
)
def test_a_wrong_option_is_a_usage_error_before_the_cell_runs(kernel: Kernel, options: str, words: list[str]) -> None:
    ran = kernel.run(f"%%autodiff {options}\nleft = 1")
    message = ran.stderr + (ran.error or "")
    assert "UsageError" in message
    assert all(word in message for word in words), message
    assert kernel.run("'left' in globals()").value == "False"


@pytest.mark.parametrize("options", ["--wrt nobody", "--of nobody", "--of np"])
def test_an_unknown_variable_is_named_and_the_graph_is_shown_all_the_same(kernel: Kernel, options: str) -> None:
    ran = kernel.run(f"%%autodiff {options}\nimport numpy as np\n{CELL}")
    assert options.split()[1] in ran.stderr + (ran.error or "")
    assert "Square" in ran.text
    assert kernel.run("y.data").value == "array(18.)"


def test_line_magic_shows_what_exists(kernel: Kernel) -> None:
    kernel.run("%%autodiff\n" + CELL)
    ran = kernel.run("%autodiff y")
    assert "Square" in ran.text
    assert kernel.run("x.grad is None").value == "True"


@pytest.mark.parametrize("line", ["%autodiff", "%autodiff nobody", "%autodiff 3"])
def test_line_magic_says_what_it_needs(kernel: Kernel, line: str) -> None:
    ran = kernel.run(line)
    assert "UsageError" in ran.stderr + (ran.error or "")


def test_settings(kernel: Kernel) -> None:
    kernel.run("%config AutodiffMagics.lang = 'ko'")
    assert "역전파" in kernel.run("%%autodiff\n" + CELL).text
    assert ", ".join(LANGUAGES) in kernel.run("%config AutodiffMagics.lang = 'fr'").stderr
    assert "graph,steps,sliders,check" in kernel.run("%config AutodiffMagics.show = 'picture'").stderr
    kernel.run("get_ipython().config.pop('AutodiffMagics')")  # IPython keeps what a trait refused
    listed = kernel.run("%config AutodiffMagics").stdout
    for name in ("show", "of", "wrt", "slider", "compare", "quiz", "rules", "static", "lang"):
        assert f"AutodiffMagics.{name}" in listed
    kernel.run("%config AutodiffMagics.lang = 'en'")


def test_help_documents_every_option(kernel: Kernel) -> None:
    reply = kernel.reply(kernel.start("%%autodiff?"))
    text = reply["payload"][0]["data"]["text/plain"]
    for option in ("--show", "--of", "--wrt", "--slider", "--compare", "--quiz", "--rules", "--lang"):
        assert option in text


def test_completion(kernel: Kernel) -> None:
    def matches(code: str) -> list[str]:
        return list(kernel.reply(kernel.client.complete(code, len(code)))["matches"])

    kernel.run("%%autodiff\n" + CELL)
    assert "--show" in matches("%%autodiff --sh")
    assert matches("%%autodiff --lang ") == list(LANGUAGES)
    assert matches("%%autodiff --show graph,st") == ["steps"]
    assert matches("%autodiff_check --lang ") == list(LANGUAGES)
    assert matches("%autodiff_check dezero:step0")[:2] == ["step01", "step02"]
    assert matches("%autodiff_check de") == ["dezero:"]
    assert "print" in matches("%%autodiff\npri")
    assert {"x", "w", "a", "y"} <= set(matches("%%autodiff --of "))
    assert "w" in matches("%%autodiff --wrt x,w")
    assert "--show" not in matches("%%time --sh")


def test_unload_takes_everything_away(kernel: Kernel) -> None:
    counts = "len(get_ipython().configurables), len(get_ipython().Completer.custom_matchers)"
    kernel.run("%unload_ext ipy_autodiff")
    before = kernel.run(counts).value
    kernel.run("%load_ext ipy_autodiff")
    kernel.run("%unload_ext ipy_autodiff")
    assert kernel.run(counts).value == before
    ran = kernel.run("%%autodiff\nx = 1")
    assert "not found" in ran.stderr + (ran.error or "")
    kernel.run("%load_ext ipy_autodiff")


def test_the_complex_step_is_a_third_column(kernel: Kernel) -> None:
    ran = kernel.run("%%autodiff --compare complex\n" + CELL)
    assert "complex step" in ran.text.casefold()


@pytest.mark.torch
def test_pytorch_is_a_third_column(kernel: Kernel) -> None:
    assert "PyTorch" in kernel.run("%%autodiff --compare torch\n" + CELL).text


def test_pytorch_is_said_to_be_missing(kernel: Kernel) -> None:
    kernel.run("import sys; kept = sys.modules.get('torch'); sys.modules['torch'] = None")
    ran = kernel.run("%%autodiff --compare torch\n" + CELL)
    kernel.run("del sys.modules['torch']\nif kept is not None: sys.modules['torch'] = kept")
    assert "pip install torch" in ran.stderr + (ran.error or "")


def test_names_taken_from_the_engine_are_said(kernel: Kernel) -> None:
    text = kernel.run("%%autodiff\n" + CELL).text
    assert "Variable, square" in text
    assert "np is NumPy" in text
    assert "np is NumPy" not in kernel.run("%%autodiff\n" + CELL).text


def test_a_name_of_the_engine_beside_an_own_variable_is_explained(kernel: Kernel) -> None:
    kernel.run("class Variable:\n    def __init__(self, data):\n        self.data = data\n        self.creator = None")
    ran = kernel.run("%%autodiff\nx = Variable(3.0)\ny = sin(x)")
    assert ran.error == "NameError: name 'sin' is not defined"
    assert "write a sin of your own" in ran.text
    assert "no Variable" not in ran.text


def test_a_name_error_stands_alone(kernel: Kernel) -> None:
    ran = kernel.run("%%autodiff\nx = Variable(np.array(3.0))\ny = sqare(x)")
    assert ran.error == "NameError: name 'sqare' is not defined"
    assert "computed no Variable" not in ran.text


def test_a_variable_keeps_its_name(kernel: Kernel) -> None:
    ran = kernel.run("%%autodiff y\n" + CELL)
    assert kernel.run("float(y.data)").value == "18.0"
    assert "y is a Variable of this notebook" in ran.text
    kernel.run("%%autodiff seen\n" + CELL)
    kernel.run("%%autodiff seen\n" + CELL)
    assert kernel.run("type(seen).__name__, seen.recording.of.name").value == "('ShownTrace', 'y')"


def test_a_trace_shows_itself_as_it_was_shown(kernel: Kernel) -> None:
    kernel.run("%%autodiff seen --show check --lang ko\n" + CELL)
    text = kernel.run("print(seen._repr_mimebundle_()['text/plain'])").stdout
    assert "역전파" in text
    assert "Graph," not in text
    text = kernel.run("import ipy_autodiff as ad\nprint(ad.trace(y)._repr_mimebundle_()['text/plain'])").stdout
    assert text.startswith("Graph, Variables: 4, Functions: 2")
