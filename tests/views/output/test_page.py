"""The saved page in a real browser without a network: stepping by mouse and keyboard, nothing outside its box."""

import subprocess
import sys

import nbformat
import pytest

from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.output.bundle import html_page, mime_bundle
from tests.browser import chromium, open_html  # noqa: F401
from tests.tracing.watched import watch
from tests.views import traces

STEPPER = '[data-autodiff="stepper"]'

OUTSIDE = """() => {
  const bad = []
  for (const text of document.querySelectorAll("svg.ad-svg g > text")) {
    const box = text.parentNode.querySelector("rect, ellipse").getBoundingClientRect()
    const own = text.getBoundingClientRect()
    if (!text.textContent) continue
    if (own.left < box.left + 1 || own.right > box.right - 1 || own.bottom > box.bottom) bad.push(text.textContent)
    for (const other of text.parentNode.querySelectorAll("text")) {
      const its = other.getBoundingClientRect()
      if (other !== text && Math.abs(own.top - its.top) < 4 && own.left <= its.left && own.right > its.left)
        bad.push(text.textContent + " over " + other.textContent)
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) bad.push("the page scrolls sideways")
  return bad
}"""


CONTRAST = """() => {
  const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => linear(v / 255))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
  }
  const ratio = (a, b) => Math.max(light(a), light(b)) / Math.min(light(a), light(b))
  const found = []
  for (const text of document.querySelectorAll("svg.ad-svg g > text")) {
    const box = text.parentNode.querySelector("rect, ellipse")
    found.push(ratio(getComputedStyle(text).fill, getComputedStyle(box).fill))
  }
  const ground = getComputedStyle(document.querySelector(".ad-view")).backgroundColor
  for (const part of document.querySelectorAll(".ad-view :is(p, dt, dd, td span, th, .ad-place)"))
    found.push(ratio(getComputedStyle(part).color, ground))
  return found
}"""


@pytest.fixture
def page_of(open_html):  # noqa: F811
    def open_page(trace, language="en", **options):
        with speaking(language):
            return open_html(html_page(trace), **options)

    return open_page


def outputs_of(views, language="en"):
    """A page of several outputs, one below the other, as in a notebook."""
    with speaking(language):
        shown = [mime_bundle(trace, live=False)[0]["text/html"] for trace in views]
    return f"<!doctype html><meta charset=utf-8>{''.join(shown)}"


def step_of(page):
    return page.get_attribute(STEPPER, "data-step")


def active(page):
    found = page.eval_on_selector_all("g.active", "all => all.map(g => g.querySelector('text').textContent)")
    return set(found)


def gradient(page, name):
    return page.eval_on_selector_all(
        "g.variable",
        "(all, name) => all.find(g => g.querySelector('text').textContent === name).querySelector('.grad').textContent",
        name,
    )


def test_the_mouse_steps_through(page_of):
    page = page_of(traces.composed())
    assert page.get_attribute(STEPPER, "data-steps") == "3"
    assert (step_of(page), active(page), gradient(page, "x")) == ("0", set(), "3.2974")
    page.click('[data-autodiff="next"]')
    assert (step_of(page), active(page)) == ("1", {"b", "Square", "y"})
    assert (gradient(page, "y"), gradient(page, "b"), gradient(page, "x")) == ("1", "2.5681", "")
    assert "gx = dy/db × gy = 2.5681 × 1 = 2.5681" in page.inner_text(STEPPER)
    page.click('[data-autodiff="last"]')
    assert (step_of(page), active(page), gradient(page, "x")) == ("3", {"x", "Square", "a"}, "3.2974")
    assert page.is_disabled('[data-autodiff="next"]')
    page.click('[data-autodiff="previous"]')
    page.click('[data-autodiff="first"]')
    assert (step_of(page), active(page)) == ("0", set())


