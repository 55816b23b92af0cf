"""Looking into a Variable, in a real browser: its account, its elements, and what the lens shows of them."""

import base64
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing.replay import Replay
from ipy_autodiff.views.contract import Wanted
from ipy_autodiff.views.inspect.heat_map import pack
from ipy_autodiff.views.inspect.part import part
from ipy_autodiff.views.output.bundle import html_page
from ipy_autodiff.views.output.page import fragment
from tests.browser import chromium, open_html  # noqa: F401
from tests.student_engines import ENGINES
from tests.tracing.watched import watch
from tests.views import traces

ENGINE = "import numpy as np\nfrom ipy_autodiff import Variable, exp, sin\nrandom = np.random.default_rng(0)\n"
PANEL = '[data-autodiff="panel"]'


def after(*cells):
    return Trace(watch(ENGINE, cells)[0])


@pytest.fixture
def page_of(open_html):  # noqa: F811
    def open_page(trace, language="en", opened=True, **options):
        with speaking(language):
            page = open_html(html_page(trace), **options)
        page.set_default_timeout(10_000)
        if opened and page.locator(PANEL).count():
            page.locator(PANEL).evaluate("panel => { panel.open = true }")
        return page

    return open_page


def pick(page, name):
    page.select_option(f"{PANEL} select", label=name)


def test_a_cell_of_single_numbers_is_not_longer_until_a_card_is_clicked(page_of):
    page = page_of(traces.composed(), opened=False)
    assert page.get_attribute(PANEL, "open") is None
    page.click("g.variable:has-text('b')")
    assert page.locator(f"{PANEL} select").input_value() == "b"
    assert page.inner_text(f"{PANEL} tbody") == "Square · line 7\t2.5681\t2.5681"
    page.click(f"{PANEL} tbody button")
    assert page.get_attribute('[data-autodiff="stepper"]', "data-step") == "1"


def test_a_gradient_that_was_never_cleared_stands_out_at_once(page_of):
    cells = ("x = Variable(np.array(2.0))\ny = sin(x)\ny.backward()", "z = 3.0 * x\nz.backward()")
    page = page_of(after(*cells), opened=False)
    assert "⚠ There before\t\t-0.41615" in page.inner_text(f"{PANEL} tbody")
    assert "never cleared" in page.inner_text(f"{PANEL} .ad-fail")
    assert page.locator(f"{PANEL} select").input_value() == "⚠ x"


def test_what_a_step_has_not_come_to_is_paler(page_of):
    page = page_of(after("x = Variable(np.array(0.5))\ny = sin(x) + exp(x)\ny.backward()"))
    page.click("g.variable:has-text('x')")
    paler = f"{PANEL} tbody .ad-later"
    seen = [page.locator(paler).count()]
    for _ in range(3):
        page.click('[data-autodiff="next"]')
        seen.append(page.locator(paler).count())
    assert seen == [0, 2, 1, 0]


def test_where_no_script_runs_the_account_is_a_table(page_of):
    page = page_of(
        after("x = Variable(np.array(0.5))\ny = sin(x) + exp(x)\ny.backward()"), opened=False, java_script_enabled=False
    )
    ledger = page.locator("details", has_text="How each gradient adds up")
    ledger.locator("summary").click()
    assert "0.87758 Sin (line 2) + 1.6487 Exp (line 2)" in ledger.inner_text()


SHAPES = """
x = Variable(np.arange(12.0).reshape(4, 3) + 1)
w = Variable(random.normal(size=(3, 2)))
b = Variable(random.normal(size=3))
rows = x[1:3]
flat = np.reshape(x, (2, 6))
sums = np.sum(x, axis=1)
turned = np.transpose(x)
product = x @ w
shifted = x * b
y = sum(np.sum(one * one) for one in (rows, flat, sums, turned, product, shifted))
y.backward()
"""

