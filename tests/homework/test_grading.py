"""A lecturer's work: grade, be interrupted, go on, change a mark, read the reports."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ipy_autodiff.homework.command import main
from ipy_autodiff.homework.grade.results import Results
from ipy_autodiff.homework.sheet.sheet_file import Sheet, SheetError, find_sheet
from tests.homework.conftest import (
    ENGINE,
    RIGHT,
    SHEET,
    SQUARE,
    Row,
    read_records,
    read_rows,
    wait_until_gone,
    write_notebook,
)

Grade = Callable[..., list[Row]]


def test_a_row_and_a_page_for_each(grade: Grade, tmp_path: Path) -> None:
    notebooks = [write_notebook(tmp_path / f"s{n}.ipynb", (*RIGHT, f"n = {n}")) for n in range(12)]
    rows = grade(*notebooks, options=("--jobs", "2"))
    assert [row["student_id"] for row in rows] == [f"s{n}" for n in range(12)]
    assert {(row["score"], row["max_score"], row["assignment"]) for row in rows} == {("5", "5", "squares")}
    assert list(rows[0])[:11] == [
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
        "raw_score", "late_submission_penalty", "score", "max_score",
    ]  # fmt: skip
    assert sorted(path.stem for path in (tmp_path / "out" / "feedback").iterdir()) == sorted(f"s{n}" for n in range(12))
    assert len(read_records(tmp_path / "out" / "results.jsonl")) == 12


def test_other_points_need_no_other_run(grade: Grade, tmp_path: Path, sheet: Path) -> None:
    ran = tmp_path / "ran.ipynb"
    write_notebook(ran, RIGHT)
    assert grade(ran)[0]["score"] == "5"
    before = (tmp_path / "out" / "results.jsonl").read_bytes()
    changed = SHEET.replace("points(2)", "points(20)").replace("@pytest.mark.hidden\n", "# hidden no more\n")
    sheet.write_text(changed, encoding="utf-8")
    row = grade(ran)[0]
    assert (row["score"], row["max_score"]) == ("23", "23")
    assert (tmp_path / "out" / "results.jsonl").read_bytes() == before
    assert "Differentiates." in (tmp_path / "out" / "feedback" / "ran.html").read_text(encoding="utf-8")
    sheet.write_text(changed.replace("x ** 2)", "x ** 4)"), encoding="utf-8")
    assert grade(ran)[0]["score"] == "3"


def test_another_seed_is_another_run(grade: Grade, tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "a.ipynb", RIGHT)
    for seed in ("0", "1"):
        assert grade(notebook, options=("--jobs", "1", "--seed", seed))[0]["score"] == "5"
    assert len(read_records(tmp_path / "out" / "results.jsonl")) == 2


def test_inputs_are_the_same_for_all_and_other_with_another_seed(grade: Grade, tmp_path: Path) -> None:
    cells = (*RIGHT[:1], "def square(x):\n    raise ValueError(repr(x.data.tolist()))")
    notebooks = [write_notebook(tmp_path / f"{n}.ipynb", (*cells, f"n = {n}")) for n in range(2)]
    seen = []
    for seed in ("0", "1"):
        grade(*notebooks, options=("--jobs", "1", "--seed", seed))
    for record in read_records(tmp_path / "out" / "results.jsonl"):
        seen.append(record["tests"][0]["reason"]["blanks"]["error"])
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_inputs_that_were_seen_at_home_are_not_those_of_the_lecturer(tmp_path: Path) -> None:
    """A student may run the command too, with the same package, sheet and notebook."""
    seen = set()
    for place in ("home", "university"):
        (tmp_path / place).mkdir()
        path = tmp_path / place / "results.jsonl"
        with Results(path) as results:
            seed = results.seed()
            assert results.seed() == seed
            assert results.seed(7) == 7
        with Results(path) as results:
            assert results.seed() == seed
        seen.add(seed)
    assert len(seen) == 2


LEAK = """
import sys, os
def square(x):
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get('message'), 'expression'):
        frame = frame.f_back
    asked = frame.f_locals['message'].expression
    with open('/homework/seen', 'a') as file:
        file.write(asked + '; ')
    raise ValueError('seen: ' + open('/homework/seen').read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that all tests of a submission share")
def test_what_a_hidden_test_asks_is_not_told_by_another(grade: Grade, tmp_path: Path, sheet: Path) -> None:
    head, value, gradient = SHEET.partition("@pytest.mark.points(2)")[0], *SHEET.split("@pytest.mark.points")[1:]
    sheet.write_text(f"{head}@pytest.mark.points{gradient}\n@pytest.mark.points{value}", encoding="utf-8")
    row = grade(write_notebook(tmp_path / "spy.ipynb", (ENGINE, LEAK)))[0]
    assert list(row)[-2:] == ["test_gradient", "test_value"]  # the columns as the sheet has them
    page = (tmp_path / "out" / "feedback" / "spy.html").read_text(encoding="utf-8")
    assert "seen: square(x); " in page
    assert "square(square(x))" not in page


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_goes_on_where_it_was_stopped(tmp_path: Path, sheet: Path, number: signal.Signals) -> None:
    notebooks = [
        write_notebook(tmp_path / "in" / f"{n:02}.ipynb", (*RIGHT, f"import time\ntime.sleep(0.2)\nn = {n}"))
        for n in range(24)
    ]
    command = [sys.executable, "-m", "ipy_autodiff.homework.command", "grade", str(sheet), str(tmp_path / "in")]
    command += ["--out", str(tmp_path / "out"), "--jobs", "1"]
    results = tmp_path / "out" / "results.jsonl"
    token = f"{os.getpid()}-{number}-{time.monotonic_ns()}"
    environment = {**os.environ, "GRADED_BY": token}
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored
    try:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    finally:
        signal.signal(signal.SIGINT, handler)
    deadline = time.monotonic() + 240
    while not read_records(results) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(120) == (130 if number == signal.SIGINT else -number)
    done = results.read_bytes()
    assert 0 < len(read_records(results)) < len(notebooks)
    if number == signal.SIGINT:
        rows = read_rows(tmp_path / "out" / "grades.csv")
        assert len(rows) == 24
        assert {row["status"] for row in rows} == {"graded", "not-run"}
    with results.open("ab") as file:
        file.write(b'{"key": "cut sho')
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert results.read_bytes().startswith(done)
    rows = read_rows(tmp_path / "out" / "grades.csv")
    assert [row["score"] for row in rows] == ["5"] * 24
    keys = [record["key"] for record in read_records(results)]
    assert len(keys) == len(set(keys)) == 24
    wait_until_gone(token)


def test_two_commands_do_not_write_one_folder(
    grade: Grade, tmp_path: Path, sheet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = write_notebook(tmp_path / "a.ipynb", RIGHT)
    (tmp_path / "out").mkdir()
    with Results(tmp_path / "out" / "results.jsonl"):
        assert main(["grade", str(sheet), str(notebook), "--out", str(tmp_path / "out"), "--lang", "en"]) == 2
    assert "Another command" in capsys.readouterr().err


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_feedback_is_one_file_escaped_and_silent_about_hidden_tests(grade: Grade, tmp_path: Path) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    cells = (
        ENGINE,
        f"def square(x):\n    raise ValueError({attack!r})",
        f"raise KeyError({attack!r})",
        f"class {'A' * 5}(Exception): pass",
    )
    notebook = write_notebook(tmp_path / "<b>kim.ipynb", cells)
    row = grade(notebook)[0]
    page = (tmp_path / "out" / "feedback" / f"{row['student_id']}.html").read_text(encoding="utf-8")
    parser = _Tags()
    parser.feed(page)
    names = [tag for tag, _ in parser.tags]
    assert "script" not in names
    assert "b" not in names
    assert not [attributes for _, attributes in parser.tags if any(name.startswith("on") for name in attributes)]
    assert not [
        value
        for _, attributes in parser.tags
        for name, value in attributes.items()
        if name in ("src", "href") and not str(value).startswith("data:")
    ]
    assert "&lt;script&gt;" in page
    assert "Squares numbers." in page
    assert "Differentiates." not in page
    assert "test_gradient" not in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page


def test_feedback_draws_a_wrong_gradient(grade: Grade, tmp_path: Path) -> None:
    exp = SQUARE.replace("square", "exp").replace("Square", "Exp").replace("x ** 2", "np.exp(x)")
    exp = exp.replace("2 * self.input.data * gy", "np.exp(self.input.data) * gy")
    cells = (ENGINE, SQUARE.replace("2 * self.input.data * gy", "2 * gy"), exp)
    grade(write_notebook(tmp_path / "kim.ipynb", cells), using=Path("dezero:step09"))
    page = (tmp_path / "out" / "feedback" / "kim.html").read_text(encoding="utf-8")
    graph = base64.b64decode(page.partition("data:image/svg+xml;base64,")[2].partition('"')[0]).decode()
    assert graph.count('class="function fail') >= 1
    assert graph.count('class="function pass') >= 1
    assert page.index("Square.backward contradicts Square.forward") > page.index("<details open>")
    assert "Square.backward leaves out its input" in page
    assert "ACTUAL" in page


def test_feedback_keeps_what_pytest_says(grade: Grade, tmp_path: Path) -> None:
    grade(write_notebook(tmp_path / "kim.ipynb", (ENGINE, SQUARE.replace("x ** 2", "x * 3"))))
    page = (tmp_path / "out" / "feedback" / "kim.html").read_text(encoding="utf-8")
    assert "Mismatched elements: 6 / 6" in page
    assert "squares.py:" in page


def test_gradescope(grade: Grade, tmp_path: Path) -> None:
    notebooks = [
        write_notebook(tmp_path / "a.ipynb", (ENGINE, SQUARE.replace("x ** 2", "x"))),
        tmp_path / "nothing.ipynb",
    ]
    grade(*notebooks, options=("--gradescope", "--jobs", "1"))
    found = json.loads((tmp_path / "out" / "gradescope" / "a" / "results.json").read_text())
    assert (found["score"], [test["status"] for test in found["tests"]]) == (0, ["failed", "failed"])
    assert [test["visibility"] for test in found["tests"]] == ["visible", "hidden"]
    assert [test["max_score"] for test in found["tests"]] == [2, 3]
    nothing = json.loads((tmp_path / "out" / "gradescope" / "nothing" / "results.json").read_text())
    assert nothing["score"] == 0
    assert nothing["output"]


def test_pytest_runs_a_sheet_and_writes_junit(tmp_path: Path, sheet: Path) -> None:
    right = write_notebook(tmp_path / "kim.ipynb", RIGHT)
    wrong = write_notebook(tmp_path / "이영희.ipynb", (ENGINE, SQUARE.replace("x ** 2", "x")))
    command = [sys.executable, "-m", "pytest", str(sheet), "--submission", str(right), "--submission", str(wrong)]
    command += ["--junitxml", str(tmp_path / "junit.xml"), "-p", "no:cacheprovider", "--rootdir", str(sheet.parent)]
    done = subprocess.run([*command, "-c", os.devnull], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "2 failed, 2 passed" in done.stdout
    assert "Mismatched elements" in done.stdout
    cases = list(ET.parse(tmp_path / "junit.xml").iter("testcase"))
    assert len(cases) == 4
    assert sum(case.find("failure") is not None for case in cases) == 2


PARAMETRISED = """
import numpy as np
import pytest

@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.points(1.5)
def test_scaled(student, scale, base):
    assert student.value("square(x)", x=np.array(base * scale)) == 9 * scale ** 2

def test_raises(student):
    assert student.raises("Variable(1.0)", TypeError)
    assert not student.raises("square(x)", TypeError, x=np.array(1.0))

def test_source(student):
    assert "gy" in student.source("Square.backward")
    assert student.has("Variable") and not student.has("Cube")
"""


def test_parametrised_tests_and_conftest(grade: Grade, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef base():\n    return 3.0\n")
    (tmp_path / "more" / "sheet.py").write_text(PARAMETRISED)
    row = grade(write_notebook(tmp_path / "a.ipynb", RIGHT), using=tmp_path / "more" / "sheet.py")[0]
    assert (row["score"], row["max_score"]) == ("5", "5")
    assert row["test_scaled[1]"] == row["test_scaled[2]"] == "pass"


def test_a_sheet_that_fails_is_the_lecturers_to_see(
    grade: Grade, tmp_path: Path, sheet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = write_notebook(tmp_path / "a.ipynb", RIGHT)
    sheet.write_text("def test_a(student):\n    student.value('square(x)', x=1.0)\n    1 / 0\n")
    row = grade(notebook)[0]
    assert row["test_a"] == "error"
    for text, said in (("def test(:", "SyntaxError"), ("import nothing_like_it", "nothing_like_it")):
        sheet.write_text(text)
        assert main(["grade", str(sheet), str(notebook), "--out", str(tmp_path / "out"), "--lang", "en"]) == 2
        assert said in capsys.readouterr().err or said == "SyntaxError"
    assert main(["grade", "dezero:step99", str(notebook), "--out", str(tmp_path / "out")]) == 2


ENDING = """
@pytest.fixture(autouse=True)
def end(student):
    import os
    if student.has("DEADLY"):
        os._exit(7)
"""


def test_a_sheet_that_ends_its_process_costs_only_that_notebook(grade: Grade, tmp_path: Path, sheet: Path) -> None:
    sheet.write_text(SHEET + ENDING)
    notebooks = [
        write_notebook(tmp_path / "in" / f"{n}.ipynb", (*RIGHT, f"n = {n}", "DEADLY = 1" if n == 2 else ""))
        for n in range(4)
    ]
    rows = grade(*notebooks, status=1)
    assert [row["score"] for row in rows] == ["5", "5", "0", "5"]
    assert rows[2]["status"] in ("lost", "not-run")


def test_marks_do_not_change_what_a_sheet_is(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    digests = []
    for text in (
        "import pytest\n@pytest.mark.points(2)\ndef test_a(student): assert 1\n",
        "import pytest\n\n@pytest.mark.points(3.5)\n@pytest.mark.hidden\ndef test_a(student):\n    assert 1  # yes\n",
        "import pytest\ndef test_a(student): assert 1\n",
        "import pytest\ndef test_a(student): assert 2\n",
    ):
        path.write_text(text)
        digests.append(Sheet(path).digest)
    assert digests[0] == digests[1] == digests[2] != digests[3]
    with pytest.raises(SheetError):
        find_sheet(tmp_path / "none.py")
    with pytest.raises(SheetError):
        find_sheet("dezero:../plugin")


def test_stored_outputs_that_the_code_does_not_produce(grade: Grade, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "a.ipynb", (*RIGHT, "print(1 + 1)", "print(object())\n3"))
    notebook = json.loads(path.read_text())
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["3\n"]}]
    notebook["cells"][3]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["<object object at 0x7f2d5a3b4c50>\n"]},
        {"output_type": "execute_result", "data": {"text/plain": ["3"]}, "metadata": {}, "execution_count": 3},
    ]
    path.write_text(json.dumps(notebook))
    assert grade(path)[0]["score"] == "5"
    page = (tmp_path / "out" / "feedback" / "a.html").read_text(encoding="utf-8")
    assert "stored with cell 3" in page
    assert "stored with cell 4" not in page
