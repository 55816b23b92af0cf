"""A trace in a file, by suffix."""

import xml.etree.ElementTree as ET

import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.views.output.files import WRITERS
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