MORE_SHAPES = """
x = Variable(random.normal(size=(3, 1)))
r = Variable(random.normal(size=(1, 4)))
outer = x * r
kept = np.sum(outer, axis=0, keepdims=True)
twice = outer[[0, 0, 2]]
joined = np.concatenate([outer, kept])
top = np.max(outer, axis=1)
a = Variable(random.normal(size=(2, 2, 3)))
c = Variable(random.normal(size=(3, 2)))
batch = a @ c
y = sum(np.sum(one * one) for one in (kept, twice, joined, top, batch))
y.backward()
"""
NAMES = {SHAPES: ("x", "w", "b", "turned", "shifted"), MORE_SHAPES: ("x", "r", "outer", "joined", "a", "c", "batch")}

LINKED = """([panel]) => {
  const tables = [...document.querySelectorAll(panel + " .ad-map table")]
  const cells = (table) => [...table.querySelectorAll("td:not(.ad-gap)")]
  const point = (cell, type) => cell.dispatchEvent(new PointerEvent(type, { bubbles: true }))
  return cells(tables[0]).map((cell) => {
    point(cell, "pointermove")
    return tables.slice(2).map((table) => cells(table).map((one) => one.classList.contains("ad-linked")))
  })
}"""


@pytest.mark.parametrize("cell", [SHAPES, MORE_SHAPES], ids=["shapes", "more"])
def test_pointing_at_an_element_shows_what_changes_with_it(page_of, cell):
    trace = after(cell)
    page = page_of(trace)
    graph, replay = trace.graph, Replay(trace.graph)
    for name in NAMES[cell]:
        pick(page, name)
        (node,) = (node for node in graph.variables if node.name == name)
        expected = []
        for function in graph.functions:
            xs, y = [np.array(other.data) for other in function.inputs], function.outputs[0].data
            if node in function.inputs:
                place, elements = function.inputs.index(node), range(node.data.size)
                expected.append([changed(function, replay, xs, place, element, y) for element in elements])
            elif node in function.outputs:
                for place, x in enumerate(xs):
                    matrix = [changed(function, replay, xs, place, element, y) for element in range(x.size)]
                    expected.append(list(map(list, zip(*matrix, strict=True))))
        shown = page.evaluate(LINKED, [PANEL])
        assert [list(neighbours) for neighbours in zip(*shown, strict=True)] == expected, name


def changed(function, replay, xs, place, element, y):
    """Which elements of the output change with one element of an input."""
    moved = [x.copy() for x in xs]
    moved[place].flat[element] += 1e-6
    for other in range(len(xs)):  # the same Variable may have gone in twice
        if function.inputs[other] is function.inputs[place]:
            moved[other] = moved[place]
    return (replay.apply(function, moved)[0] != y).ravel().tolist()


def test_the_keyboard_walks_over_the_elements(page_of):
    page = page_of(after(SHAPES))
    pick(page, "w")
    page.focus(f"{PANEL} select")
    page.keyboard.press("Tab")
    grid = page.evaluate_handle("document.activeElement")
    assert grid.evaluate("one => one.getAttribute('role') + ' ' + one.getAttribute('aria-label')") == (
        "grid Value of w, float64 (3, 2); arrow keys move from element to element"
    )
    told = page.locator(f"{PANEL} .ad-pointed")
    seen = []
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "End", "ArrowUp", "Home"):
        page.keyboard.press(key)
        seen.append(told.inner_text().split(" = ")[0])
    assert seen == ["w[1, 0]", "w[1, 1]", "w[1, 1]", "w[2, 1]", "w[1, 1]", "w[0, 0]"]
    assert "Goes into product[:, 0] (MatMul · line 9)." in told.inner_text()
    active = grid.evaluate("one => document.getElementById(one.getAttribute('aria-activedescendant')).className")
    assert active == "ad-chosen"
    step = page.get_attribute('[data-autodiff="stepper"]', "data-step")
    assert step == "0"


