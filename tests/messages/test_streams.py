"""Output to streams that know only some letters: nothing is lost but letters, and nothing raises."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ipy_autodiff.homework.command import main
from ipy_autodiff.messages import LANGUAGES, sentences
from ipy_autodiff.messages.streams import degrading

ENCODINGS = ("cp949", "cp932", "cp1252", "ascii")
CELL = """
import sys
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
shell.run_line_magic("load_ext", "ipy_autodiff")
cell = "x = Variable(np.array(0.5))\\ny = square(x)\\ny.backward()\\n"
shell.run_cell_magic("autodiff", "--lang " + sys.argv[1], cell)
shell.run_line_magic("autodiff", "y --show graph,check --lang " + sys.argv[1])
shell.run_cell_magic("autodiff", "--lang " + sys.argv[1], "x = 1\\n")
print("the end")
"""


def _stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_written(encoding: str, language: str) -> None:
    stream = _stream(encoding)
    with degrading(stream):
        stream.writelines(sentences(language).values())
    assert stream.errors == "strict"
    with pytest.raises(UnicodeEncodeError):
        stream.write("\ud800")


def test_what_is_like_it_stands_for_a_letter() -> None:
    for encoding in ENCODINGS:
        stream = _stream(encoding)
        with degrading(stream):
            stream.write("✓ x\u2080 \u2212 2 → 3 ∂y/∂x \U0001f600")
        written = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
        assert written.startswith("v x0 ")
        assert written.endswith("?")


def test_streams_that_know_all_letters_or_forgive_are_left_alone() -> None:
    memory = io.StringIO()
    with degrading(memory):
        memory.write("✓")
    assert memory.getvalue() == "✓"
    utf8 = _stream("utf-8")
    with degrading(utf8):
        utf8.write("✓")
    assert utf8.buffer.getvalue() == "✓".encode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("encoding", "language"), [("cp949", "ko"), ("cp1252", "ko"), ("cp932", "ja"), ("ascii", "en")]
)
def test_a_cell_is_shown(encoding: str, language: str, tmp_path: Path) -> None:
    script = tmp_path / "cell.py"
    script.write_text(CELL, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, str(script), language], capture_output=True, env=environment, check=False)
    text = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr
    assert text.rstrip().endswith("the end")
    assert "UnicodeEncodeError" not in text
    assert "v " in text
    assert "Square" in text


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_ends_with_its_sentence(encoding: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    output, errors = _stream(encoding), _stream(encoding)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", output)
        patched.setattr(sys, "stderr", errors)
        assert main(["grade", "이영희-課題.py", "a.ipynb", "--out", "out", "--lang", language]) == 2
        with pytest.raises(SystemExit, match="0"):
            main(["grade", "--help"])
    assert errors.buffer.getvalue().decode(encoding).count("\n") == 1  # type: ignore[attr-defined]
    assert b"--out" in output.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.skipif(sys.platform == "win32", reason="locales of POSIX")
def test_a_class_is_graded_without_a_locale(tmp_path: Path) -> None:
    notebook = tmp_path / "이영희.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}', encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    environment |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "ipy_autodiff.homework.command", "grade", "dezero:step01", str(notebook)]
    command += ["--out", str(tmp_path / "out"), "--lang", "ko"]
    if sys.platform != "linux":
        command += ["--isolation", "nbclient"]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert b"grades.csv" in done.stdout
    assert len(list((tmp_path / "out" / "feedback").iterdir())) == 1
