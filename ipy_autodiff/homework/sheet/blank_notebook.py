"""Make a student's notebook of a solution: what stands between nbgrader's marks becomes a blank.

``### BEGIN SOLUTION`` to ``### END SOLUTION`` becomes one line to be written; ``HIDDEN TESTS`` and ``MARK SCHEME`` go
without a trace, and so does all that was put out. A cell that nbgrader's metadata call a solution, and that has no
marks, becomes a blank as a whole.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ipy_autodiff.homework.sandbox.text.cells import UnreadableError

__all__ = ["MarkError", "blank_notebook"]

_MARK = re.compile(r"^(\s*)(?:#+|<!--)\s*(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)\b")


class MarkError(Exception):
    """A mark without its partner. The arguments: the cell, from 1, and the line."""


def blank_notebook(content: bytes, blank: str) -> tuple[bytes, int]:
    """The notebook for students, and how many blanks it has. ``blank``: the line to stand for a solution.

    Raises ``UnreadableError`` and ``MarkError``.
    """
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        cells = notebook["cells"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UnreadableError("json") from None
    blanks = 0
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "")
        text, found = _blanked("".join(source), blank, number)
        if not found and _is_solution(cell):
            text, found = blank, 1
        cell["source"] = text.splitlines(keepends=True) if isinstance(source, list) else text
        blanks += found
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    text = json.dumps(notebook, ensure_ascii=False, indent=1)
    return (text + "\n").encode(), blanks


def _blanked(source: str, blank: str, number: int) -> tuple[str, int]:
    kept: list[str] = []
    blanks = 0
    inside: str | None = None
    for line in source.splitlines(keepends=True):
        mark = _MARK.match(line)
        if mark is None:
            if inside is None:
                kept.append(line)
            continue
        indent, side, kind = mark.groups()
        if (inside is None) != (side == "BEGIN") or (inside is not None and kind != inside):
            raise MarkError(number, line.strip())
        inside = kind if side == "BEGIN" else None
        if side == "BEGIN" and kind == "SOLUTION":
            kept.append(f"{indent}{blank}\n")
            blanks += 1
    if inside is not None:
        raise MarkError(number, f"BEGIN {inside}")
    return "".join(kept).rstrip("\n") if kept and not source.endswith("\n") else "".join(kept), blanks


def _is_solution(cell: dict[str, Any]) -> bool:
    match cell.get("metadata"):
        case {"nbgrader": {"solution": True} as ours}:
            return ours.get("task") is not True
    return False
