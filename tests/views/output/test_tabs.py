"""y, y′ and y″ as tabs: what is readable without scripts, what a page weighs, and the tabs by keyboard."""

import re
from typing import Any

import pytest

from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.output import tabs as derivatives
from ipy_autodiff.views.output.bundle import html_page, mime_bundle
from ipy_autodiff.views.registry import DEFAULT
from tests.browser import chromium, open_html  # noqa: F401
from tests.tracing.double_backprop_engine import SOURCE
from tests.tracing.watched import watch
from tests.views import traces

OURS = "import numpy as np\nfrom ipy_autodiff import Variable, exp, sin, tanh"
BOTH = pytest.mark.parametrize("engine", [OURS, SOURCE], ids=["ours", "a student's"])

TWICE = """
x = Variable(np.array(1.0))
y = {}
y.backward(create_graph=True)
gx = x.grad
x.cleargrad()
gx.backward(create_graph=True)
gx2 = x.grad
"""


def twice(formula, engine=OURS):
    return Trace(watch(engine, [TWICE.format(formula)])[0])


def html(trace, language="en", **options):
    with speaking(language):
        return mime_bundle(trace, live=False, **options)[0]["text/html"]


@BOTH
def test_a_tab_for_each_derivative(engine):
    trace = twice("tanh(x)", engine)
    with speaking("en"):
        tabs = derivatives.tabs(trace)
    assert [tab.label for tab in tabs] == ["y", "y′ (gx)", "y″ (gx2)"]
    assert tabs[0].trace is trace
    assert all(tab.trace.comparison.ok for tab in tabs)


def test_a_cell_without_create_graph_has_none():
    trace = Trace(watch(OURS, ["x = Variable(np.array(1.0))\ny = tanh(x)\ny.backward()"])[0])
    assert derivatives.tabs(trace) == []
    assert derivatives.tabs(traces.composed()) == []
    assert "ad-tab" not in html(trace)


def test_a_quiz_does_not_give_the_derivative_away():
    assert "ad-tab" not in html(twice("tanh(x)"), show=(*DEFAULT, "quiz"))


def test_functions_are_tied_to_the_one_they_come_from():
    trace = twice("sin(x)")
    (sine,) = trace.graph.functions
    y, first, second = derivatives.tabs(trace)
    assert y.kin == {sine.id: sine.id}
    for tab in (first, second):
        assert set(tab.kin.values()) == {sine.id}
        assert tab.kin.keys() == {function.id for function in tab.trace.graph.functions}


