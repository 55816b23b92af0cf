"""Files that are no notebooks, odd ones that are, and names that need care: each has its row."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ipy_autodiff.homework.sandbox.text.cells import UnreadableError, code_cells
from ipy_autodiff.homework.sheet.submissions import found
from tests.homework.conftest import RIGHT, Row, read_records, write_notebook

Grade = Callable[..., list[Row]]


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("hw1.ipynb", "{}")
    return content.getvalue()


BROKEN = {
    "empty": b"",
    "blank": b" \n",
    "not json": b"print('hello')",
    "half": b'{"cells": [{"cell_type": "code", "sour',
    "a list": b"[1, 2]",
    "no cells": b'{"nbformat": 4}',
    "zip": _zip(),
    "deep": b'{"cells":' + b"[" * 100_000,
    "binary": bytes(range(256)) * 10,
}


def test_each_broken_file_has_its_row_and_a_reason(grade: Grade, tmp_path: Path) -> None:
    paths = []
    for name, content in BROKEN.items():
        paths.append(tmp_path / "in" / f"{name}.ipynb")
        paths[-1].parent.mkdir(exist_ok=True)
        paths[-1].write_bytes(content)
    rows = grade(*paths, write_notebook(tmp_path / "in" / "right.ipynb", RIGHT), tmp_path / "in" / "not there.ipynb")
    assert [row["student_id"] for row in rows] == [*BROKEN, "right", "not there"]
    for row in rows:
        if row["student_id"] == "right":
            assert row["score"] == "5"
        else:
            assert (row["status"], row["score"], row["test_value"]) == ("unreadable", "0", "not-run")
            assert row["remark"]


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")
def test_links_folders_and_pipes_are_not_followed(grade: Grade, tmp_path: Path) -> None:
    right = write_notebook(tmp_path / "others" / "right.ipynb", RIGHT)
    (tmp_path / "link.ipynb").symlink_to(right)
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "device.ipynb").symlink_to("/dev/zero")
    rows = grade(tmp_path / "link.ipynb", tmp_path / "pipe.ipynb", tmp_path / "device.ipynb")
    assert [row["status"] for row in rows] == ["unreadable"] * 3
    assert "link" in rows[0]["remark"]


def test_encodings_and_versions(grade: Grade, tmp_path: Path) -> None:
    korean = ("# 제곱 함수\n" + RIGHT[0], RIGHT[1])
    path = write_notebook(tmp_path / "in" / "utf.ipynb", korean)
    text = json.dumps(json.loads(path.read_text(encoding="utf-8")), ensure_ascii=False)
    contents = {
        "bom": text.encode("utf-8-sig"),
        "utf-16": text.encode("utf-16"),
        "cp949": text.encode("cp949"),
        "latin-1": text.replace("제곱 함수", "café ÿ").encode("latin-1"),
        "nbformat 3": json.dumps(
            {
                "worksheets": [
                    {
                        "cells": [
                            {"cell_type": "code", "language": "python", "input": list(cell), "outputs": []}
                            for cell in RIGHT
                        ]
                    }
                ],
                "nbformat": 3,
            }
        ).encode(),
        "surrogate": json.dumps(
            {"cells": [{"cell_type": "code", "source": "# \ud800\n" + cell} for cell in RIGHT]}
        ).encode(),
    }
    plain = [{"cell_type": "code", "source": cell} for cell in RIGHT]
    contents["lines of Windows"] = json.dumps(
        {"cells": [{**cell, "source": cell["source"].replace("\n", "\r\n")} for cell in plain]}, indent=1
    ).replace("\n", "\r\n").encode()  # fmt: skip
    contents["NaN"] = json.dumps({"metadata": {"a": float("nan"), "b": [1e999]}, "cells": plain}).encode()
    contents["keys twice"] = (
        b'{"cells": [{"cell_type": "code", "source": "1/0"}], ' + json.dumps({"cells": plain})[1:].encode()
    )
    contents["bytes that are no UTF-8"] = (
        json.dumps({"cells": plain}).encode().replace(b"class Square", b"# \xff\xfe\\nclass Square")
    )
    shown = {"output_type": "stream", "name": "stdout", "text": "x"}
    contents["many outputs"] = json.dumps({"cells": [*plain, {**plain[0], "outputs": [shown] * 100_000}]}).encode()
    for name, content in contents.items():
        (tmp_path / "in" / f"{name}.ipynb").write_bytes(content)
    rows = grade(tmp_path / "in")
    assert {row["student_id"]: row["score"] for row in rows} == dict.fromkeys([*contents, "utf"], "5")


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_the_same_file_by_two_names_is_graded_once_for_both(grade: Grade, tmp_path: Path) -> None:
    first = write_notebook(tmp_path / "in" / "kim.ipynb", RIGHT)
    (tmp_path / "in" / "lee.ipynb").hardlink_to(first)
    assert [row["score"] for row in grade(tmp_path / "in")] == ["5", "5"]
    assert len(read_records(tmp_path / "out" / "results.jsonl")) == 1


def test_tags_and_metadata_keep_no_cell_from_running(grade: Grade, tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "tagged.ipynb",
        RIGHT,
        tags=["skip-execution", "raises-exception"],
        nbgrader={"grade": True, "points": 100},
    )
    assert grade(path)[0]["score"] == "5"


def test_5000_cells_and_200_megabytes(grade: Grade, tmp_path: Path) -> None:
    many = write_notebook(tmp_path / "many.ipynb", (*RIGHT, *(f"x{n} = {n}" for n in range(5000))))
    large = write_notebook(tmp_path / "large.ipynb", RIGHT)
    notebook = json.loads(large.read_text())
    notebook["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 200_000_000}]
    large.write_text(json.dumps(notebook))
    rows = grade(many, large, options=("--jobs", "1", "--timeout", "60"))
    assert [row["score"] for row in rows] == ["5", "5"]


def test_a_file_of_many_small_things_stops_at_its_memory(grade: Grade, tmp_path: Path) -> None:
    path = tmp_path / "bomb.ipynb"
    path.write_bytes(b'{"cells":[' + b"[]," * 4_000_000 + b"[]]}")
    right = write_notebook(tmp_path / "right.ipynb", RIGHT)
    bomb, other = grade(path, right, options=("--jobs", "1", "--memory", "100", "--timeout", "10"))
    assert bomb["score"] == "0"
    assert other["score"] == "5"


def test_names_are_told_apart_and_safe(tmp_path: Path) -> None:
    names = [
        "a/hw1.ipynb",
        "b/hw1.ipynb",
        "hw1 (1).ipynb",
        "=cmd|'x'.ipynb",
        ".hidden.ipynb",
        "김철수.ipynb",
        "HW1 (1).IPYNB.ipynb",
    ]
    for name in names:
        write_notebook(tmp_path / name, RIGHT)
    given = [one.name for one in found([tmp_path / name for name in names], 10**9)]
    assert (
        given == ["a-hw1", "b-hw1", "hw1 (1)", "=cmd__x_", "_hidden", "김철수", "HW1 (1).IPYNB"]
        or len({*map(str.casefold, given)}) == 7
    )
    assert len({name.casefold() for name in given}) == len(names)
    assert not any("/" in name or name.startswith(".") for name in given)


def test_two_submissions_of_one_student_have_two_rows(grade: Grade, tmp_path: Path) -> None:
    first = write_notebook(tmp_path / "monday" / "kim.ipynb", RIGHT)
    second = write_notebook(tmp_path / "tuesday" / "kim.ipynb", RIGHT[:1])
    rows = grade(first, second, first)
    assert [(row["student_id"], row["score"]) for row in rows] == [("monday-kim", "5"), ("tuesday-kim", "0")]


def test_spreadsheets_get_no_formulas(grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_notebook(tmp_path / "=1+1.ipynb", RIGHT)
    monkeypatch.chdir(tmp_path)
    row = grade(Path("=1+1.ipynb"))[0]
    assert (row["student_id"], row["file"]) == ("_1+1", "'=1+1.ipynb")


def test_stored_text_is_read_in_both_versions() -> None:
    four = {
        "cells": [
            {
                "cell_type": "code",
                "source": "1",
                "outputs": [{"output_type": "execute_result", "data": {"text/plain": ["1"]}}],
            }
        ]
    }
    three = {
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": "1", "outputs": [{"output_type": "pyout", "text": ["1"]}]}]}
        ]
    }
    assert code_cells(json.dumps(four).encode())[0].stored == "1\n"
    assert code_cells(json.dumps(three).encode())[0].stored == "1\n"
    with pytest.raises(UnreadableError):
        code_cells(json.dumps(four).encode(), most=0)


def test_one_student_in_two_spellings_is_one_student(tmp_path: Path) -> None:
    for folder, name in (("a", unicodedata.normalize("NFD", "이영희")), ("b", "이영희")):
        write_notebook(tmp_path / folder / f"{name}.ipynb", RIGHT)
    alone = [found([path], 10**9)[0].name for path in sorted(tmp_path.glob("*/*.ipynb"))]
    assert alone == ["이영희", "이영희"]
    assert [one.name for one in found(sorted(tmp_path.glob("*/*.ipynb")), 10**9)] == ["a-이영희", "b-이영희"]


def test_names_that_some_system_cannot_have(tmp_path: Path) -> None:
    long = "가" * 70
    odd = [
        "con",
        "Aux",
        "nul.tar",
        "COM1",
        "-rf",
        "--out",
        "a.",
        "KIM",
        "kim",
        f"{long}/{long}",
        f"x/{long}",
        "a;=1+1;b",
    ]
    paths = [Path(tmp_path, *name.split("/")).with_name(name.split("/")[-1] + ".ipynb") for name in odd]
    given = [one.name for one in found(paths, 10**9)]
    assert len({name.casefold() for name in given}) == len(odd)
    for name in given:
        assert len(f"{name}.html.new".encode()) <= 255
        assert not name.startswith(("-", ".", " "))
        assert not name.endswith((".", " "))
        assert name.partition(".")[0].casefold() not in ("con", "aux", "nul", "com1")
    assert given[7:9] == ["KIM", "kim-2"]


def test_a_notebook_whose_name_begins_with_a_dash(
    grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(tmp_path / "-rf.ipynb", RIGHT)
    write_notebook(tmp_path / "a;=1+1;b.ipynb", RIGHT)
    monkeypatch.chdir(tmp_path)
    rows = grade(Path("-rf.ipynb"), Path("a;=1+1;b.ipynb"))
    assert [(row["student_id"], row["score"]) for row in rows] == [("_rf", "5"), ("a__1+1_b", "5")]
    assert not any(part.strip("\"'").startswith("=") for row in rows for part in row["file"].split(";"))


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_a_name_in_another_encoding(grade: Grade, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xb1\xe8.ipynb")
    os.rename(write_notebook(tmp_path / "a.ipynb", RIGHT), path)  # noqa: PTH104
    assert [row["score"] for row in grade(Path(path))] == ["5"]
