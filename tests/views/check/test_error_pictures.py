"""Pictures of a comparison: numbers that were measured, told in words; drawn in the page when they are opened."""

import json
from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.measurements import element_by_element
from ipy_autodiff.messages import LANGUAGES, sentences, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.views.check.error_pictures import pictures
from ipy_autodiff.views.check.judged_rows import check
from ipy_autodiff.views.output.bundle import html_page, mime_bundle
from tests.browser import chromium, jupyter_lab, open_html  # noqa: F401
from tests.views import traces
from tests.views.explore.test_sliding_in_jupyter import SETUP, SLIDER
from tests.views.page_data import data_of


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


class Cube(ad.Function):
    """x³ whose runs are counted; ``factor`` makes its gradient wrong."""

    runs = 0

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        Cube.runs += 1
        return x**3

    def backward(self, gy):
        return self.factor * 3 * self.inputs[0].data ** 2 * gy


def traced(data, factor=1.0, name="x"):
    x = ad.Variable(np.asarray(data), name=name)
    y = ad.exp(Cube(factor)(x))
    return Trace(record_variables([y], {name: x}))


def drawn(trace):
    (row,) = pictures(trace.comparison.rows)["rows"]
    return row


def test_errors_are_those_of_central_differences():
    steps = drawn(traced(0.7))["steps"]
    for level, error in enumerate(steps["errors"][:3]):  # beyond, round-off rules
        h = steps["first_step"] / 8**level
        slope = (np.exp((0.7 + h) ** 3) - np.exp((0.7 - h) ** 3)) / (2 * h)
        truth = 3 * 0.7**2 * np.exp(0.7**3)
        assert error == pytest.approx(slope - truth, rel=0.02)
    assert len(steps["errors"]) == 7
    assert 0 <= steps["chosen"] < 7


def test_pictures_measure_nothing_anew_and_are_small():
    trace = traced(0.7)
    rows = trace.comparison.rows
    before = Cube.runs
    found = pictures(rows)
    assert Cube.runs == before
    assert len(json.dumps(found, allow_nan=False)) < 600
    assert "heat" not in found["rows"][0]


def test_a_right_gradient_is_said_to_be_right():
    steps = drawn(traced(0.7))["steps"]
    assert steps["difference"] == pytest.approx(0, abs=1e-9)
    assert "it is smallest at step" in steps["caption"]


def test_a_wrong_gradient_stays_off_at_every_step():
    steps = drawn(traced(0.7, 2.0))["steps"]
    truth = 3 * 0.7**2 * np.exp(0.7**3)
    assert steps["difference"] == pytest.approx(truth, rel=0.01)
    assert f"against backprop it stays at {truth:.3g}" in steps["caption"]


def test_of_an_array_the_worst_element_is_measured_by_steps_and_all_are_points():
    row = drawn(traced([0.5, 0.7, 0.2], np.array([1.0, 1.5, 1.0])))
    assert "x[1]: against backprop" in row["steps"]["caption"]
    assert [len(row["points"][name]) for name in ("numerical", "backprop", "uncertainty")] == [3, 3, 3]
    assert "They are furthest apart at x[1]" in row["points"]["caption"]
    (cells,) = row["heat"]["cells"]
    assert (cells[1], len(cells)) == ("i", 3)
    assert {cells[0], cells[2]} <= set("def")


def test_of_a_large_array_those_elements_are_shown_that_were_found_to_be_wrong():
    factor = np.ones(60)
    factor[7] = 1.5
    trace = traced(np.linspace(0.1, 0.9, 60), factor)
    row = drawn(trace)
    assert row["heat"]["cells"][0].strip(".") == "i"
    assert len(row["points"]["numerical"]) == 1
    assert "1 of 60 elements" in row["heat"]["caption"]
    assert check(trace).pictures["rows"][0]["heat"]["cells"][0].count(".") < 47  # at least eight are measured


def test_a_column_that_is_wrong_is_a_stripe():
    factor = np.ones((8, 6))
    factor[:, 2] = 1.5
    asked = []

    def measure(row, most):
        asked.append(most)
        return element_by_element(trace.comparison, row, 48)

    trace = traced(np.linspace(0.1, 0.9, 48).reshape(8, 6), factor)
    (row,) = pictures(trace.comparison.rows, measure)["rows"]
    assert [{line[column] for line in row["heat"]["cells"]} <= set("def") for column in range(6)] == [
        column != 2 for column in range(6)
    ]
    assert {line[2] for line in row["heat"]["cells"]} == {"i"}
    assert asked[0] == 8


