"""The notebook of mistakes: every code that blame can give is shown once, by a cell that gives it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import ipy_autodiff.messages
from tests.kernel import Kernel

from .notebooks import FOLDER, code_cells, read

CELLS = {cell.id: cell for cell in code_cells(read(FOLDER / "en" / "mistakes.ipynb"))}
MISTAKES = [name for name, cell in CELLS.items() if cell.source.startswith("%%autodiff trace ")]
ENGINE = CELLS["engine"].source

PARTS = {"numbers", "numbers-random", "no-numbers"}
"""Parts of sentences, which stand beside the codes."""
OF_FUNCTIONS = {"not-in-graph"}
"""What only a function that can be called again can show."""
OF_ERRORS = {"as-array-forgotten"}
"""What is said of a cell that ended with an error, beside the trace of what it did until then."""
OF_REMARKS = {"data-is-no-array"}
"""What is remarked beside the graph and not blamed: see tests/gradcheck/test_blame.py."""

OF_CLOSURES = {"closure-not-stored", "gradient-replaced", "own-gradient-used", "parent-forgotten"}
"""What only an engine whose values keep closures can show: see tests/designs."""


def _sentences() -> dict[str, str]:
    (folder,) = ipy_autodiff.messages.__path__
    return tomllib.loads((Path(folder) / "en" / "blame.toml").read_text(encoding="utf-8"))


def _codes() -> set[str]:
    """Every code that has a sentence."""
    return {name.removesuffix("-hint") for name in _sentences()} - PARTS


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    kernel.run(f"%load_ext ipy_autodiff\n%config AutodiffMagics.lang = 'en'\n{ENGINE}")
    yield kernel
    kernel.stop()


def test_every_code_is_shown() -> None:
    assert set(MISTAKES) == _codes() - OF_FUNCTIONS - OF_REMARKS - OF_CLOSURES
    assert set(CELLS) >= OF_FUNCTIONS


@pytest.mark.parametrize("code", [code for code in MISTAKES if code not in OF_ERRORS])
def test_the_cell_is_blamed_for_its_mistake(kernel: Kernel, code: str) -> None:
    if f"before-{code}" in CELLS:
        kernel.run(CELLS[f"before-{code}"].source)
    kernel.run(CELLS[code].source)
    named = kernel.run("[blame.code for blame in trace.blame]").value
    assert named is not None
    assert named.startswith(f"['{code}'")


@pytest.mark.parametrize("code", sorted(OF_ERRORS))
def test_the_error_is_explained(kernel: Kernel, code: str) -> None:
    ran = kernel.run(CELLS[code].source)
    assert ran.error is not None
    explained = _sentences()[code].split("}")[-1]
    assert explained in ran.text


@pytest.mark.parametrize("code", sorted(OF_FUNCTIONS))
def test_the_function_is_explained(kernel: Kernel, code: str) -> None:
    assert _sentences()[code].split("}")[-1] in kernel.run(CELLS[code].source).stdout