def test_the_keyboard_steps_through(page_of):
    page = page_of(traces.composed())
    page.focus(STEPPER)
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(step_of(page))
    assert seen == ["1", "2", "1", "3", "3", "0", "0"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.autodiff") == "play"
    assert step_of(page) == "1"
    page.keyboard.press("ArrowRight")
    assert step_of(page) == "2"


def test_playing_runs_to_the_end_and_can_be_stopped(page_of):
    page = page_of(traces.composed())
    page.clock.install()
    page.click('[data-autodiff="play"]')
    assert page.get_attribute('[data-autodiff="play"]', "aria-label") == "Pause"
    page.clock.run_for(1500)
    assert step_of(page) == "2"
    page.click('[data-autodiff="play"]')
    page.clock.run_for(5000)
    assert step_of(page) == "2"
    page.focus(STEPPER)
    page.keyboard.press("Space")
    page.clock.run_for(9000)
    assert step_of(page) == "3"
    assert page.get_attribute('[data-autodiff="play"]', "aria-label") == "Play"


def test_a_click_on_a_function_goes_to_its_step(page_of):
    page = page_of(traces.composed())
    page.click("g.function:has-text('Exp')")
    assert step_of(page) == "2"


def test_the_comparison_has_a_row_for_each_variable(page_of):
    page = page_of(traces.wrong_function())
    rows = page.eval_on_selector_all(
        '[data-autodiff="check"] tr[data-verdict]', "all => all.map(r => r.dataset.verdict)"
    )
    assert rows == ["fail", "inconclusive"]
    assert "✗ differs" in page.inner_text('tr[data-verdict="fail"]')
    hint = page.locator(".ad-blame details")
    assert hint.inner_text() == "Hint"
    hint.locator("summary").click()
    assert "chain rule" in hint.inner_text()


NAMES = ["x" * 40, "가나다라마바사아자차카타파하", "入力変数", "😀😀😀", "مرحبا", "नमस्ते", "ﷺ﷽", "Ωμέγα", "WWWWWW"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_leaves_its_box(open_html, language):  # noqa: F811
    views = [traces.composed((name, name + "2", "b", "y"), (name, "Exp", "W" * 30)) for name in NAMES]
    page = open_html(outputs_of(views, language))
    assert page.locator("svg.ad-svg").count() >= len(NAMES)
    assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("trace", ["composed", "overwritten", "wrong_function", "matrices", "cyclic"])
@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_overflows(page_of, trace, width):
    page = page_of(getattr(traces, trace)(), viewport={"width": width, "height": 700})
    assert page.evaluate(OUTSIDE) == []
    page.press(STEPPER, "End")
    assert page.evaluate(OUTSIDE) == []


def test_hostile_texts_run_no_script(open_html):  # noqa: F811
    page = open_html(outputs_of(map(traces.hostile, traces.HOSTILE)))
    steppers = page.locator(STEPPER)
    assert steppers.count() == len(traces.HOSTILE)
    for number, text in enumerate(traces.HOSTILE):
        steppers.nth(number).press("End")
        assert steppers.nth(number).get_attribute("data-step") == "3", text[:40]
    assert page.evaluate("document.scripts.length") == len(traces.HOSTILE)
    assert page.evaluate("document.querySelectorAll('[onload], b.x, iframe').length") == 0


def test_where_no_script_runs_all_is_readable(page_of):
    page = page_of(traces.wrong_function(), java_script_enabled=False)
    assert page.locator("img").get_attribute("alt") == "Graph, Variables: 4, Functions: 3"
    details = page.locator("details:has(table)")
    assert details.count() == 3
    assert [details.nth(i).get_attribute("open") for i in range(3)] == [None, "", None]
    assert "by the chain rule it should be: db/da × gy = 3.2973" in details.nth(1).inner_text()
    assert page.locator('tr[data-verdict="fail"]').inner_text().split()[:3] == ["x", "1.284", "3.29744"]


def test_a_long_graph_follows_the_step(page_of):
    page = page_of(traces.chain(40))
    page.press(STEPPER, "End")
    inside = """() => {
      const node = document.querySelector("g.function.active").getBoundingClientRect()
      const frame = document.querySelector('[data-autodiff="graph"]').getBoundingClientRect()
      return node.top >= frame.top && node.bottom <= frame.bottom
    }"""
    assert page.evaluate(inside)
    page.press(STEPPER, "Home")
    page.press(STEPPER, "ArrowRight")
    assert page.evaluate(inside)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page_of, scheme):
    page = page_of(traces.wrong_function(), color_scheme=scheme)
    page.press(STEPPER, "ArrowRight")
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) > 40
    assert min(ratios) >= 4.5


