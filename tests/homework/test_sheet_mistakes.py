"""Mistakes of a lecturer's: one sentence, before any student's code has run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipy_autodiff.homework.command import main
from tests.homework.conftest import RIGHT, SHEET, write_notebook

MISTAKES = {
    "points of letters": (SHEET.replace("points(2)", 'points("two")'), "test_value: points must be a number"),
    "NaN points": (SHEET.replace("points(2)", 'points(float("nan"))'), "not nan"),
    "negative points": (SHEET.replace("points(2)", "points(-1)"), "not -1"),
    "no points": (SHEET.replace("points(2)", "points()"), "points must be"),
    "true points": (SHEET.replace("points(2)", "points(True)"), "not True"),
    "no tests": ("import pytest\n", "has no tests"),
    "empty": ("", "has no tests"),
    "ends Python": ("import sys\nsys.exit()\n" + SHEET, "ended Python"),
    "ends at once": ("import os\nos._exit(0)\n" + SHEET, "ended Python"),
    "a syntax error": ("def test_(student:\n", "squares.py"),
    "a null byte": ("x = 1\0", "squares.py"),
    "an import": ("import no_such_module\n" + SHEET, "No module named 'no_such_module'"),
    "an error": ("1 / 0\n" + SHEET, "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_is_said_in_one_sentence(name: str, tmp_path: Path, sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, sentence = MISTAKES[name]
    sheet.write_text(source, encoding="utf-8")
    ran = tmp_path / "ran"
    notebook = write_notebook(tmp_path / "in.ipynb", (*RIGHT, f"open({str(ran)!r}, 'w')"))
    command = ["grade", str(sheet), str(notebook), "--out", str(tmp_path / "out"), "--lang", "en"]
    assert main([*command, "--isolation", "nbclient"]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1, said
    assert "Traceback" not in said
    assert not ran.exists()
    assert not (tmp_path / "out" / "results.jsonl").exists()


def test_a_sheet_without_end(
    tmp_path: Path, sheet: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipy_autodiff.homework.grade.grading._COLLECTION", 3.0)
    sheet.write_text("while True: pass\n", encoding="utf-8")
    notebook = write_notebook(tmp_path / "in.ipynb", RIGHT)
    assert main(["grade", str(sheet), str(notebook), "--out", str(tmp_path / "out"), "--lang", "en"]) == 2
    assert "took longer than 3 seconds" in capsys.readouterr().err
