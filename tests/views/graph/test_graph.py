"""The picture: one SVG that is well formed whatever the names are, with everything in its place."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.limits import DRAWN_FUNCTIONS
from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import CallLog, Recorder, record_cell
from ipy_autodiff.tracing.graph import VariableNode
from ipy_autodiff.views.graph.dot import dot
from ipy_autodiff.views.graph.draw import draw
from ipy_autodiff.views.graph.folding import fold
from ipy_autodiff.views.layout import Size, place
from tests.views import traces

SVG = "{http://www.w3.org/2000/svg}"


def nodes(svg, kind):
    return [g for g in ET.fromstring(svg).iter(f"{SVG}g") if kind in g.get("class", "").split()]


def watched(source):
    """The Trace of a cell that ran."""
    namespace = {"ad": ad, "np": np, "__name__": "__main__"}
    recorder = Recorder(CallLog(), "<cell>", source)
    with recorder:
        exec(compile(source, "<cell>", "exec"), namespace)
    last = namespace.get(source.splitlines()[-1])
    return Trace(record_cell(recorder, namespace, source, last))


def texts(group):
    return [text.text for text in group.iter(f"{SVG}text")]


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


def test_variables_show_name_value_gradient_and_role():
    x, a, _, y = nodes(draw(traces.composed()).svg, "variable")
    assert texts(x) == ["x", "leaf", "data", "0.5", "grad", "3.2974"]
    assert texts(a) == ["a", "data", "0.25", "grad", "3.2974"]
    assert texts(y) == ["y", "output", "data", "1.6487", "grad", "1"]


def test_functions_show_their_class_and_are_ellipses():
    functions = nodes(draw(traces.composed()).svg, "function")
    assert [texts(g) for g in functions] == [["Square"], ["Exp"], ["Square"]]
    assert all(g.find(f"{SVG}ellipse") is not None for g in functions)
    assert all(g.find(f"{SVG}rect") is not None for g in nodes(draw(traces.composed()).svg, "variable"))


def test_arrays_show_their_kind_and_range():
    x, *_ = nodes(draw(traces.matrices()).svg, "variable")
    assert texts(x) == ["x", "leaf", "float64 (4, 3)", "data", "-1.27 … 1.3", "grad", "-2.54 … 0"]


def test_everything_has_a_title_for_a_screen_reader():
    svg = draw(traces.wrong_function()).svg
    for group in (*nodes(svg, "variable"), *nodes(svg, "function")):
        assert group.get("role") == "img"
        assert group.find(f"{SVG}title").text
    assert "wrong" in nodes(svg, "blamed")[0].find(f"{SVG}title").text
    assert "differs" in nodes(svg, "fail")[0].find(f"{SVG}title").text


def test_verdicts_are_marks_not_colours_alone():
    svg = draw(traces.wrong_function()).svg
    for kind in ("fail", "inconclusive", "blamed"):
        assert nodes(svg, kind)[0].find(f"{SVG}g[@class='mark']/{SVG}path") is not None
    assert nodes(draw(traces.wrong_function(), judged=False).svg, "mark") == []


def test_identifiers_are_unique():
    svg = draw(traces.matrices()).svg
    found = re.findall(r'\bid="([^"]*)"', svg)
    assert len(found) == len(set(found)) == 7 + 4 + 10


def test_around_a_function_are_its_variables_and_edges():
    picture = draw(traces.overwritten())
    assert picture.around["f1"][0] == "f1"
    assert {name for name in picture.around["f1"] if name[0] == "v"} == {"v0", "v1", "v2"}
    assert len([name for name in picture.around["f1"] if name[0] == "e"]) == 3


def test_one_variable_that_goes_in_twice_has_two_edges():
    x = traces.variable(0, "x", 3.0, None, "leaf")
    y = traces.variable(1, "y", 6.0, None, "output")
    trace = traces.recorded((x, y), (traces.function(0, "Add", [x, x], [y]),))
    assert draw(trace).svg.count('class="edge"') == 3


@pytest.mark.parametrize("text", traces.HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_are_text(text, language):
    with speaking(language):
        svg = draw(traces.hostile(text)).svg
    tree = ET.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= {
        *("svg", "style", "path", "g", "title", "rect", "ellipse", "circle", "text")
    }
    geometry = {"d", "x", "y", "rx", "ry", "cx", "cy", "r", "width", "height", "viewBox", "transform", "style"}
    allowed = geometry | {"class", "id", "role", "aria-label", "textLength", "lengthAdjust", "data-name"}
    assert {name for element in tree.iter() for name in element.attrib} <= allowed
    assert len(svg) < 30_000


@pytest.mark.parametrize("text", traces.HOSTILE)
def test_hostile_names_leave_the_dot_readable(text):
    source = dot(traces.hostile(text))
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "text", source, flags=re.DOTALL)  # what is left outside of quoted texts
    assert '"' not in bare
    assert bare.count("->") == 6
    assert len(re.findall(r"^\s*(\w+) \[", bare, re.MULTILINE)) == 10  # three of them defaults


@pytest.mark.parametrize(
    "data",
    [
        *(None, "text", [1, 2], {"a": 1}, object(), 2, True, 1 + 2j, np.nan, np.inf),
        *(np.array([]), np.zeros((0, 3)), np.arange(3), np.array([1j]), np.array([None, "a"]), np.array("s")),
        *(np.array(["2020-01-01"], "M8[D]"), np.array([(1, 2.0)], "i4,f8"), np.zeros((2,) * 20), np.full(4, np.nan)),
    ],
    ids=lambda data: type(data).__name__,
)
def test_any_data_is_drawn(data):
    x = traces.variable(0, "x", 0.0, None, "leaf")
    y = VariableNode("v1", "y", True, data, None, "output", object())
    ET.fromstring(draw(traces.recorded((x, y), (traces.function(0, "F", [x], [y]),))).svg)


def test_a_lone_variable_is_drawn():
    assert len(nodes(draw(traces.recorded((traces.variable(0, "x", 1.0),), ())).svg, "variable")) == 1


def test_a_cycle_is_drawn():
    svg = draw(traces.cyclic()).svg
    assert len(nodes(svg, "variable")) == 4
    assert len(nodes(svg, "function")) == 3


def test_a_small_graph_runs_from_left_to_right_and_a_long_one_down():
    def corner(svg, identifier):
        place = re.search(rf'id="{identifier}"[^>]*translate\(([-\d.]+) ([-\d.]+)\)', svg)
        return float(place[1]), float(place[2])

    small = draw(traces.composed()).svg
    assert corner(small, "v0")[0] < corner(small, "v3")[0]
    assert corner(small, "v0")[1] == corner(small, "v3")[1]
    long = draw(traces.chain(12)).svg
    assert corner(long, "v0")[1] < corner(long, "v12")[1]
    assert corner(long, "v0")[0] == corner(long, "v11")[0]


@pytest.mark.parametrize("length", [DRAWN_FUNCTIONS + 1, 20_000])
def test_a_long_chain_is_folded_and_says_so(length):
    trace = traces.chain(length)
    picture = draw(trace)
    folded = nodes(picture.svg, "folded")
    assert len(folded) == 1
    assert texts(folded[0])[0] == f"Sin × {picture.hidden:,}"
    assert texts(folded[0])[1] == f"iterations 2 to {length - 1:,} of {length:,}"
    assert picture.hidden + len(nodes(picture.svg, "function")) == length


def test_a_tangle_is_folded_with_every_drawn_end_in_it():
    trace = traces.tangled(600)
    folded = fold(trace.graph)
    ends = {name for edge in folded.edges for name in edge}
    drawn = {node.id for node in (*folded.variables, *folded.functions)} | set(folded.boxes)
    assert ends <= drawn
    ET.fromstring(draw(trace).svg)


def test_a_function_of_very_many_variables_shows_some_and_counts_the_rest():
    inputs = [traces.variable(i, f"x{i}", 1.0, None, "leaf") for i in range(3000)]
    out = traces.variable(3000, "y", 1.0, None, "output")
    svg = draw(traces.recorded((*inputs, out), (traces.function(0, "Concatenate", inputs, [out]),))).svg
    assert texts(nodes(svg, "folded")[0]) == ["Variables: 2,988"]
    assert len(nodes(svg, "variable")) == 13


def test_the_layout_keeps_sizes_and_order():
    sizes = {"a": Size(100, 40), "f": Size(60, 30, round=True), "b": Size(100, 40)}
    layout = place(sizes, [("a", "f"), ("f", "b")], across=True)
    left, middle, right = (layout.centres[name][0] for name in "afb")
    assert left + 50 < middle - 30
    assert middle + 30 < right - 50
    assert layout.curves[0].points[0][0] == pytest.approx(left + 50, abs=2)
    assert layout.curves[0].points[-1][0] == pytest.approx(middle - 30, abs=2)


def test_the_wrong_edge_is_dashed_and_carries_both_numbers():
    source = """
