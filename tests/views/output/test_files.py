"""A trace in a file, by suffix."""

import re
import sys
import xml.etree.ElementTree as ET
from functools import partial

import pytest
import resvg_py

from ipy_autodiff.messages import speaking
from ipy_autodiff.views.graph.draw import draw
from ipy_autodiff.views.output.files import WRITERS
from ipy_autodiff.views.output.png import png
from tests.views import traces


@pytest.mark.parametrize(
    "trace", [traces.composed(traces.KOREAN), traces.matrices(), traces.cyclic(), traces.chain(500)]
)
def test_every_kind_of_file_is_written(tmp_path, trace):
    for suffix, write in WRITERS.items():
        path = tmp_path / f"그림{suffix}"
        write(trace, path)
        assert path.stat().st_size > 500
    ET.parse(tmp_path / "그림.svg")
    assert (tmp_path / "그림.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "그림.dot").read_text(encoding="utf-8").startswith("digraph")
    assert (tmp_path / "그림.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_large_graph_is_written_folded(tmp_path):
    with speaking("en"):
        WRITERS[".dot"](traces.chain(500), tmp_path / "graph.dot")
        WRITERS[".svg"](traces.chain(500), tmp_path / "graph.svg")
    for name in ("graph.dot", "graph.svg"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "Sin × 498" in text
        assert "iterations 2 to 499 of 500" in text


def test_a_png_without_the_extra_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with speaking("en"), pytest.raises(ImportError, match=r"ipy-autodiff\[png\]"):
        png(draw(traces.composed()).svg)


def test_letters_that_no_font_has_are_not_left_out(monkeypatch):
    monkeypatch.setattr("resvg_py.svg_to_bytes", partial(resvg_py.svg_to_bytes, skip_system_fonts=True))
    with speaking("en"), pytest.raises(RuntimeError, match="No font"):
        png(draw(traces.composed()).svg)


def test_each_text_of_a_picture_is_in_its_png():
    svg = draw(traces.composed(traces.KOREAN)).svg
    whole = png(svg)
    for text in set(re.findall(r"<text[^>]*>[^<]*</text>", svg)):
        assert png(svg.replace(text, "")) != whole, text
