"""In a terminal the same cell shows a graph, steps and a table that can be read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loop_engine import ENGINE

CELL = "x = Variable(np.array(0.5))\ny = square(exp(square(x)))\n"


def ipython(folder: Path, cell: str, language: str = "en") -> str:
    """What a terminal shows for ``%%autodiff`` and this cell, without colours."""
    script = folder / "cell.ipy"
    script.write_text(f"%%autodiff --lang {language}\n{ENGINE}\n{cell}", encoding="utf-8")
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "--ext=ipy_autodiff", str(script)]
    environment = {"IPYTHONDIR": str(folder), "HOME": str(folder), "PYTHONIOENCODING": "utf-8", "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


@pytest.mark.parametrize(("language", "words"), [("en", ["Backward pass", "agrees"]), ("ko", ["역전파", "일치"])])
def test_graph_steps_and_table_are_readable(tmp_path: Path, language: str, words: list[str]) -> None:
    shown = ipython(tmp_path, CELL, language)
    for word in ("Square", "Exp", "3.297", "y=square(exp(square(x)))".replace("=", " = "), *words):
        assert word in shown
    assert max(len(line) for line in shown.splitlines()) < 160


def test_no_widget_is_made(tmp_path: Path) -> None:
    assert "anywidget" not in ipython(
        tmp_path, CELL + "import sys\nprint([m for m in sys.modules if m == 'anywidget'])"
    )