def test_kin_of_several_functions_are_kept_apart():
    trace = twice("exp(sin(x))")
    names = {function.id: function.name for function in trace.graph.functions}
    first = derivatives.tabs(trace)[1]
    by_name: dict[str, Any] = {}
    for function in first.trace.graph.functions:
        by_name.setdefault(names[first.kin[function.id]], []).append(function.name)
    assert by_name == {"Sin": ["Sin", "Cos", "Mul"], "Exp": ["Exp", "Mul"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_readable_without_scripts(language):
    shown = html(twice("tanh(x)"), language)
    folded = re.findall(r'<details data-tab="(\d)"><summary><b>(.*?)</b>', shown)
    assert folded == [("1", "y′ (gx)"), ("2", "y″ (gx2)")]
    readable = shown.partition("<script")[0]
    assert readable.count('<img src="data:image/svg+xml') == 3
    assert readable.count('<tr data-verdict="pass"') == 3


def test_a_gradient_that_was_not_cleared_is_said():
    cell = TWICE.format("x ** 3").replace("x.cleargrad()", "")
    assert "x still held an earlier gradient" in html(Trace(watch(OURS, [cell])[0]))


def test_what_is_too_large_is_said():
    loop = "x = Variable(np.array(0.5))\ny = x\nfor _ in range(400): y = sin(y)\ny.backward(create_graph=True)"
    shown = html(Trace(watch(OURS, [loop])[0]))
    assert "The graph of y′ has more than 300 Functions" in shown


def test_a_page_does_not_grow_without_end():
    cell = "x = Variable(np.array(0.5))\ny = x\nfor _ in range(20): y = sin(y)\ny.backward(create_graph=True)\n"
    cell += "gx = x.grad\nx.cleargrad()\ngx.backward(create_graph=True)"
    trace = Trace(watch(OURS, [cell])[0])
    shown = html(trace)
    alone = html(Trace(watch(OURS, [cell.partition("y.backward")[0] + "y.backward()"])[0]))
    assert "Left out to keep the page small: the steps of y′ (gx)" in shown
    assert len(shown) - len(alone) < derivatives.MOST_BYTES + 10_000


@pytest.mark.parametrize("text", traces.HOSTILE, ids=range(len(traces.HOSTILE)))
def test_nothing_of_the_notebook_becomes_markup(text):
    cell = TWICE.format("tanh(x)").replace("\ny.backward", "\nx.name = y.name = hostile\ny.backward")
    recording, _, _ = watch(OURS, [cell], namespace={"hostile": text})
    shown = html(Trace(recording))
    readable = shown.partition("<script")[0]
    assert not re.search(r"<b>x</b>|\"onload=\"", readable)
    assert shown.count("</script>") == 1


@pytest.fixture
def shown(open_html):  # noqa: F811
    def open_page(trace, language="en", **options):
        with speaking(language):
            return open_html(html_page(trace, title="tabs"), **options)

    return open_page


PANEL = '[role="tabpanel"]:not([hidden])'


def kin(tab):
    """The Functions that are outlined in the panel that is open."""
    return tab.eval_on_selector_all(f"{PANEL} .ad-kin > text:first-of-type", "all => all.map(text => text.textContent)")


def test_tabs_by_keyboard(shown):
    tab = shown(twice("tanh(x)"))
    assert tab.get_by_role("tab").all_text_contents() == ["y", "y′ (gx)", "y″ (gx2)"]
    assert tab.locator(PANEL).count() == 1
    tab.get_by_role("tab", name="y", exact=True).focus()
    tab.keyboard.press("ArrowRight")
    selected = tab.locator('[role="tab"][aria-selected="true"]')
    assert selected.text_content() == "y′ (gx)"
    assert selected.get_attribute("tabindex") == "0"
    assert tab.locator('[role="tab"][tabindex="-1"]').count() == 2
    assert tab.locator(PANEL).get_attribute("aria-labelledby") == selected.get_attribute("id")
    assert tab.locator(f"{PANEL} g.function").count() == 4
    assert tab.locator(f'{PANEL} tr[data-verdict="pass"]').count() == 1
    tab.keyboard.press("End")
    assert tab.locator(f"{PANEL} g.function").count() == 9
    tab.keyboard.press("ArrowRight")
    assert selected.text_content() == "y"
    tab.keyboard.press("ArrowLeft")
    assert selected.text_content() == "y″ (gx2)"


def test_each_tab_has_a_stepper_of_its_own(shown):
    tab = shown(twice("tanh(x)"))
    stepper = f'{PANEL} [data-autodiff="stepper"]'
    tab.focus(stepper)
    tab.keyboard.press("ArrowRight")
    tab.get_by_role("tab", name="y′").click()
    assert tab.get_attribute(stepper, "data-step") == "0"
    tab.focus(stepper)
    tab.keyboard.press("End")
    assert tab.get_attribute(stepper, "data-step") == "4"
    tab.get_by_role("tab", name="y", exact=True).click()
    assert tab.get_attribute(stepper, "data-step") == "1"


def test_what_is_chosen_in_one_tab_is_outlined_in_all(shown):
    trace = twice("exp(sin(x))")
    tab = shown(trace)
    assert kin(tab) == []
    tab.locator(f"{PANEL} g.function", has_text="Sin").first.click()
    assert kin(tab) == ["Sin"]
    tab.get_by_role("tab", name="y′").click()
    assert sorted(kin(tab)) == ["Cos", "Mul", "Sin"]
    assert "Sin of y" in tab.locator(f"{PANEL} .ad-kin-status").text_content()
    tab.locator(f"{PANEL} g.function", has_text="Exp").first.click()
    tab.get_by_role("tab", name="y", exact=True).click()
    assert kin(tab) == ["Exp"]


def test_the_steps_point_at_kin_too(shown):
    tab = shown(twice("exp(sin(x))"))
    tab.focus(f'{PANEL} [data-autodiff="stepper"]')
    tab.keyboard.press("ArrowRight")
    assert kin(tab) == ["Exp"]
    tab.get_by_role("tab", name="y′").click()
    assert sorted(kin(tab)) == ["Exp", "Mul"]


@pytest.mark.parametrize("width", [400, 800, 1400])
def test_nothing_sticks_out(shown, width):
    tab = shown(twice("tanh(x)"), "ko", viewport={"width": width, "height": 900}, color_scheme="dark")
    for number in range(3):
        tab.get_by_role("tab").nth(number).click()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
