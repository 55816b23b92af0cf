"""The demo notebooks as they are in the repository, and their outputs as text."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import nbclient
import nbformat
import pytest
from nbformat import NotebookNode

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "demo_notebooks"
LANGUAGES = ("en", "ko", "ja")
NAMES = sorted(path.stem for path in (FOLDER / "en").glob("*.ipynb"))

_VERDICT = re.compile(r'data-verdict="(\w+)"')
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")


def read(path: Path) -> NotebookNode:
    """The notebook, validated."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    return notebook


def run(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """A copy, run from the top in `folder`. Raises what a cell raises, unless its tag says that it does."""
    fresh = copy.deepcopy(notebook)
    for cell in code_cells(fresh):
        cell.outputs, cell.execution_count = [], None
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(fresh, timeout=120, kernel_name="python3", resources=resources).execute()
    return fresh


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell: NotebookNode) -> list[str]:
    """What the cell printed, its value and its error: all that a plain run of it would have left."""
    return [f"{name}: {''.join(texts)}" for name, texts in _printed(cell).items()]


def _printed(cell: NotebookNode) -> dict[str, list[str]]:
    """By kind. One print may arrive in pieces, as the kernel's timing wants it."""
    found: dict[str, list[str]] = {}
    for output in cell.outputs:
        if output.output_type == "stream":
            found.setdefault(output.name, []).append(output.text)
        elif output.output_type == "execute_result":
            found["value"] = [output.data["text/plain"]]
        elif output.output_type == "error":
            found[output.ename] = [output.evalue]
    return found


def shown(cell: NotebookNode) -> list[dict[str, str]]:
    """What the cell displayed, by mime type."""
    return [output.data for output in cell.outputs if output.output_type == "display_data"]


def verdicts(cell: NotebookNode) -> list[str]:
    """The verdicts in what the cell displayed, in order."""
    return [verdict for display in shown(cell) for verdict in _VERDICT.findall(display.get("text/html", ""))]


def assert_same_text(saved: str, fresh: str) -> None:
    """The texts agree, and their numbers do to nine digits: other machines round the last ones otherwise."""
    assert _NUMBER.split(saved) == _NUMBER.split(fresh)
    numbers = [float(number) for number in _NUMBER.findall(saved)]
    assert numbers == pytest.approx([float(number) for number in _NUMBER.findall(fresh)], rel=1e-9)