def test_letters_are_signed_powers_of_the_uncertainty():
    apart = np.array([[-1e7, -1e4, -100.0, -5.0, 0.0], [5.0, 100.0, 1e4, 1e7, np.nan]])
    sigma = np.where(np.isnan(apart), np.inf, 1.0)
    x = traces.variable(0, "x", np.zeros((2, 5)), None, "leaf")
    numerical = np.where(np.isnan(apart), np.nan, 1.0)
    row = traces.Row(x, "x", 1 + np.nan_to_num(apart), numerical, sigma, "fail")
    heat = pictures([row])["rows"][0]["heat"]
    assert heat["cells"] == ["abcde", "fghi."]
    assert "1e7 σ at x[0, 0]" in heat["caption"]


def test_a_huge_array_shares_cells_and_keeps_the_worst():
    numerical = np.zeros((3, 100, 70))
    backprop = numerical.copy()
    backprop[1, 50, 69] = -1.0
    x = traces.variable(0, "x", numerical, None, "leaf")
    row = traces.Row(x, "x", backprop, numerical, np.full(numerical.shape, 1e-9), "fail")
    found = pictures([row])["rows"][0]
    cells = found["heat"]["cells"]
    assert (len(cells), len(cells[0])) == (48, 48)
    assert "".join(cells).count("a") == 1
    numericals, backprops = found["points"]["numerical"], found["points"]["backprop"]
    assert (len(numericals), backprops.count(-1.0)) == (33, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_short_data_is_not_called_far_off(dtype):
    with np.errstate(all="ignore"):
        row = drawn(traced(np.array([0.5, 0.75], dtype=dtype)))
    assert set(row["heat"]["cells"][0]) <= set("def")


@pytest.mark.parametrize("data", [np.array([]), np.array(np.nan), np.array(3), np.array(0.0), np.array([np.inf, 1.0])])
def test_odd_data_is_no_error(data):
    with np.errstate(all="ignore"):
        json.dumps(dict(check(traced(data)).pictures), allow_nan=False)


def test_many_variables_have_pictures_for_the_worst():
    xs = [ad.Variable(np.array(float(i + 1)), name=f"x{i}") for i in range(20)]
    y = ad.Variable(np.array(0.0))
    for x in xs[:-1]:
        y = y + ad.sin(x)
    trace = Trace(record_variables([ad.exp(y * 0.1) + Cube(1.5)(xs[-1])], {x.name: x for x in xs}))
    rows = pictures(trace.comparison.rows)["rows"]
    assert len(rows) == 12
    assert (rows[0]["name"], rows[0]["verdict"]) == ("x19", "fail")


@pytest.fixture
def page_of(open_html):  # noqa: F811
    def open_page(trace, language="en", **options):
        with speaking(language):
            return open_html(html_page(trace), **options)

    return open_page


def test_what_was_checked_together_is_measured_when_the_page_asks(monkeypatch):
    trace = traced(np.linspace(0.1, 0.9, 40).reshape(4, 10))
    found = check(trace)
    assert found.pictures["rows"] == []
    assert "together" in found.pictures["ask"]
    assert "array_pictures" in found.modules
    view = mime_bundle(trace)[1]()
    sent: list[Any] = []
    monkeypatch.setattr(view, "send", sent.append)
    view._handle_custom_msg({"kind": "pictures"}, [])
    (row,) = sent[0]["pictures"]
    assert [len(line) for line in row["heat"]["cells"]] == [10] * 4
    assert row["heat"]["cells"][0][0] in "def"
    json.dumps(sent, allow_nan=False)


def test_without_a_kernel_to_ask_nothing_is_promised():
    trace = traced(np.linspace(0.1, 0.9, 40).reshape(4, 10))
    promise = sentences("en")["pictures.ask"]
    assert promise in str(data_of(mime_bundle(trace)[0]["text/html"]))
    assert promise not in str(data_of(mime_bundle(trace, live=False)[0]["text/html"]))
    assert promise not in str(data_of(html_page(trace)))


def test_a_saved_page_has_all_elements():
    found = check(traced(np.linspace(0.1, 0.9, 40).reshape(4, 10)), patient=True).pictures
    assert "ask" not in found
    assert "." not in "".join(found["rows"][0]["heat"]["cells"])


def test_a_running_kernel_measures_when_pictures_are_opened(chromium, jupyter_lab):  # noqa: F811
    cell = "%%autodiff --lang en\nx = Variable(np.linspace(0.1, 0.9, 40).reshape(4, 10))\ny = np.sum(np.exp(x))"
    jupyter_lab.write("asked.ipynb", [SETUP, cell])
    with jupyter_lab.open(chromium, "asked.ipynb") as page:
        jupyter_lab.run_all(page)
        page.wait_for_selector(SLIDER.replace('"x"', '"x[0, 0]"'))
        page.click(f"{FOLDED} > summary")
        page.wait_for_selector(".ad-pictures figcaption >> text=Difference over uncertainty, x of shape (4, 10)")
        assert page.locator(".ad-pictures rect.ad-unknown").count() == 0
        page.click(f"{FOLDED} > summary")
        page.click(f"{FOLDED} > summary")
        assert page.locator(".ad-pictures figure").count() == 2
    jupyter_lab.shut_down_kernels()


FOLDED = '[data-autodiff="check"] details:has(.ad-pictures)'


def several():
    w = ad.Variable(np.array([[0.5, 0.7, 0.2], [0.1, 0.4, 0.3]]), name="W")
    x = ad.Variable(np.array(0.7), name="x")
    y = ad.sum(Cube(np.array([[1.0, 1.5, 1.0], [0.5, 1.0, 1.0]]))(w)) + ad.exp(x)
    return Trace(record_variables([y], {"W": w, "x": x}))


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_are_folded_and_drawn_when_they_are_opened(page_of, language):
    page = page_of(several(), language, color_scheme="dark")
    assert page.locator(".ad-pictures figure").count() == 0
    page.focus(f"{FOLDED} > summary")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ad-pictures figure")
    captions = page.locator(".ad-pictures figcaption").all_inner_texts()
    assert len(captions) == 3
    assert all("W" in caption for caption in captions)
    assert page.locator(".ad-pictures rect.ad-heat-i").count() == 2  # one in the map, one in the colour bar
    assert page.locator(".ad-pictures path.ad-cross").count() == 8
    page.focus(f"{FOLDED} select")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.querySelectorAll('.ad-pictures figure').length === 1")
    assert "x" in page.inner_text(".ad-pictures figcaption")


INSIDE = """() => {
  const bad = []
  for (const svg of document.querySelectorAll(".ad-pictures svg")) {
    const frame = svg.getBoundingClientRect()
    for (const part of svg.querySelectorAll("*")) {
      const own = part.getBoundingClientRect()
      const across = own.left < frame.left - 1 || own.right > frame.right + 1
      if (across || own.bottom > frame.bottom + 1 || own.top < frame.top - 1) bad.push(part.outerHTML)
      if (/NaN|Infinity/.test(part.outerHTML)) bad.push(part.outerHTML)
    }
  }
  return document.documentElement.scrollWidth > innerWidth ? ["the page scrolls", ...bad] : bad
}"""


@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("make", [several, lambda: traced(0.7), lambda: traced(1e-300), lambda: traced(4.0)])
def test_nothing_leaves_its_picture(page_of, make, width):
    page = page_of(make(), viewport={"width": width, "height": 800})
    page.click(f"{FOLDED} > summary")
    page.wait_for_selector(".ad-pictures figure")
    assert page.evaluate(INSIDE) == []


def test_one_link_leads_to_the_step_that_makes_a_gradient_wrong(page_of):
    page = page_of(several())
    link = page.locator('[data-autodiff="verdict"] button')
    assert link.count() == 1
    link.focus()
    page.keyboard.press("Enter")
    assert page.locator('tr[data-verdict="fail"] td button').count() == 0
    step = page.get_attribute('[data-autodiff="stepper"]', "data-step")
    assert link.inner_text() == f"Show step {step}"
    assert "Cube.backward" in page.inner_text('[data-autodiff="stepper"]')


def test_a_name_points_at_its_variable(page_of):
    page = page_of(several())
    button = page.locator("tbody th button", has_text="x")
    assert button.get_attribute("title") == "Show x in the graph"
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("g.variable.chosen text").first.text_content() == "x"
