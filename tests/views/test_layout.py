"""Layouts: nothing overlaps, few edges cross, and the same graph is always laid out the same."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipy_autodiff.views.layout import Size, place
from tests.views.graphs_to_lay_out import GRAPHS
from tests.views.measuring_layouts import crossed, overlaps, sampled, through_nodes

MOST = {  # crossings, and pixels of area downwards: a little above what they are
    "chain": (0, 250_000),
    "diamond": (0, 310_000),
    "perceptron": (0, 600_000),
    "Goldstein-Price": (13, 1_900_000),
    "LSTM cell": (11, 1_900_000),
    "Taylor sine": (0, 780_000),
    "ladder": (8, 330_000),
    "fan-out": (33, 2_850_000),
    "residual": (0, 1_200_000),
    "random 40": (3, 720_000),
    "random 100": (31, 2_800_000),
    "random 200": (88, 5_300_000),
}


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("name", GRAPHS)
def test_what_people_draw_is_laid_out_well(name, across):
    sizes, edges = GRAPHS[name]()
    layout = place(sizes, edges, across=across)
    assert overlaps(layout, sizes) == []
    assert through_nodes(layout, sizes) == []
    most, area = MOST[name]
    assert crossed(layout) <= most
    if not across:
        assert layout.width * layout.height <= area
    check_ends(layout, sizes)
    assert place(sizes, edges, across=across) == layout


def check_ends(layout, sizes):
    """Every edge starts and ends at the outlines of its nodes, and all is inside of the picture."""
    for curve in layout.curves:
        for name, (x, y) in ((curve.tail, curve.points[0]), (curve.head, curve.points[-1])):
            (cx, cy), size = layout.centres[name], sizes[name]
            assert abs(x - cx) <= size.width / 2 + 0.01
            assert abs(y - cy) <= size.height / 2 + 0.01
    for name, (x, y) in layout.centres.items():
        assert sizes[name].width / 2 <= x + 0.01
        assert x <= layout.width - sizes[name].width / 2 + 0.01
        assert sizes[name].height / 2 <= y + 0.01
        assert y <= layout.height - sizes[name].height / 2 + 0.01


@st.composite
def graphs(draw, acyclic=True):
    count = draw(st.integers(0, 24))
    measure = st.floats(1, 300)
    sizes = {f"n{i}": Size(draw(measure), draw(measure), draw(st.booleans())) for i in range(count)}
    place_of = st.integers(0, max(0, count - 1))
    pairs = draw(st.lists(st.tuples(place_of, place_of), max_size=2 * count)) if count else []
    if acyclic:
        pairs = [(min(a, b), max(a, b)) for a, b in pairs if a != b]
    return sizes, [(f"n{a}", f"n{b}") for a, b in pairs]


@given(graphs(), st.booleans())
@settings(deadline=None)
def test_nothing_overlaps_in_any_graph(graph, across):
    sizes, edges = graph
    layout = place(sizes, edges, across=across)
    assert [(curve.tail, curve.head) for curve in layout.curves] == edges
    assert overlaps(layout, sizes) == []
    check_ends(layout, sizes)
    for curve in layout.curves:  # edges go onwards
        (x, y), (u, v) = layout.centres[curve.tail], layout.centres[curve.head]
        assert (x < u) if across else (y < v)
        along = sampled(curve)[:, 0 if across else 1]
        assert (along[1:] >= along[:-1] - 1e-6).all()


@given(graphs(acyclic=False), st.booleans())
@settings(deadline=None)
def test_cycles_and_loops_are_drawn(graph, across):
    sizes, edges = graph
    layout = place(sizes, edges, across=across)
    assert [(curve.tail, curve.head) for curve in layout.curves] == edges
    assert overlaps(layout, sizes) == []
    check_ends(layout, sizes)


def test_a_leaf_stands_before_the_function_that_takes_it():
    sizes = (
        dict.fromkeys("xw", Size(84, 66)) | {name: Size(66, 40, round=True) for name in "abcd"} | {"y": Size(84, 66)}
    )
    edges = [("x", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("w", "d"), ("d", "y")]
    centres = place(sizes, edges, across=False).centres
    assert centres["b"][1] < centres["w"][1] < centres["d"][1]


def test_chains_are_straight():
    sizes, edges = GRAPHS["chain"]()
    layout = place(sizes, edges, across=True)
    assert len({y for _, y in layout.centres.values()}) == 1


def test_edges_that_leave_a_close_node_are_short():
    sizes = {name: Size(60, 20) for name in "abcdep"}
    edges = [("a", "p"), ("p", "e"), ("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
    centres = place(sizes, edges, across=False, close=["p"]).centres
    assert centres["p"][1] == centres["d"][1]


def test_two_edges_with_the_same_ends_are_two_curves():
    sizes = {"x": Size(84, 66), "f": Size(66, 40, round=True)}
    one, other = place(sizes, [("x", "f"), ("x", "f")], across=False).curves
    assert one.points[-1] != other.points[-1]


def test_another_process_lays_out_the_same():
    code = (
        "from tests.views.graphs_to_lay_out import random; from ipy_autodiff.views.layout import place;"
        "print(hash(place(*random(60), across=False).curves))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code.replace("hash(", "repr(")],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