def test_a_neighbour_is_looked_into_by_its_name(page_of):
    page = page_of(after(SHAPES))
    for name, told in (("product", "float64 (4, 2)"), ("w", "float64 (3, 2)")):
        page.locator(f"{PANEL} .ad-map button", has_text=name).click()
        assert page.locator(f"{PANEL} select").input_value() == name
        assert told in page.inner_text(PANEL)
        assert page.evaluate("document.activeElement.tagName") == "SELECT"


def test_what_is_gathered_adds_up_to_the_gradient(page_of):
    trace = after(SHAPES)
    page = page_of(trace)
    x = next(node for node in trace.graph.variables if node.name == "x")
    for row, column in itertools.product(range(4), range(3)):
        page.locator(f"{PANEL} .ad-map table >> nth=0 >> [role=gridcell]").nth(3 * row + column).hover()
        lines = page.inner_text(f"{PANEL} .ad-gathered tbody").splitlines()
        assert float(lines[-1].split()[-1]) == pytest.approx(x.grad[row, column], rel=1e-4)
    assert page.locator(f"{PANEL} .ad-fail").count() == 0


def test_what_is_not_all_is_not_summed(page_of):
    many = "np.cumsum(np.reshape(np.tile(x, 20), (24, 10)))"
    cell = f"x = Variable(np.arange(12.0))\ny = np.sum(x[2:] * x[2:]) + np.sum({many})\ny.backward()"
    page = page_of(after(cell))
    page.locator(f"{PANEL} [role=gridcell]").nth(3).hover()
    assert page.locator(f"{PANEL} .ad-fail").count() == 0


IMAGE = """
g = np.linspace(-2, 2, 28)
x = Variable(np.exp(-(g[:, None] ** 2 + g[None] ** 2)))
y = np.sum(np.tanh(x))
y.backward()
"""


def test_a_larger_array_is_a_heat_map_that_can_be_read(page_of):
    page = page_of(after(IMAGE))
    maps = page.locator(f"{PANEL} .ad-canvas[tabindex]")
    assert maps.count() == 2
    box = maps.nth(0).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5 + 3, box["y"] + box["height"] * 0.5 + 3)
    assert page.inner_text(f"{PANEL} .ad-pointed").startswith("x[14, 14] = 0.98909, gradient ")
    page.mouse.move(5, 5)
    assert page.inner_text(f"{PANEL} .ad-pointed") == "Point at an element, or press an arrow key."
    ticks = page.locator(f"{PANEL} .ad-scale").nth(0).locator("span").all_inner_texts()
    assert ticks == ["0", "0.25", "0.5", "0.75"]
    maps.nth(0).focus()
    page.keyboard.press("End")
    assert page.inner_text(f"{PANEL} .ad-pointed").startswith("x[27, 27] = ")


def test_what_is_not_finite_is_counted(page_of):
    trace = after(
        "x = Variable(np.arange(40.0))\ny = np.sum(x / np.where(np.arange(40) < 3, np.nan, 1.0))\ny.backward()"
    )
    page = page_of(trace)
    assert "Gradient: Not finite: 3" in page.inner_text(PANEL)


def test_a_very_large_array_is_shown_in_blocks(page_of):
    trace = after("x = Variable(random.normal(size=(300, 200)))\ny = np.sum(x * x)\ny.backward()")
    page = page_of(trace)
    assert "shows the one furthest from 0" in page.inner_text(PANEL)
    page.locator(f"{PANEL} .ad-canvas").nth(0).focus()
    page.keyboard.press("Home")
    low, high = (float(word) for word in page.inner_text(f"{PANEL} .ad-map >> nth=0").split(" from ")[1].split()[0:3:2])
    size = panel_of(trace)["variables"][0]["value"]["block"]
    block = trace.graph.variables[0].data[: size["rows"], : size["columns"]]
    assert (low, high) == (pytest.approx(block.min(), rel=1e-4), pytest.approx(block.max(), rel=1e-4))


