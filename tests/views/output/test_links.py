"""Outputs and live models find each other in a page, whichever comes first and however many are alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ipy_autodiff import front_end
from ipy_autodiff.messages import speaking
from ipy_autodiff.views.output import page as pages
from ipy_autodiff.views.output.bundle import mime_bundle
from tests.browser import chromium, open_html  # noqa: F401
from tests.views import traces
from tests.views.page_data import data_of

STEPPER = '[data-autodiff="stepper"]'
MODELS = """
class Model {
  constructor(state) { Object.assign(this, { state, listeners: {}, sent: [], alive: true }) }
  get(name) { return this.state[name] }
  set(name, value) {
    if (this.state[name] === value) return
    this.state[name] = value
    for (const listen of this.listeners["change:" + name] ?? []) listen()
  }
  save_changes() {}
  send(message) { this.sent.push(message) }
  on(event, listener) { (this.listeners[event] ??= []).push(listener) }
  end() {
    this.alive = false
    for (const listen of this.listeners.comm_live_update ?? []) listen()
  }
  off(event, listener) { this.listeners[event] = (this.listeners[event] ?? []).filter((other) => other !== listener) }
}
window.models = []
window.openModel = async (state, source) => {
  const model = new Model({ step: 0, update: {}, controls: {}, anew: {}, ...state })
  model.widget_manager = { get_model: async () => ({ comm_live: model.alive }) }
  const widget = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(source))
  model.close = widget.default.initialize({ model })
  return models.push(model) - 1
}
null
"""
SAYS = (
    "heading",
    "reset",
    "reset_long",
    "label",
    "add",
    "add_label",
    "value_of",
    "gone",
    "curve",
    "no_slope",
    "sum_of",
)
SLIDER = {"name": "x", "label": "x", "min": -1, "max": 1, "step": 0.1, "value": 0.5}


def one_output(trace: Any) -> str:
    with speaking("en"):
        html: str = mime_bundle(trace, live=False)[0]["text/html"]
    return html


@pytest.fixture
def opened(open_html: Callable[..., Any]) -> Callable[..., Any]:  # noqa: F811
    """A page with these outputs, each in a box of its own."""

    def open_(*outputs: str) -> Any:
        with speaking("en"):
            boxes = "".join(f'<div class="cell">{output}</div>' for output in outputs)
            page = open_html(pages.standalone("links", boxes))
        page.wait_for_function(
            "(all) => document.querySelectorAll('.cell > .ad-drawn').length === all", arg=len(outputs)
        )
        page.evaluate(MODELS)
        return page

    return open_


def open_model(page: Any, output: str, live: str, **state: Any) -> int:
    number: int = page.evaluate(
        "([state, source]) => openModel(state, source)",
        [{"output": output, "live": live, **state}, front_end.read("widget.js")],
    )
    return number


def steps(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(STEPPER, "all => all.map((one) => one.dataset.step)")
    return found


def click_next(page: Any, cell: int) -> None:
    page.locator(".cell").nth(cell).locator('[data-autodiff="next"]').click()


def step_of_model(page: Any, model: int) -> int:
    step: int = page.evaluate("(model) => models[model].get('step')", model)
    return step


def test_two_copies_of_one_output_step_apart_and_share_one_script(opened: Callable[..., Any]) -> None:
    output = one_output(traces.composed())
    page = opened(output, output)
    assert page.evaluate("Object.keys(ipyAutodiffPages).length") == 1
    click_next(page, 1)
    click_next(page, 1)
    click_next(page, 0)
    assert steps(page) == ["1", "2"]
    ids = page.eval_on_selector_all(".cell [id] [id]", "all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids)) > 10


def test_a_model_moves_one_of_two_copies(opened: Callable[..., Any]) -> None:
    output = one_output(traces.composed())
    page = opened(output, output)
    model = open_model(page, data_of(output)["id"], "first")
    page.evaluate("(model) => models[model].set('step', 2)", model)
    assert steps(page) == ["0", "2"]
    click_next(page, 1)
    assert step_of_model(page, model) == 3
    click_next(page, 0)
    assert (steps(page), step_of_model(page, model)) == (["1", "3"], 3)


def add_cell(page: Any, output: str) -> None:
    """One more output, as a notebook puts it into the page."""
    page.evaluate(
        """(html) => {
          const cell = document.createElement("div")
          cell.className = "cell"
          cell.innerHTML = html
          document.querySelector("main").append(cell)
          const old = cell.querySelector("script"), script = document.createElement("script")
          script.type = "module"
          script.textContent = old.textContent
          old.replaceWith(script)
        }""",
        output,
    )


def test_two_kernels_have_an_output_each(opened: Callable[..., Any]) -> None:
    output = one_output(traces.composed())
    identifier = data_of(output)["id"]
    page = opened(output)
    first = open_model(page, identifier, "first")
    add_cell(page, output)
    page.wait_for_selector(".cell:nth-of-type(2) .ad-drawn")
    assert page.evaluate("Object.keys(ipyAutodiffPages).length") == 1
    click_next(page, 1)
    assert step_of_model(page, first) == 0
    second = open_model(page, identifier, "second")
    page.evaluate("(model) => models[model].set('step', 2)", second)
    click_next(page, 0)
    assert steps(page) == ["1", "2"]
    assert (step_of_model(page, first), step_of_model(page, second)) == (1, 2)


def test_a_cell_that_runs_again_in_a_new_kernel_has_the_new_model(opened: Callable[..., Any]) -> None:
    output = one_output(traces.composed())
    identifier = data_of(output)["id"]
    page = opened(output)
    ended = open_model(page, identifier, "ended")
    page.evaluate("(model) => models[model].end()", ended)
    page.evaluate("() => document.querySelector('.cell').remove()")
    add_cell(page, output)
    page.wait_for_selector(".cell .ad-drawn")
    model = open_model(page, identifier, "new")
    click_next(page, 0)
    assert (step_of_model(page, ended), step_of_model(page, model)) == (0, 1)


def test_a_model_that_closes_leaves_an_output_that_steps_by_itself(opened: Callable[..., Any]) -> None:
    output = one_output(traces.composed())
    page = opened(output)
    model = open_model(page, data_of(output)["id"], "first")
    page.evaluate("(model) => models[model].close()", model)
    click_next(page, 0)
    assert (steps(page), step_of_model(page, model)) == (["1"], 0)


def test_what_is_moved_hears_of_another_step(opened: Callable[..., Any]) -> None:
    output = one_output(traces.composed())
    page = opened(output)
    controls = {"sliders": [SLIDER], "of": "y", "whole": True, "example": "", "remarks": []}
    controls |= {"anew": "", "says": dict.fromkeys(SAYS, "words")}
    model = open_model(page, data_of(output)["id"], "first", controls=controls)
    page.wait_for_selector('[data-autodiff="slider"] input[type=range]')
    page.evaluate(
        """(model) => {
          const { by, number } = models[model].sent.at(-1)
          models[model].set("update", { by, number, rest: true, moved: true, step: 0, values: { x: 0.7 } })
        }""",
        model,
    )
    page.wait_for_selector("figure.ad-moved")
    before = page.evaluate("(model) => models[model].sent.length", model)
    click_next(page, 0)
    page.wait_for_function("([model, before]) => models[model].sent.length > before", arg=[model, before])
    asked = json.loads(page.evaluate("(model) => JSON.stringify(models[model].sent.at(-1))", model))
    assert (asked["kind"], asked["step"], asked["values"]) == ("move", 1, {"x": 0.7})


def test_outputs_of_one_content_in_one_kernel_have_identifiers_of_their_own() -> None:
    with speaking("en"):
        found = [data_of(mime_bundle(traces.composed())[0]["text/html"])["id"] for _ in range(3)]
        other = data_of(mime_bundle(traces.wrong_function(), live=False)[0]["text/html"])["id"]
    stem = found[0].partition("-")[0]
    assert len(set(found)) == 3
    assert {one.partition("-")[0] for one in found} == {stem}
    assert other.partition("-")[0] != stem


@pytest.mark.parametrize(
    "show", [("graph", "steps", "check"), ("graph", "steps", "sliders", "check", "rules"), ("graph", "steps", "quiz")]
)
def test_a_cell_gives_the_same_output_in_every_kernel(show: tuple[str, ...]) -> None:
    code = f"""
import numpy as np
from ipy_autodiff import Variable, exp, square, tanh, trace
from ipy_autodiff.messages import speaking
from ipy_autodiff.views.output.bundle import mime_bundle
x, w = Variable(np.array(0.5), name="x"), Variable(np.linspace(-1, 1, 6).reshape(2, 3), name="w")
y = square(exp(square(x))) * tanh(w @ w.T)[0, 1]
y.backward()
with speaking("en"):
    print(mime_bundle(trace(y), show={show!r}, live=False)[0]["text/html"])
"""
    ran = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(ran[0]) > 10_000
    assert ran[0] == ran[1]
