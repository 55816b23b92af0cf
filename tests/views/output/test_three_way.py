"""The cell's line, the node, and the line of ``backward`` that ran: found, sent once, marked together."""

import json
import linecache
from contextlib import contextmanager

import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.output.bundle import html_page, mime_bundle
from ipy_autodiff.views.steps.source_lines import sources_of
from ipy_autodiff.views.steps.stepper import tell
from tests.browser import chromium, offline_page  # noqa: F401
from tests.loop_engine import ENGINE
from tests.tracing.watched import watch
from tests.views import traces
from tests.views.page_data import data_of

STEPPER = '[data-autodiff="stepper"]'
CELL = "\nx = Variable(np.array(0.5))\na = square(x)\nb = exp(a)\ny = square(b)\ny.backward()\n"
OURS = "import numpy as np\nfrom ipy_autodiff import *\n"
MARKED = f"""{STEPPER} .ad-code > [aria-current]"""


def seen(*cells):
    """The trace of the last cell; the cells' lines are known as IPython makes them known."""
    for number, cell in enumerate(cells):
        linecache.cache[f"<cell {number}>"] = (len(cell), None, cell.splitlines(True), f"<cell {number}>")
    return Trace(watch(cells[0], cells[1:])[0])


@pytest.fixture
def page_of(chromium, tmp_path):  # noqa: F811
    @contextmanager
    def open_page(trace, language="en", **options):
        with speaking(language):
            (tmp_path / "page.html").write_text(html_page(trace), encoding="utf-8")
        with offline_page(chromium, **options) as page:
            page.goto((tmp_path / "page.html").as_uri())
            yield page

    return open_page


def marked(page):
    return page.eval_on_selector_all(MARKED, "all => all.map(line => line.textContent)")


def sent(trace):
    with speaking("en"):
        html = mime_bundle(trace, live=False)[0]["text/html"]
    return data_of(html), html


def test_each_step_knows_its_line_of_the_cell_and_of_backward():
    with speaking("en"):
        told = tell(seen(ENGINE, CELL))
    assert [(source.name, source.file) for source in told.sources] == [
        ("This cell", ""),
        ("Square.backward", ""),
        ("Exp.backward", ""),
    ]
    texts = [[told.sources[index].line(number) for index, number in (s.cell, s.backward)] for s in told.steps]
    squared, exponential = "return 2 * self.input.data * gy", "return np.exp(self.input.data) * gy"
    assert texts == [["y = square(b)", squared], ["b = exp(a)", exponential], ["a = square(x)", squared]]
    assert told.sources[1].parts == ((26, ("def backward(self, gy):", f"    {squared}")),)
    assert told.sources[0].parts[0][0] == 2


def test_the_line_that_ran_is_that_of_the_return():
    engine = ENGINE.replace(
        "        return 2 * self.input.data * gy",
        "        # twice\n        if gy is None:\n            return None\n\n"
        "        gx = 2 * self.input.data\n        return gx * gy",
    )
    told = tell(seen(engine, CELL))
    index, number = told.steps[0].backward
    assert told.sources[index].line(number) == "return gx * gy"
    assert len(told.sources[index].parts[0][1]) == 7


def test_engine_and_use_in_one_cell():
    told = tell(seen(f"{ENGINE}{CELL}"))
    texts = [[told.sources[index].line(number) for index, number in (s.cell, s.backward)] for s in told.steps]
    assert texts[1] == ["b = exp(a)", "return np.exp(self.input.data) * gy"]


def test_a_package_is_named_by_its_file_without_the_folder():
    engine = f"{OURS}from ipy_autodiff.engine.operations.exponential import Exp\nclass E(Exp):\n    rule = None\n"
    data, _ = sent(seen(engine, "x = Variable(np.array(2.0))\ny = E()(x)\ny.backward()"))
    assert [(source["name"], source["file"]) for source in data["sources"]] == [
        ("This cell", ""),
        ("E.backward", "unary.py"),
    ]
    assert "/ipy_autodiff/" not in json.dumps(data["sources"])


def test_of_a_long_cell_only_what_is_around_the_lines_is_sent():
    comments = "\n".join(f"# {number}" for number in range(300))
    cell = f"x = Variable(np.array(0.5))\n{comments}\na = square(x)\n{comments}\ny = exp(a)\ny.backward()\n"
    told = tell(seen(ENGINE, cell))
    assert [(first, len(lines)) for first, lines in told.sources[0].parts] == [(296, 13), (597, 8)]
    assert [told.sources[0].line(step.cell[1]) for step in told.steps] == ["y = exp(a)", "a = square(x)"]


def test_what_is_not_known_is_left_out():
    for trace in (traces.composed(), traces.chain(400)):
        sources, places = sources_of(trace.recording, trace.steps)
        assert (sources, set(places)) == ((), {(None, None)})
    trace = seen(ENGINE, CELL)
    for number in range(2):
        del linecache.cache[f"<cell {number}>"]
    told = tell(trace)
    assert len(told.sources) == 1
    assert all(step.cell and not step.backward for step in told.steps)