def test_what_is_read_of_a_card_is_what_stands_on_it_at_each_step(page_of):
    page = page_of(traces.composed())
    cards = page.locator("g.variable")
    drawn = "(all) => all.map(card => [...card.querySelectorAll(':scope > text')].map(text => text.textContent))"
    seen = []
    for step in range(4):
        tree = page.locator("svg.ad-svg").aria_snapshot().split("\n")
        names = [line.partition('"')[2].partition('"')[0] for line in tree]
        for texts in cards.evaluate_all(drawn):
            read = ", ".join(filter(None, texts)).replace("data, ", "data ").replace("grad, ", "grad ")
            assert read.removesuffix(", grad") + (", agrees" if texts[0] == "x" else "") in names
        seen.append([name for name in names if name.startswith("x, ")])
        if step < 3:
            page.click('[data-autodiff="next"]')
    gone = ["x, leaf, data 0.5, agrees"]
    assert seen == [["x, leaf, data 0.5, grad 3.2974, agrees"], gone, gone, ["x, leaf, data 0.5, grad 3.2974, agrees"]]


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_a_gradient_travels_to_the_card_that_it_goes_to(page_of, motion, moves):
    page = page_of(traces.composed(), reduced_motion=motion)
    page.evaluate("""() => {
      globalThis.seen = []
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
          for (const { classList, textContent } of addedNodes)
            if (classList?.contains("travelling")) seen.push(textContent)
      }).observe(document.querySelector("svg.ad-svg"), { childList: true })
    }""")
    page.click('[data-autodiff="next"]')
    page.wait_for_function("() => !document.querySelector('.coming, .travelling')")
    assert page.evaluate("seen") == (["1", "2.5681"] if moves else [])
    assert gradient(page, "b") == "2.5681"
    page.click('[data-autodiff="previous"]')
    assert page.locator(".coming, .travelling").count() == 0


def test_the_graph_stays_in_sight_while_one_steps(page_of):
    page = page_of(traces.composed(), viewport={"width": 1280, "height": 420})
    page.click('[data-autodiff="next"]')
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.evaluate("scrollY") > 100
    box = page.locator("figure").bounding_box()
    assert 0 <= box["y"] <= 1
    page.click('[data-autodiff="first"]')
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.locator("figure").bounding_box()["y"] < 0


@pytest.mark.parametrize("trace", [traces.composed, lambda: traces.chain(9)], ids=["small", "tall"])
def test_nothing_is_cut_on_paper(page_of, trace):
    page = page_of(trace(), viewport={"width": 794, "height": 1123})
    page.emulate_media(media="print")
    inside = """() => [...document.querySelectorAll("figure svg, .ad-wide table")].every((element) => {
      const box = element.getBoundingClientRect()
      const around = element.parentElement.getBoundingClientRect()
      return box.right <= innerWidth && box.height <= innerHeight && box.bottom <= around.bottom + 1
    })"""
    assert page.evaluate(inside)


@pytest.mark.parametrize("width", [400, 1024])
def test_a_narrow_window_shows_the_verdict_of_each_row(page_of, width):
    page = page_of(traces.composed(), viewport={"width": width, "height": 768})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator('[data-autodiff="check"] td:last-child').bounding_box()
    assert box["x"] + box["width"] <= width


def test_a_lone_variable_is_one_card(page_of):
    trace = Trace(watch("from ipy_autodiff import *\nimport numpy as np", ("x = Variable(np.array(1.0))",))[0])
    page = page_of(trace)
    assert page.locator("section").count() == 0
    assert page.locator("g.variable").count() == 1


def test_every_control_has_a_name_and_a_role(page_of):
    page = page_of(traces.composed(traces.KOREAN), "ko")
    tree = page.locator("body").aria_snapshot()
    for name in ("처음으로", "이전 단계", "재생", "다음 단계", "마지막 단계"):
        assert f'button "{name}"' in tree
    assert 'group "변수 4개와 함수 3개의 계산 그래프"' in tree
    assert 'button "입력값, 말단, data 0.5, grad 3.2974, 일치"' in tree
    assert 'columnheader "수치 미분"' in tree
    assert page.get_attribute('[data-autodiff="view"]', "lang") == "ko"


def test_two_outputs_in_one_page_keep_apart(open_html):  # noqa: F811
    page = open_html(outputs_of([traces.composed(), traces.composed()]))
    page.locator('[data-autodiff="next"]').nth(1).click()
    steps = page.eval_on_selector_all(STEPPER, "all => all.map(e => e.dataset.step)")
    assert steps == ["0", "1"]
    assert page.locator('[data-autodiff="view"]').nth(0).locator(".active").count() == 0


def test_an_exported_notebook_steps_without_a_network(chromium, tmp_path):  # noqa: F811
    with speaking("en"):
        data, _ = mime_bundle(traces.composed(), live=False)
    output = nbformat.v4.new_output("display_data", data=data)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("...", outputs=[output])])
    nbformat.write(notebook, tmp_path / "notebook.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "notebook.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "notebook.html").as_uri(), wait_until="domcontentloaded")
    page.wait_for_selector(STEPPER)
    page.press(STEPPER, "ArrowRight")
    page.click('[data-autodiff="next"]')
    assert step_of(page) == "2"
    context.close()
