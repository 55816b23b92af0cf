"""Every notebook runs again, in a kernel of its own, to the same text and the same verdicts.

One language is enough: ``test_saved`` finds the same code and the same verdicts in the others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .notebooks import FOLDER, LANGUAGES, NAMES, assert_same_text, code_cells, printed, read, run, verdicts


@pytest.fixture
def of_no_country(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with neither a language nor settings of its own."""
    for variable in ("LC_ALL", "LANG"):
        monkeypatch.setenv(variable, "C.UTF-8")
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("of_no_country")
def test_runs_to_what_it_saved(name: str, tmp_path: Path) -> None:
    saved = read(FOLDER / LANGUAGES[0] / f"{name}.ipynb")
    fresh = run(saved, tmp_path)
    for before, after in zip(code_cells(saved), code_cells(fresh), strict=True):
        assert len(printed(before)) == len(printed(after)), before.id
        for old, new in zip(printed(before), printed(after), strict=True):
            assert_same_text(old, new)
        assert verdicts(before) == verdicts(after), before.id
