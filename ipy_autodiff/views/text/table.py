"""A table that is written once and read three times: as HTML, as columns of plain text, as data for the page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ipy_autodiff.views.text.labels import columns, pad
from ipy_autodiff.views.text.markup import CODE, LEFT, RIGHT, safe

__all__ = ["Row", "Table", "aligned"]


@dataclass(frozen=True)
class Row:
    """Cells of text, and what stands beneath or beside them."""

    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """Further lines, for the last cell."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Attributes of the row's HTML element."""


@dataclass(frozen=True)
class Table:
    """Headings and rows. ``numbers`` are the columns that stand flush right, ``code`` those in a fixed-width font."""

    head: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: Collection[int] = ()
    code: Collection[int] = ()
    plain: bool = False
    """Whether its looks are left to the page, which takes less room."""

    def html(self) -> str:
        """A ``<table>``, styled by attributes alone."""
        if not self.rows:
            return ""
        head = "".join(f"<th{self._style(index)}>{safe(text)}</th>" for index, text in enumerate(self.head))
        body = "".join(map(self._html_row, self.rows))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _html_row(self, row: Row) -> str:
        *cells, last = [safe(cell) for cell in row.cells]
        cells.append(" · ".join((last, *map(safe, row.notes))))
        attributes = "".join(f' {name}="{safe(value)}"' for name, value in row.attributes.items())
        return f"<tr{attributes}>{''.join(map(self._html_cell, range(len(cells)), cells))}</tr>"

    def _html_cell(self, index: int, html: str) -> str:
        return f"<td{self._style(index, CODE if index in self.code else '')}>{html}</td>"

    def _style(self, index: int, font: str = "") -> str:
        side = RIGHT if index in self.numbers else LEFT
        return "" if self.plain else f' style="{side};{font}"'

    def text(self) -> list[str]:
        """Lines of plain text: headings, rows, and the notes of each row below it."""
        if not self.rows:
            return []
        heading, *lines = aligned([self.head, *(row.cells for row in self.rows)], self.numbers)
        text = [heading]
        for row, line in zip(self.rows, lines, strict=True):
            text += [line, *(f"       {note}" for note in row.notes)]
        return text


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Iterator[str]:
    """The rows with their cells below one another, those of the columns ``right`` flush right."""
    if not rows:
        return
    wide = [max(columns(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        cells = [pad(cell, wide[index], right=index in right) for index, cell in enumerate(row)]
        yield ("  " + "  ".join(cells)).rstrip()
