"""Large graphs in a real browser without a network: boxes open, names are found, the picture moves, by keyboard too."""

import re

import pytest

from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.tracing.graph import FunctionNode, Graph, Recording, Step
from ipy_autodiff.views.output.bundle import html_page
from tests.browser import chromium, open_html  # noqa: F401
from tests.views import traces

FRAME = ".ad-frame"


def layered(times):
    """So many layers of a product, a sum and a tanh, each with a weight of its own, and a last sum."""
    variables = [traces.variable(0, "x", 1.0, 1.0, "leaf")]
    functions: list[FunctionNode] = []
    steps: list[Step] = []

    def call(name, inputs, line, out):
        node = traces.variable(len(variables), out or f"h{len(variables)}", 1.0, 1.0, named=bool(out))
        variables.append(node)
        functions.append(traces.function(len(functions), name, inputs, [node], line, "h = tanh(h * W)"))
        return node

    h = variables[0]
    for number in range(times):
        weight = traces.variable(len(variables), f"W{number}", 1.0, 0.5, "leaf")
        variables.append(weight)
        h = call("Tanh", [call("Add", [call("Mul", [h, weight], 2, ""), weight], 2, "")], 3, "")
    h = call("Sum", [h], 4, "y")
    for number, node in enumerate(reversed(functions)):
        steps.append(traces.step(number + 1, node, [1.0], [1.0], [1.0], [(node.inputs[0], None, 1.0, 1.0)]))
    graph = Graph(tuple(variables), tuple(functions))
    return traces.Trace(Recording(graph, tuple(steps), h, (variables[0],), "", "cell"))


@pytest.fixture
def page_of(open_html):  # noqa: F811
    def open_page(trace, language="en", **options):
        with speaking(language):
            return open_html(html_page(trace, show=("graph", "steps")), **options)

    return open_page


def where(page):
    return page.locator(".ad-tools [aria-current]").inner_text()


def texts(page, kind):
    return page.eval_on_selector_all(f"g.{kind}", "all => all.map(g => g.querySelector('text').textContent)")


def focused(page):
    return page.evaluate(
        "document.activeElement.querySelector?.('text')?.textContent || document.activeElement.className"
    )


def size(page):
    return page.evaluate(f"document.querySelector('{FRAME} svg').getBoundingClientRect().width")


def test_a_small_graph_has_no_tools(page_of):
    page = page_of(traces.composed())
    assert page.locator(".ad-tools").count() == 0
    assert "function openable" not in page.content()


def test_a_box_opens_and_the_path_leads_back(page_of):
    page = page_of(layered(40))
    assert where(page) == "Whole graph"
    page.click("g.folded")
    assert where(page) == "Mul · Add · Tanh × 38"
    assert texts(page, "function") == []
    page.click("g.folded >> nth=0")
    assert where(page).startswith("Mul · Add · Tanh × ")
    assert set(texts(page, "function")) == {"Mul", "Add", "Tanh"}
    assert page.locator("g.function").count() % 3 == 0
    page.click('.ad-tools button:text-is("Whole graph")')
    assert where(page) == "Whole graph"
    assert {"x", "y", "W0", "W39"} <= set(texts(page, "variable"))


def test_every_level_that_is_sent_can_be_drawn(page_of):
    page = page_of(traces.tangled(300))
    seen = page.evaluate("""() => {
      const seen = new Set(), outside = []
      const visit = () => {
        for (const node of document.querySelectorAll(".ad-frame g.function")) seen.add(node.id)
        const frame = document.querySelector(".ad-frame svg").getBoundingClientRect()
        for (const box of document.querySelectorAll(".ad-frame svg > g > rect, .ad-frame ellipse")) {
          const own = box.getBoundingClientRect()
          const beyond = own.left < frame.left || own.right > frame.right + 6 || own.bottom > frame.bottom + 6
          if (beyond) outside.push(box.parentNode.id)
          for (const text of box.parentNode.querySelectorAll("text"))
            if (text.getBoundingClientRect().left < own.left - 6) outside.push(text.textContent)
        }
        const ids = [...document.querySelectorAll(".ad-frame g.folded[id]")].map((node) => node.id)
        for (const id of ids) {
          document.getElementById(id).dispatchEvent(new MouseEvent("click", { bubbles: true }))
          visit()
          const escape = new KeyboardEvent("keydown", { key: "Escape", bubbles: true })
          document.querySelector(".ad-frame").dispatchEvent(escape)
        }
      }
      visit()
      return [seen.size, outside]
    }""")
    assert seen == [300, []]


def test_nodes_are_come_to_and_opened_by_keyboard(page_of):
    page = page_of(layered(40))
    page.focus(FRAME)
    page.keyboard.press("Tab")
    assert focused(page) == "x"
    names = [focused(page)]
    while not names[-1].startswith("Mul · Add"):
        page.keyboard.press("PageDown")
        names.append(focused(page))
        assert len(names) < 60
    assert {"x", "W0", "y", "Sum"} <= set(names)
    page.keyboard.press("Enter")
    assert where(page) == "Mul · Add · Tanh × 38"
    assert page.evaluate(f"document.querySelector('{FRAME}').contains(document.activeElement)")
    page.keyboard.press("Escape")
    assert where(page) == "Whole graph"
    assert focused(page).startswith("Mul · Add")


