"""Every notebook runs again, in a kernel of its own, to the same text and the same verdicts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nbformat import NotebookNode

from .notebooks import FOLDER, LANGUAGES, NAMES, assert_same_text, code_cells, printed, read, run, shown

_VERDICT = re.compile(r'data-verdict="(\w+)"')


@pytest.fixture
def of_no_country(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with neither a language nor settings of its own."""
    for variable in ("LC_ALL", "LANG"):
        monkeypatch.setenv(variable, "C.UTF-8")
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.usefixtures("of_no_country")
def test_runs_to_what_it_saved(lang: str, name: str, tmp_path: Path) -> None:
    saved = read(FOLDER / lang / f"{name}.ipynb")
    fresh = run(saved, tmp_path)
    for before, after in zip(code_cells(saved), code_cells(fresh), strict=True):
        assert len(printed(before)) == len(printed(after)), before.id
        for old, new in zip(printed(before), printed(after), strict=True):
            assert_same_text(old, new)
        assert _verdicts(before) == _verdicts(after), before.id


def _verdicts(cell: NotebookNode) -> list[str]:
    return [verdict for display in shown(cell) for verdict in _VERDICT.findall(display.get("text/html", ""))]
