"""Folding: whatever the graph, each call is drawn or counted exactly once on every level, and edges have both ends."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipy_autodiff.limits import DRAWN_FUNCTIONS
from ipy_autodiff.views.graph.folding import Levels, fold, part_id
from ipy_autodiff.views.graph.outline import Part, arrange, inside, outline
from tests.views import traces


def calls_of(part):
    """All calls that can be come to from a part by opening, level by level."""
    if part.is_call:
        assert part.size == 1
        return [part.start]
    return [call for inner in inside(part, (), 40) for call in calls_of(inner)]


def covers(parts, start, stop):
    """Whether parts follow each other without a gap."""
    for part in parts:
        if part.start != start:
            return False
        start = part.stop
    return start == stop


def repeated(*blocks):
    return [token for block, times in blocks for token in list(block) * times]


tokens = st.one_of(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=200),
    st.lists(st.tuples(st.text("abcd", min_size=1, max_size=9), st.integers(1, 40)), min_size=1, max_size=5).map(
        lambda blocks: repeated(*blocks)
    ),
)


@given(tokens, st.integers(8, 40))
@settings(deadline=None)
def test_each_call_is_in_exactly_one_part(sequence, most):
    parts = outline(sequence, [None] * len(sequence))
    assert covers(parts, 0, len(sequence))
    shown = arrange(parts, (), most)
    assert covers(shown, 0, len(sequence))
    assert len(shown) <= most
    assert [call for part in shown for call in calls_of(part)] == list(range(len(sequence)))


@given(tokens)
@settings(deadline=None)
def test_the_iterations_of_a_loop_do_the_same(sequence):
    pending = list(outline(sequence, [None] * len(sequence)))
    while pending:
        part = pending.pop()
        pending.extend(part.parts)
        if part.times > 1:
            assert part.size % part.times == 0
            body = sequence[part.start : part.start + part.period]
            assert sequence[part.start : part.stop] == body * part.times
            assert covers(part.parts, part.start, part.start + part.period)


@pytest.mark.parametrize("before", ["", "x", "xyz"])
@pytest.mark.parametrize(("body", "times"), [("a", 100), ("abc", 30), ("aab", 9), ("abcdefgh", 2), ("aaaaab", 50)])
def test_a_loop_is_found(body, times, before):
    sequence = list(before + body * times + "z")
    parts = outline(sequence, [None] * len(sequence))
    loop = max(parts, key=lambda part: part.size)
    assert (loop.times, loop.period) in {(times, len(body)), (times - 1, len(body))}


def test_loops_in_loops_are_found():
    sequence = repeated(*[("ab", 20), ("c", 1)] * 12)
    (outer,) = outline(sequence, [None] * len(sequence))
    assert (outer.times, outer.period) == (12, 41)
    inner, last = outer.parts
    assert (inner.times, inner.period, last.size) == (20, 2, 1)


def test_an_iteration_begins_where_the_lines_begin_anew():
    lines = [1, 1, *([4, 5, 6] * 20), 8]
    parts = outline([("Add", line) for line in lines], lines)
    loop = max(parts, key=lambda part: part.size)
    assert (loop.start, loop.times, loop.period) == (2, 20, 3)


def test_a_few_calls_alike_are_no_loop():
    sequence = list("aabbcccdd")
    assert all(part.is_call for part in outline(sequence, [None] * len(sequence)))


@pytest.mark.parametrize("times", [2, 3, 36, 37, 100, 99_999, 10**6])
@pytest.mark.parametrize("body", [1, 2, 5, 25])
def test_a_loop_opens_into_its_iterations(times, body):
    parts = tuple(Part(place, place + 1) for place in range(body))
    loop = Part(0, times * body, parts, times)
    seen = 0
    while not loop.is_call:
        opened = inside(loop, (), 40)
        assert 2 <= len(opened) <= 120
        assert covers(opened, loop.start, loop.stop)
        loop, seen = opened[-1], seen + 1
        assert loop.stop == times * body
    assert seen < 12


@pytest.mark.parametrize(
    "trace",
    [
        traces.composed(),
        traces.cyclic(),
        traces.chain(61),
        traces.chain(5_000),
        traces.tangled(40),
        traces.tangled(900),
    ],
    ids=["composed", "cyclic", "chain", "long chain", "tangle", "large tangle"],
)
def test_every_level_is_whole(trace):
    graph = trace.graph
    levels = Levels(graph)
    pending = [(levels.whole, 0, len(graph.functions))]
    drawn: list[int] = []
    while pending:
        level, start, stop = pending.pop()
        assert covers(level.parts, start, stop)
        functions = {graph.functions[place].id for place in level.functions}
        variables = {graph.variables[place].id for place in level.variables}
        nodes = functions | variables | set(map(part_id, level.folded)) | set(level.crowds)
        assert {end for edge in level.edges for end in edge} <= nodes
        assert len(nodes) <= 160
        drawn += level.functions
        for function in (graph.functions[place] for place in level.functions):
            ends = [tail for tail, head in level.edges if head == function.id]
            crowded = any(end in level.crowds for end in ends)
            assert crowded or sorted(ends) == sorted(node.id for node in function.inputs)
        pending += [(levels.within(part), part.start, part.stop) for part in level.folded]
    assert sorted(drawn) == list(range(len(graph.functions)))


@given(st.integers(61, 400), st.integers(0, 10**6))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_graph_is_folded_into_few_nodes(count, seed):
    folded = fold(traces.tangled(count, seed).graph)
    assert len(folded.functions) + folded.hidden_functions == count
    assert len(folded.functions) + len(folded.variables) + len(folded.boxes) <= 120


def test_a_small_graph_is_drawn_whole():
    trace = traces.tangled(DRAWN_FUNCTIONS)
    folded = fold(trace.graph)
    assert folded.functions == trace.graph.functions
    assert folded.variables == trace.graph.variables
    assert not folded.boxes


def test_the_more_tangled_a_graph_is_the_fewer_parts_it_is_shown_in():
    parts = []
    for reach in (3, 50, 10**9):
        level = Levels(traces.tangled(400, reach=reach, kinds="ABCDEFGHIJKLMNOPQRST").graph).whole
        assert len(level.edges) <= 80
        parts.append(len(level.parts))
    assert parts == sorted(set(parts), reverse=True), parts
