"""Take the source of the code cells out of a notebook's bytes, whatever its version, encoding and tags.

Tags, metadata and everything else are dropped: none of them can keep a cell from running or mark one as a test.
The text of stored outputs is kept beside the source, to say later whether the code still produces it.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Cell", "UnreadableError", "code_cells", "stored_text"]


class UnreadableError(Exception):
    """These bytes are no notebook. The argument is the end of an identifier in the catalogue: ``unreadable-...``."""


@dataclass(frozen=True)
class Cell:
    """One code cell: its source, and the text that the file says it put out when it was saved."""

    source: str
    stored: str | None = None
    """None where nothing was stored: the cell never ran, or its outputs were cleared."""
    grade_id: str = ""
    """nbgrader's name for the cell; empty where it has none."""


def code_cells(content: bytes, most: int = 20_000) -> list[Cell]:
    """The code cells of a notebook of nbformat 3 or 4, in order. Raises ``UnreadableError``.

    Bytes that no encoding explains become replacement characters: they stand in comments and strings.
    """
    if not content.strip():
        raise UnreadableError("empty")
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableError("zip")
    try:
        notebook = json.loads(_text(content))
    except (ValueError, RecursionError):
        raise UnreadableError("json") from None
    if not isinstance(notebook, dict):
        raise UnreadableError("cells")
    found = notebook.get("cells")
    if found is None and isinstance(sheets := notebook.get("worksheets"), list):
        found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    if not isinstance(found, list):
        raise UnreadableError("cells")
    chosen = [cell for cell in found if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    if len(chosen) > most:
        raise UnreadableError("many")
    return [Cell(_joined(cell.get("source", cell.get("input"))), stored_text(cell), _grade_id(cell)) for cell in chosen]


def _text(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8-sig", errors="replace")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(value: Any) -> str:
    """A text as notebooks store it: one string or a list of them."""
    if isinstance(value, list):
        value = "".join(piece for piece in value if isinstance(piece, str))
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", errors="replace").decode("utf-8")  # lone surrogates cannot be compiled


def _grade_id(cell: dict[str, Any]) -> str:
    """As nbgrader's metadata has it, in all versions of its schema."""
    match cell.get("metadata"):
        case {"nbgrader": {"grade_id": str(name)}}:
            return name[:200]
    return ""


def stored_text(cell: dict[str, Any]) -> str | None:
    """What was written to stdout and shown as plain text; None where there is none, or something else beside it."""
    pieces = []
    for output in _list(cell.get("outputs")):
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream" and output.get("name", output.get("stream")) == "stdout":
            pieces.append(_joined(output.get("text")))
        elif kind in ("execute_result", "display_data", "pyout"):
            data = output.get("data", output)
            text = data.get("text/plain", data.get("text")) if isinstance(data, dict) else None
            pieces.append(_joined(text) + "\n")
    text = "".join(pieces)
    return text if text.strip() else None