def test_arrows_move_between_the_nodes_of_a_small_graph(page_of):
    page = page_of(traces.composed())
    page.keyboard.press("Tab")
    names = [focused(page)]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        names.append(focused(page))
    page.keyboard.press("Enter")
    assert names == ["x", "Square", "a", "Exp"]
    assert page.get_attribute('[data-autodiff="stepper"]', "data-step") == "2"
    assert texts(page, "chosen") == ["Exp"]


def test_a_name_is_found_in_the_box_that_hides_it(page_of):
    page = page_of(layered(40))
    page.fill(".ad-tools input", "w17")
    assert page.inner_text(".ad-tools .ad-place") == "0 of 1"
    page.press(".ad-tools input", "Enter")
    assert texts(page, "found") == ["W17"]
    assert where(page) != "Whole graph"
    assert page.inner_text(".ad-tools .ad-place").startswith("1 of 1")
    page.fill(".ad-tools input", "tanh")
    page.press(".ad-tools input", "Enter")
    first = page.inner_text(".ad-tools .ad-place")
    page.press(".ad-tools input", "Enter")
    assert (first.split(" ")[0], page.inner_text(".ad-tools .ad-place").split(" ")[0]) == ("1", "2")
    page.fill(".ad-tools input", "no such name")
    assert page.inner_text(".ad-tools .ad-place") == "0 of 0"


def test_a_step_marks_the_box_that_its_function_is_in(page_of):
    page = page_of(layered(40))
    page.focus('[data-autodiff="stepper"]')
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert texts(page, "active") == ["Mul · Add · Tanh × 38"]
    page.click("g.folded")
    assert len(texts(page, "active")) == 1
    page.click("g.folded.active")
    assert page.locator("g.function.active").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert texts(page, "active") == ["Mul · Add · Tanh × 38"]


def test_the_picture_is_made_larger_smaller_and_moved(page_of):
    page = page_of(layered(40), viewport={"width": 800, "height": 600})
    page.focus(FRAME)
    start = size(page)
    page.keyboard.press("+")
    larger = size(page)
    page.keyboard.press("-")
    assert (larger > start * 1.2, size(page)) == (True, pytest.approx(start, rel=0.02))
    for _ in range(5):
        page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"document.querySelector('{FRAME}').scrollLeft > 0")
    page.keyboard.press("0")
    frame = page.locator(FRAME).bounding_box()
    assert size(page) <= frame["width"] + 1
    page.click(".ad-tools button >> nth=-2")
    assert size(page) > 0


def test_the_wheel_belongs_to_the_page(page_of):
    page = page_of(layered(40), viewport={"width": 800, "height": 400})
    page.mouse.move(400, 200)
    before = size(page)
    page.mouse.wheel(0, 120)
    page.wait_for_function("scrollY > 0")
    assert size(page) == before
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    page.wait_for_function(f"document.querySelector('{FRAME} svg').getBoundingClientRect().width > {before} * 1.1")


def test_dragging_moves_the_picture_and_opens_nothing(page_of):
    page = page_of(layered(40), viewport={"width": 800, "height": 600})
    for _ in range(5):
        page.click(".ad-tools button >> nth=-2")
    box = page.locator(FRAME).bounding_box()
    start = page.evaluate(f"document.querySelector('{FRAME}').scrollTop")
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 200, steps=4)
    page.mouse.up()
    assert page.evaluate(f"document.querySelector('{FRAME}').scrollTop") > start
    assert where(page) == "Whole graph"


def test_what_a_page_has_no_room_for_says_how_to_come_to_it(page_of):
    page = page_of(traces.chain(30_000))
    page.click("g.folded")
    while page.locator("g.folded.closed").count() == 0:
        page.click("g.folded >> nth=1")
    title = page.locator("g.folded.closed >> nth=0").locator("title").text_content()
    assert "T.graph.functions" in title
    before = where(page)
    page.locator("g.folded.closed >> nth=0").click()
    assert where(page) == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_has_a_name_and_a_role(page_of, language):
    page = page_of(layered(40), language)
    page.click("g.folded")
    tree = page.locator("figure").aria_snapshot()
    for kind in ("navigation", "searchbox", "group", "button"):
        assert re.search(rf'{kind} "[^"]+"', tree), kind
    assert not re.search(r"^\s*- (button|searchbox|group)\s*:?$", tree, re.MULTILINE)
    assert "Mul · Add · Tanh" in tree
    assert ("iterations" in tree) == (language == "en")


def test_hostile_names_stay_text_in_boxes(page_of):
    trace = layered(40)
    for number, node in enumerate((*trace.graph.variables, *trace.graph.functions)):
        object.__setattr__(node, "name", traces.HOSTILE[number % len(traces.HOSTILE)] or "x")
    page = page_of(trace)
    opened = 0
    while page.locator("g.folded:not(.closed)").count():
        page.click("g.folded:not(.closed) >> nth=0")
        opened += 1
    page.fill(".ad-tools input", "<script>")
    page.press(".ad-tools input", "Enter")
    assert opened > 0
    assert page.locator("g.found, g.hit").count() > 0
    assert page.locator(".ad-all script, .ad-all b b, .ad-all img").count() == 0
