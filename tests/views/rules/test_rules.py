"""The rules side by side: the readable table, and the columns in a real browser by keyboard."""

import html
import json
import re

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff import Variable
from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.views.contract import Wanted
from ipy_autodiff.views.output import page
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.rules import part as rules
from tests.browser import chromium, open_html  # noqa: F401
from tests.student_engines import ENGINES
from tests.tracing.watched import watch
from tests.views import traces

GROUP = '[data-autodiff="rules"] > [role="group"]'
RESULTS = ".ad-rule > div > p > b"


def trace_of(y):
    return Trace(record_variables([y], {}))


def fan_out():
    """The graph for which the book introduces generations: 64 is right."""
    x = Variable(np.array(2.0), "x")
    a = ad.square(x)
    a.name = "a"
    return trace_of(ad.square(a) + ad.square(a))


def doubled():
    x = Variable(np.array(3.0), "x")
    return trace_of(x + x)


def chain():
    x = Variable(np.array(0.5), "x")
    return trace_of(ad.square(ad.exp(ad.square(x))))


def part(trace, language="en"):
    with speaking(language):
        return rules.part(trace, Wanted(("graph", "rules")))


def table(shown):
    rows = re.findall(r"<tr>(.*?)</tr>", shown.readable)
    return [[html.unescape(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)] for row in rows]


def test_the_table_says_what_each_rule_comes_to_and_why():
    heading, recursive, loop, adding, generation, numerical = table(part(fan_out()))
    assert heading == ["Rule", "Calls", "x.grad", "Order of the calls", "Where it goes wrong"]
    why = "Square ran before the gradient of a was complete: it used 8 instead of 16."
    order = "Add, Square, Square, Square, Square"
    assert recursive == ["Recursive (step 7)", "5", "✗ 32", order, why]
    assert loop == ["A list (steps 8 to 13)", "5", "✗ 32", order, why]
    assert adding == ["Adding (step 14)", "5", "✗ 96", order, why]
    assert generation == ["By generation (step 16)", "4", "✓ 64", "Add, Square, Square, Square", ""]
    assert numerical == ["Numerical", "", "64", "", ""]


def test_what_replaces_a_gradient_is_said():
    shown = part(doubled())
    assert [row[2] for row in table(shown)[1:]] == ["✗ 1", "✗ 1", "✓ 2", "✓ 2", "2"]
    assert (
        "x is used more than once, and its gradient 1 was replaced by the next contribution. Together they add up to 2."
        in (shown.text)
    )


def test_a_chain_takes_one_sentence():
    shown = part(chain())
    assert shown.payload["rules"]["chain"]
    assert shown.payload["rules"]["sentences"][0].startswith("The Functions form a chain")


def test_the_rule_that_the_notebooks_engine_follows_is_named():
    said = part(fan_out()).payload["rules"]["sentences"]
    assert said[-1].endswith("as this rule: By generation.")


def test_a_wrong_backward_is_not_blamed_on_the_order():
    source = next(engine for engine in ENGINES if engine.name == "step16_generations").source
    wrong = source.replace("return 2 * self", "return 3 * self")
    assert wrong != source
    recording, _, _ = watch(wrong, ["x = Variable(np.array(2.0))\ny = add(square(x), square(x))\ny.backward()"])
    assert any(
        "backward that is wrong" in sentence for sentence in part(Trace(recording)).payload["rules"]["sentences"]
    )


@pytest.mark.parametrize(("count", "said"), [(301, "301 Functions"), (3500, "3,500 Functions")])
def test_too_large_a_graph_says_so(count, said):
    y = Variable(np.array(1.0), "x")
    for _ in range(count):
        y = ad.sin(y)
    shown = part(trace_of(y))
    assert said in shown.text
    assert "columns" not in shown.payload["rules"]


def test_too_large_arrays_say_so():
    x = Variable(np.zeros((2000, 2000)), "x")
    shown = part(trace_of(np.sum(x + x)))
    assert shown.text == "The arrays are too large to keep every gradient of four sweeps."


def test_what_cannot_be_swept_says_so():
    shown = part(traces.composed())
    assert shown.text == "The rules cannot make a backward pass here."