@pytest.mark.parametrize("text", traces.HOSTILE)
def test_hostile_lines_stay_one_line_each(text):
    shown = text.replace("\r", "").replace("\n", "").encode("utf-8", "replace").decode()
    cell = f"x = Variable(np.array(0.5))  # {shown}\ny = exp(x)  # {shown}\ny.backward()".replace("\0", "")
    data, html = sent(seen(ENGINE, cell))
    for source in data["sources"]:
        for part in source["parts"]:
            assert all(len(line) <= 140 and line.isprintable() for line in part["text"].split("\n"))
    assert "<" not in html.partition("<script")[2].partition(">")[2].partition("</script>")[0]


def test_sources_are_sent_once():
    cell = "\nx = Variable(np.array(0.5))\n" + "x = square(x)\n" * 30 + "x.backward()"
    data, _ = sent(seen(ENGINE, cell))
    assert len(data["steps"]) == 30
    assert [source["name"] for source in data["sources"]] == ["This cell", "Square.backward"]
    assert len(json.dumps(data["sources"])) < 900


def test_the_three_are_marked_together(page_of):
    with page_of(seen(ENGINE, CELL)) as page:
        assert marked(page) == []
        page.press(STEPPER, "ArrowRight")
        assert marked(page) == ["y = square(b)", "    return 2 * self.input.data * gy"]
        assert "line 5" in page.locator("g.function.active").text_content()
        page.press(STEPPER, "ArrowRight")
        assert marked(page) == ["b = exp(a)", "    return np.exp(self.input.data) * gy"]
        assert page.inner_text(".ad-sources p >> nth=1") == "Exp.backward"
        page.press(STEPPER, "Home")
        assert not page.is_visible(".ad-sources")


def test_a_line_of_the_cell_leads_to_its_first_step(page_of):
    with page_of(seen(ENGINE, CELL.replace("a = square(x)\nb = exp(a)", "b = exp(square(x))"))) as page:
        page.press(STEPPER, "ArrowRight")
        page.click(".ad-code >> text=b = exp(square(x))")
        assert page.get_attribute(STEPPER, "data-step") == "2"
        page.press(STEPPER, "End")
        page.focus(".ad-code >> text=b = exp(square(x))")
        page.keyboard.press("Enter")
        assert page.get_attribute(STEPPER, "data-step") == "2"
        assert page.locator(".ad-code button").count() == 2


def test_the_marked_line_of_a_long_cell_is_in_sight(page_of):
    comments = "\n".join("#" for _ in range(18))
    cell = f"x = Variable(np.array(0.5))\n{comments}\na = square(x)\n{comments}\ny = exp(a)\ny.backward()\n"
    inside = """line => {
      const own = line.getBoundingClientRect(), box = line.parentNode.getBoundingClientRect()
      return own.top >= box.top && own.bottom <= box.bottom && box.height < 400
    }"""
    with page_of(seen(ENGINE, cell)) as page:
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
            page.press(STEPPER, key)
            assert page.locator(MARKED).first.evaluate(inside)


@pytest.mark.parametrize(("width", "beside"), [(1280, True), (400, False)])
def test_cell_and_backward_stand_side_by_side_where_there_is_room(page_of, width, beside):
    with page_of(seen(ENGINE, CELL), viewport={"width": width, "height": 800}) as page:
        page.press(STEPPER, "ArrowRight")
        tops = page.eval_on_selector_all(".ad-sources > div", "all => all.map(one => one.getBoundingClientRect().top)")
        assert (tops[0] == tops[1]) == beside
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_code(page_of, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    wrong = ENGINE.replace("return np.exp(self.input.data) * gy", "return gy")
    comments = "\n".join("#" for _ in range(50))
    with page_of(seen(wrong, f"{CELL}{comments}"), color_scheme=scheme) as page:
        assert page.is_visible(MARKED)
        assert axe.Axe().run(page, context=".ad-view").response["violations"] == []


def test_where_no_script_runs_both_lines_are_text(page_of):
    with page_of(seen(ENGINE, CELL), "ko", java_script_enabled=False) as page:
        details = page.locator("details:has(table)").nth(1)
        details.locator("summary").click()
        assert "b = exp(a)" in details.inner_text()
        assert "Exp.backward, 33번째 줄\treturn np.exp(self.input.data) * gy" in details.inner_text()


def test_it_opens_at_the_wrong_step_and_says_how_to_begin(page_of):
    wrong = ENGINE.replace("return 2 * self.input.data * gy", "return 2 * gy")
    with page_of(seen(wrong, CELL)) as page:
        assert page.get_attribute(STEPPER, "data-step") == "1"
        assert "This is the first step with a wrong number." in page.inner_text(STEPPER)
        page.click("text=Go to the start")
        assert page.get_attribute(STEPPER, "data-step") == "0"
        page.press(STEPPER, "End")
        assert "This is the first step" not in page.inner_text(STEPPER)


def test_without_steps_there_are_no_buttons(page_of):
    with page_of(traces.cyclic()) as page:
        assert page.locator(f"{STEPPER} button").count() == 0
        assert page.inner_text(STEPPER) == "There is no backward pass to show."
