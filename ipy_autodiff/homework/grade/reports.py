"""Write what other tools read: ``grades.csv`` with nbgrader's columns, and Gradescope's ``results.json``."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipy_autodiff.homework.grade.feedback import reason_of
from ipy_autodiff.homework.grade.marks import Graded, TestMark
from ipy_autodiff.homework.grade.whole_file import write_whole
from ipy_autodiff.homework.sheet.sheet_file import SheetTest
from ipy_autodiff.messages import say

__all__ = ["remark", "suspect", "write_grades", "write_gradescope"]

_NBGRADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@")
_OURS = ("file", "status", "passed", "tests", "isolation", "seconds", "remark", "suspect")


def write_grades(path: Path, assignment: str, tests: Sequence[SheetTest], graded: Iterable[Graded]) -> None:
    """One row a notebook: nbgrader's columns, ours, and one for each test with its status."""
    names = [test.name for test in tests]
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow([*_NBGRADER, *_OURS, *(_cell(name) for name in names)])
    for one in graded:
        rows.writerow(_row(assignment, one))
    content = text.getvalue()
    # Excel takes a file for UTF-8 only if it begins with this mark; other tools can do without it.
    mark = "" if content.isascii() else "\ufeff"
    write_whole(path, mark + content)


def _row(assignment: str, one: Graded) -> list[object]:
    score = _number(one.score)
    record = one.record
    return [
        *(_cell(assignment), "", _modified(one.submission.path), _cell(one.submission.name), "", "", ""),
        *(score, "0", score, _number(one.most)),
        *(_cell(one.submission.path), one.status),
        *(sum(mark.status == "pass" for mark in one.marks), len(one.marks)),
        *(("", "") if record is None else (record.isolation or "", record.seconds)),
        *(_cell(remark(one)), _cell(suspect(one))),
        *(mark.status for mark in one.marks),
    ]


def write_gradescope(folder: Path, graded: Graded, language: str | None) -> None:
    """``NAME/results.json`` for one notebook, as Gradescope reads it."""
    target = folder / graded.submission.name
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_gradescope(graded, language), ensure_ascii=False, indent=1)
    write_whole(target / "results.json", text)


def remark(one: Graded) -> str:
    """One sentence on a submission that was not graded as usual; empty for the others."""
    if one.unreadable:
        return say(f"homework.unreadable-{one.unreadable}")
    if one.status != "graded":
        return say(f"homework.status-{one.status}")
    for cell, kind in one.record.deaths if one.record is not None else ():
        return say(f"homework.ended-{kind}", cell=cell + 1)
    return ""


def suspect(one: Graded) -> str:
    """What a person is to look at, with the line; empty where there is nothing."""
    found = []
    for suspicion in one.record.suspicions if one.record is not None else ():
        sentence = say(f"homework.suspect-{suspicion.kind}")
        where = ""
        if suspicion.cell is not None:
            line = "" if suspicion.line is None else say("homework.suspect-line", line=suspicion.line)
            where = say("homework.suspect-cell", cell=suspicion.cell + 1, line=line)
        found.append(f"{sentence}{where}: {suspicion.text}" if suspicion.text else f"{sentence}{where}")
    return "; ".join(dict.fromkeys(found))


def _gradescope(one: Graded, language: str | None) -> dict[str, Any]:
    return {
        "score": one.score,
        "execution_time": one.record.seconds if one.record is not None else 0,
        "output": remark(one),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"isolation": one.record and one.record.isolation, "status": one.status},
        "tests": [_gradescope_test(mark, number, language) for number, mark in enumerate(one.marks, 1)],
    }


def _gradescope_test(mark: TestMark, number: int, language: str | None) -> dict[str, Any]:
    passed = mark.status == "pass"
    return {
        "score": mark.score,
        "max_score": mark.test.points,
        "status": "passed" if passed else "failed",
        "name": mark.test.title(language),
        "number": str(number),
        "output": "" if passed else f"{reason_of(mark, language)}\n{mark.outcome.detail}".strip(),
        "output_format": "text",
        "tags": [mark.status],
        "visibility": "hidden" if mark.test.hidden else "visible",
        "extra_data": {"test": mark.test.name},
    }


def _cell(text: str) -> str:
    """A text that a spreadsheet does not take for a formula, whichever sign separates its columns."""
    text = text.encode("utf-8", "replace").decode()
    text = "".join(" " if letter in "\t\r\n" else letter for letter in text)
    start = any(part.lstrip(" \"'")[:1] in _FORMULA for part in text.split(";") if part)
    return "'" + text.replace(";", "_") if start else text


def _number(value: float) -> str:
    return f"{value:g}"


def _modified(path: str) -> str:
    try:
        return datetime.fromtimestamp(os.lstat(path).st_mtime, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except OSError:
        return ""
