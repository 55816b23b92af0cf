"""A notebook that sets ``static`` exports to Markdown without scripts, and to LaTeX with its pictures."""

from __future__ import annotations

import base64
import importlib.util

import nbformat
import pytest
from nbconvert import LatexExporter, MarkdownExporter, SlidesExporter

from tests.kernel import Kernel

CELL = "%%autodiff --lang en\nx = Variable(np.array(0.5))\ny = square(exp(14 * x))\ny.backward()"


@pytest.fixture(scope="module")
def notebook() -> nbformat.NotebookNode:
    kernel = Kernel()
    kernel.run("%load_ext ipy_autodiff\n%config AutodiffMagics.static = True")
    ran = kernel.run(CELL)
    kernel.stop()
    assert ran.error is None
    outputs = [nbformat.v4.new_output("display_data", data=ran.displays[0])]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL, outputs=outputs)])


def test_markdown_has_the_picture_and_the_table_and_no_script(notebook: nbformat.NotebookNode) -> None:
    text, _ = MarkdownExporter().from_notebook_node(notebook)
    assert '<img src="data:image/svg+xml;base64,' in text
    assert "agrees" in text
    assert "<script" not in text
    assert "<style" not in text.replace("PHN0eWxl", "")


@pytest.mark.skipif(importlib.util.find_spec("resvg_py") is None, reason="needs the extra png")
def test_latex_has_the_picture(notebook: nbformat.NotebookNode) -> None:
    text, resources = LatexExporter().from_notebook_node(notebook)
    (picture,) = [data for name, data in resources["outputs"].items() if name.endswith(".png")]
    assert picture.startswith(b"\x89PNG")
    assert "adjustimage" in text
    assert base64.b64decode(notebook.cells[0].outputs[0].data["image/png"]) == picture


def test_slides_show_the_readable_part(notebook: nbformat.NotebookNode) -> None:
    text, _ = SlidesExporter().from_notebook_node(notebook)
    assert 'data-autodiff="view"' in text
    assert "agrees" in text