def test_a_ladder_takes_little_room():
    y = Variable(np.array([1.0, 2.5]), "x")
    for _ in range(12):
        y = y + y
    shown = part(trace_of(y))
    assert "Stopped after 1000 calls" in shown.text
    assert len(json.dumps(shown.payload)) < 100_000


@pytest.mark.parametrize("text", traces.HOSTILE, ids=range(len(traces.HOSTILE)))
def test_nothing_of_the_notebook_becomes_markup(text):
    x = Variable(np.array(2.0), text or "x")
    y = ad.square(x) + x
    y.name = text or "y"
    shown = part(trace_of(y))
    for markup in (shown.readable, shown.payload["rules"]["svg"]):
        assert "<script" not in markup
        assert not re.search(r"<b>x</b>|onload=\"alert", markup)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_every_engine_has_its_rules(engine):
    trace = Trace(watch(engine.source, engine.cells)[0])
    for language in LANGUAGES:
        shown = part(trace, language)
        assert shown.text
    columns = shown.payload["rules"].get("columns", [])
    assert len(columns) in (0, 4)
    if columns:
        assert all(leaf["right"] for leaf in columns[-1]["left"])


@pytest.fixture
def shown(open_html):  # noqa: F811
    def show(trace, language="en", **options):
        with speaking(language):
            body = mime_bundle(trace, ("graph", "rules"), live=False)[0]["text/html"]
            return open_html(page.standalone("rules", body), **options)

    return show


def grads(tab, node):
    return tab.eval_on_selector_all(
        f'.ad-rule [data-node="{node}"] .gradient', "all => all.map(text => text.textContent)"
    )


def test_the_keyboard_goes_through_the_calls_of_all_rules(shown):
    trace = fan_out()
    x, a = (next(node.id for node in trace.graph.variables if node.name == name) for name in "xa")
    tab = shown(trace)
    assert tab.locator(".ad-rule").count() == 4
    assert tab.locator(RESULTS).all_text_contents() == ["x.grad = 32", "x.grad = 32", "x.grad = 96", "x.grad = 64"]
    assert "Numerical: x.grad = 64" in tab.locator('[data-autodiff="rules"]').inner_text()
    tab.focus(GROUP)
    tab.keyboard.press("Home")
    assert grads(tab, a) == [""] * 4
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    assert tab.get_attribute('[data-autodiff="rules"]', "data-call") == "3"
    assert grads(tab, a) == ["8", "8", "8", "16"]
    assert grads(tab, x) == ["32", "32", "32", ""]
    assert tab.locator(".ad-rule.ad-wrong").count() == 3
    assert tab.locator(f'.ad-rule [data-node="{a}"].wrong').count() == 3
    tab.keyboard.press("ArrowLeft")
    assert tab.locator(".ad-rule.ad-wrong").count() == 0
    assert tab.locator(".ad-rule-now").all_text_contents() == ["2. Square.backward"] * 4
    tab.keyboard.press("End")
    assert tab.locator(".ad-rule-now").last.text_content() == "Ended after 4 calls"


def test_the_slider_and_the_links_do_the_same(shown):
    tab = shown(fan_out())
    slider = tab.get_by_role("slider", name="Call")
    assert slider.get_attribute("aria-valuetext") == "After call 5 of 5"
    tab.get_by_role("button", name="Show call 3").first.click()
    assert slider.get_attribute("aria-valuetext") == "After call 3 of 5"
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    assert slider.input_value() == "2"
    slider.fill("0")
    assert slider.get_attribute("aria-valuetext") == "Before the first call"
    assert tab.get_by_role("button", name="Previous call").is_disabled()


def test_a_chain_is_folded_away(shown):
    tab = shown(chain())
    assert not tab.locator(".ad-rules").is_visible()
    tab.get_by_text("Show the four rules side by side").click()
    assert tab.locator(".ad-rules").is_visible()


@pytest.mark.parametrize(("width", "columns"), [(1400, 4), (800, 4), (640, 2), (380, 1)])
def test_columns_stand_side_by_side_where_there_is_room(shown, width, columns):
    tab = shown(fan_out(), language="ko", viewport={"width": width, "height": 900})
    lefts = tab.eval_on_selector_all(".ad-rule", "all => all.map(rule => rule.getBoundingClientRect().left)")
    assert len(set(lefts)) == columns
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