class Product(ad.Function):
    def forward(self, a, b):
        return a * b
    def backward(self, gy):
        a, b = self.inputs[0].data, self.inputs[1].data
        return gy * b, gy * b
a, b = ad.Variable(np.array(3.0)), ad.Variable(np.array(5.0))
y = Product()(a, b)
y.backward()
"""
    picture = draw(watched(source))
    root = ET.fromstring(picture.svg)
    (plate,) = nodes(picture.svg, "plate")
    assert texts(plate) == ["5, should be 3"]
    wrong = [path.get("id") for path in root.iter(f"{SVG}path") if "wrong" in path.get("class", "").split()]
    assert len(wrong) == 2
    assert set(wrong) < set(picture.around["f0"])
    assert "should be 3" in nodes(picture.svg, "blamed")[0].find(f"{SVG}title").text


def test_a_number_that_nobody_named_is_told_once():
    picture = draw(watched("x = ad.Variable(np.array(2.0))\ny = x * ad.Variable(np.array(3.0))\ny.backward()"))
    three = next(g for g in nodes(picture.svg, "variable") if texts(g)[0] == "3")
    assert texts(three)[:2] == ["3", "leaf"]
    assert "data" not in texts(three)


def test_a_class_without_gradients_has_no_row_for_them():
    source = "class Variable:\n    def __init__(self, data):\n        self.data = data\nx = Variable(np.array(2.0))"
    assert texts(nodes(draw(watched(source + "\nx")).svg, "variable")[0]) == ["x", "leaf", "data", "2"]


def test_counts_of_one_are_not_called_many():
    x, y = traces.variable(0, "x", 1.0, None, "leaf"), traces.variable(1, "y", 1.0, None, "output")
    picture = draw(traces.recorded((x, y), (traces.function(0, "Sin", [x], [y]),)))
    assert picture.summary == "Graph, Variables: 2, Functions: 1"


def test_steps_within_a_box_are_around_it():
    picture = draw(traces.chain(500))
    (box,) = [g.get("id") for g in nodes(picture.svg, "folded")]
    assert picture.around["f250"] == ["f250", box]
    assert picture.around["f0"][0] == "f0"
    assert "f1234" not in picture.around


def test_a_large_picture_carries_its_levels_and_no_more_than_a_page_can_hold():
    small, large, huge = (draw(traces.chain(length)) for length in (3, 900, 30_000))
    assert (small.payload, small.modules) == ({}, ("graph",))
    told = large.payload["large"]
    assert len(told["functions"]) == 900 - len(nodes(large.svg, "function"))
    assert "large" in large.modules
    assert len(json.dumps(huge.payload)) < 300_000
    assert {"f1", "f29998"} <= set(huge.payload["large"]["functions"])
