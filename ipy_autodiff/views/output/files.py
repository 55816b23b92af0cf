"""Write a trace to a file: a page that works offline, a picture, or the graph as DOT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ipy_autodiff.views.graph import draw
from ipy_autodiff.views.graph.dot import dot
from ipy_autodiff.views.output import bundle
from ipy_autodiff.views.output.png import png

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["WRITERS"]


def _html(trace: Trace, path: Path) -> None:
    path.write_text(bundle.html_page(trace, title=path.stem), encoding="utf-8")


def _svg(trace: Trace, path: Path) -> None:
    path.write_text('<?xml version="1.0" encoding="UTF-8"?>\n' + draw.draw(trace).svg, encoding="utf-8")


def _dot(trace: Trace, path: Path) -> None:
    path.write_text(dot(trace), encoding="utf-8")


def _png(trace: Trace, path: Path) -> None:
    path.write_bytes(png(draw.draw(trace).svg))


WRITERS: Mapping[str, Callable[[Trace, Path], None]] = {".html": _html, ".svg": _svg, ".png": _png, ".dot": _dot}
"""What writes a trace to a path, by suffix."""