def panel_of(trace):
    with speaking("en"):
        return part(trace, Wanted(("graph",))).payload["panel"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_leaves_the_page(page_of, language):
    page = page_of(after(SHAPES), language)
    for width, name in itertools.product((400, 1280), ("x", "product", "y")):
        page.set_viewport_size({"width": width, "height": 800})
        pick(page, name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, name)


def test_the_first_to_be_looked_into_is_an_array_with_a_name():
    cells = (
        "n = Variable(np.array(2.0))\nw = Variable(np.ones(3))",
        "y = np.sum(n * (Variable(np.ones(3)) * 2.0) * w)\ny.backward()",
    )
    panel = panel_of(after("\n".join(cells)))
    assert panel["variables"][panel["at"]]["name"] == "w"


def test_what_is_asked_for_is_not_told_before():
    trace = after("x = Variable(np.array(0.5))\ny = sin(x) + exp(x)\ny.backward()")
    with speaking("en"):
        found = part(trace, Wanted(("graph", "steps", "quiz")))
    assert (found.readable, found.text) == ("", "")


def test_a_file_may_ask_for_more_than_a_cell():
    trace = after("x = Variable(random.normal(size=(20, 5)))\ny = np.cumsum(x, axis=1)\ny.backward()")
    with speaking("en"):
        live, saved = (
            part(trace, Wanted(("graph",), patient=patient)).payload["panel"]["calls"][0] for patient in (False, True)
        )
    assert (len(live["relations"]), len(saved["relations"])) == (0, 1)


def test_every_control_has_a_name(page_of):
    tree = page_of(after(IMAGE), "ko").locator(PANEL).aria_snapshot()
    assert 'combobox "변수 들여다보기"' in tree
    assert 'application "x의 값, float64 (28, 28). 화살표 키로 원소 사이를 이동합니다"' in tree


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_every_engine_can_be_looked_into(engine):
    recording, _, _ = watch(engine.source, engine.cells)
    for language in LANGUAGES:
        with speaking(language):
            found = part(Trace(recording), Wanted(("graph",)))
            if found is not None:
                json.dumps(found.payload, allow_nan=False)


def test_large_traces_stay_small():
    many = after(
        "x = Variable(random.normal(size=(60, 60)))",
        "for _ in range(40):\n    x = np.tanh(x) * x\ny = np.sum(x)\ny.backward()",
    )
    long = after("x = Variable(np.array(0.1))\ny = x\nfor _ in range(400):\n    y = sin(y) + x\ny.backward()")
    for trace, most in ((many, 60_000), (long, 8_000)):
        with speaking("en"):
            found = part(trace, Wanted(("graph",)))
        assert len(fragment("ad", found.readable, found.payload)) - len(fragment("ad", "", {})) + len(found.text) < most


def numbers(packed):
    ((kind, text),) = packed.items()
    return np.frombuffer(base64.b64decode(text), "<" + kind)


@given(arrays.arrays(st.sampled_from(["f4", "f8", "i8", "?"]), arrays.array_shapes(min_dims=1, max_dims=4, max_side=9)))
def test_a_small_array_is_sent_whole(array):
    np.testing.assert_allclose(numbers(pack(array, 10_000)), array.ravel().astype(float), rtol=1e-6)


@settings(deadline=None)
@given(
    arrays.array_shapes(min_dims=1, max_dims=4, max_side=40).filter(lambda shape: np.prod(shape) > 128),
    st.integers(0, 9),
)
def test_blocks_hold_the_extremes(shape, seed):
    array = np.random.default_rng(seed).normal(size=shape)
    packed = pack(array, 128)
    low, high = numbers(packed["low"]), numbers(packed["high"])
    assert low.size == high.size == packed["rows"] * packed["columns"] <= 64
    np.testing.assert_allclose((low.min(), high.max()), (array.min(), array.max()), rtol=1e-6)
    assert "lost" not in packed


def test_a_block_with_a_nan_is_nan():
    array = np.zeros((100, 100))
    array[7, 9], array[8, 9] = np.nan, np.inf
    packed = pack(array, 1000)
    assert np.isnan(numbers(packed["low"])).sum() == 1
    assert packed["lost"] == 2
