"""Sliders in JupyterLab: the page shows what the hand moves; kernels and views that come and go confuse nothing."""

import math
import urllib.error
from contextlib import suppress
from pathlib import Path

import pytest

from tests.browser import chromium, jupyter_lab  # noqa: F401

ROOT = Path(__file__).parents[3]
SETUP = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n%load_ext ipy_autodiff"
CELL = """%%autodiff trace --lang en
x = Variable(np.array(0.5))
w = Variable(np.array(1.5))
if x.data < 1:
    y = square(exp(square(x))) * w
else:
    y = x * w
y.backward()"""
SLIDER = '[data-autodiff="slider"][data-variable="x"] input[type=range]'
TEXT = """(name) => {
  const card = [...document.querySelectorAll("g.variable")].find((g) => g.querySelector("text").textContent === name)
  return card && [...card.querySelectorAll(".number")].map((text) => text.textContent)
}"""


def at(x):
    """What the card of x shows there: its value and its gradient."""
    return [f"{x:.5g}", f"{4 * x * 1.5 * math.exp(2 * x * x):.5g}"]


def texts(page, name):
    """The value and the gradient on a Variable's card."""
    return page.evaluate(TEXT, name)


def wait_for(page, name, expected):
    source = f"([name, expected]) => String(({TEXT})(name)) === expected"
    page.wait_for_function(source, arg=[name, ",".join(expected)])


def set_slider(page, value, selector=SLIDER):
    """As a hand does that drags and lets go."""
    page.eval_on_selector(
        selector,
        "(range, value) => { range.value = value; range.dispatchEvent(new Event('input', { bubbles: true })) }",
        value,
    )


def run_more(page, source):
    """Add a cell, run it, and give what it printed."""
    count = page.locator(".jp-Notebook .jp-CodeCell").count()
    page.evaluate(
        """([source, index]) => {
          const notebook = jupyterapp.shell.currentWidget.content
          notebook.model.sharedModel.addCell({ cell_type: "code", source })
          notebook.activeCellIndex = index
          return jupyterapp.commands.execute('notebook:run-cell')
        }""",
        [source, count],
    )
    return page.locator(".jp-Notebook .jp-CodeCell").nth(count).locator(".jp-OutputArea-output").all_inner_texts()


@pytest.fixture
def lab(chromium, jupyter_lab):  # noqa: F811
    """Opens notebooks; what raises in a console fails the test."""
    raised = []
    opened = []

    def open_(name, cells=(SETUP, CELL), run=True, file=None):
        if cells:
            jupyter_lab.write(name, list(cells))
        manager = jupyter_lab.open(chromium, name)
        page = manager.__enter__()
        opened.append(manager)
        page.on("console", lambda message: raised.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: raised.append(str(error)))
        if run:
            jupyter_lab.run_all(page)
            page.wait_for_selector(SLIDER)
        return page

    yield open_
    for manager in opened:
        manager.__exit__(None, None, None)
    with suppress(urllib.error.HTTPError):  # two notebooks shared one
        jupyter_lab.shut_down_kernels()
    # When a kernel is changed, JupyterLab's own debugger complains.
    assert [text for text in raised if "debugger state" not in text] == []


def test_moving_shows_the_run_at_that_place_and_reset_the_recorded_one(lab):
    page = lab("moved.ipynb")
    recorded = texts(page, "y")
    assert recorded == ["2.4731", "1"]
    set_slider(page, 0.9)
    wait_for(page, "x", at(0.9))
    assert texts(page, "y") == ["7.5796", "1"]
    assert page.locator("g.variable .mark").count() == 2
    assert page.locator("g.variable .mark >> visible=true").count() == 0  # they are of the recorded run
    page.wait_for_selector("tr[data-verdict=pass] >> text=27.2866")
    assert "27.287" in page.inner_text(".ad-slope")
    page.click('[data-autodiff="next"]')
    page.click('[data-autodiff="next"]')
    page.wait_for_selector("text=gx = d(Square)/d(input) × gy = 4.4958 × 1.5 = 6.7437")
    set_slider(page, 0.8)
    page.wait_for_selector("text=gx = d(Square)/d(input) × gy = 3.793 × 1.5 = 5.6894")
    page.click('[data-autodiff="reset"]')
    page.wait_for_selector("text=gx = d(Square)/d(input) × gy = 2.5681 × 1.5 = 3.8521")
    page.click('[data-autodiff="first"]')
    wait_for(page, "y", recorded)
    assert page.locator("g.variable .mark >> visible=true").count() == 2
    assert run_more(page, "print(x.data, round(float(x.grad), 6), round(float(y.data), 6))") == [
        "0.5 4.946164 2.473082\n"
    ]


def test_the_keyboard_moves_a_slider_and_the_notebook_does_not_take_its_keys(lab):
    page = lab("keys.ipynb")
    page.focus(SLIDER)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    wait_for(page, "x", at(0.53))
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("0.7")
    wait_for(page, "x", at(0.7))
    assert page.locator(".jp-Notebook .jp-mod-editMode").count() == 0


def test_another_branch_is_said_and_can_be_run(lab):
    page = lab("branch.ipynb")
    set_slider(page, 1.2)
    page.wait_for_selector("text=At these values the cell would call")
    page.click('[data-autodiff="anew"]')
    page.wait_for_selector("text=The cell was run again with x = 1.2")
    assert page.locator("g.function").count() == 1
    assert texts(page, "y") == ["1.8", "1"]
    set_slider(page, 1.4)
    wait_for(page, "y", ["2.1", "1"])
    assert page.locator('[data-autodiff="anew"]').count() == 0
    page.click('[data-autodiff="recorded"]')
    page.wait_for_function("() => document.querySelectorAll('g.function').length === 4")
    assert texts(page, "y") == ["2.4731", "1"]
    assert run_more(page, "print(x.data, round(float(y.data), 6))") == ["0.5 2.473082\n"]


def test_python_moves_observes_and_links(lab):
    page = lab("python.ipynb")
    source = """import ipywidgets
seen = []
slider = trace.view.sliders["x"]
slider.observe(lambda change: seen.append(change["new"]), "value")
other = ipywidgets.FloatSlider(min=-10, max=10)
ipywidgets.link((slider, "value"), (other, "value"))
other.value = 0.9"""
    run_more(page, source)
    wait_for(page, "x", at(0.9))
    assert page.eval_on_selector(SLIDER, "range => range.value") == "0.9"
    set_slider(page, 0.6)
    wait_for(page, "x", at(0.6))
    assert run_more(page, "print(seen, other.value)") == ["[0.9, 0.6] 0.6\n"]


def test_two_views_of_one_trace_show_the_same(lab):
    page = lab("views.ipynb")
    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    page.evaluate("() => jupyterapp.commands.execute('notebook:create-output-view')")
    page.wait_for_function(f"() => document.querySelectorAll('{SLIDER}').length === 2")
    set_slider(page, 0.9)
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-autodiff="slider"][data-variable="x"] input')]
            .every((input) => Number(input.value) === 0.9)"""
    )
    page.wait_for_function("() => document.body.innerText.split('27.287').length > 4")
    page.evaluate("() => [...jupyterapp.shell.widgets('main')].at(-1).close()")
    page.wait_for_function(f"() => document.querySelectorAll('{SLIDER}').length === 1")
    set_slider(page, 0.7)
    wait_for(page, "x", at(0.7))


def test_two_notebooks_on_one_kernel_keep_apart(lab, jupyter_lab):  # noqa: F811
    first = lab("one.ipynb")
    second = lab("two.ipynb", run=False)
    kernel = first.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    second.evaluate("(id) => jupyterapp.shell.currentWidget.sessionContext.changeKernel({ id })", kernel)
    jupyter_lab.run_all(second)
    second.wait_for_selector(SLIDER)
    set_slider(first, 0.9)
    set_slider(second, 0.6)
    wait_for(first, "x", at(0.9))
    wait_for(second, "x", at(0.6))


def test_of_two_notebooks_in_one_page_on_one_kernel_one_is_closed(lab, jupyter_lab):  # noqa: F811
    page = lab("stays.ipynb")
    jupyter_lab.write("closes.ipynb", [CELL])
    page.evaluate(
        """async () => {
          const { id } = jupyterapp.shell.currentWidget.sessionContext.session.kernel
          const other = await jupyterapp.commands.execute("docmanager:open", { path: "closes.ipynb" })
          await other.context.ready
          await other.sessionContext.ready
          await other.sessionContext.changeKernel({ id })
        }"""
    )
    jupyter_lab.run_all(page)
    page.wait_for_function(f"() => document.querySelectorAll('{SLIDER}').length === 2")
    for file, value in (("closes", 0.6), ("stays", 0.9)):
        page.evaluate(
            f"""(value) => {{
              const panel = [...jupyterapp.shell.widgets("main")].find((one) => one.context?.path === "{file}.ipynb")
              const range = panel.node.querySelector('{SLIDER}')
              range.value = value
              range.dispatchEvent(new Event("input", {{ bubbles: true }}))
            }}""",
            value,
        )
    page.wait_for_function(f"() => document.body.textContent.includes('{at(0.6)[1]}')")
    wait_for(page, "x", at(0.9))
    page.evaluate(
        """async () => {
          const panel = [...jupyterapp.shell.widgets("main")].find((one) => one.context?.path === "closes.ipynb")
          await panel.context.save()
          panel.close()
        }"""
    )
    page.wait_for_function(f"() => document.querySelectorAll('{SLIDER}').length === 1")
    set_slider(page, 0.7)
    wait_for(page, "x", at(0.7))


def test_a_kernel_that_restarts_in_the_middle_of_a_drag_leaves_the_recorded_run(lab, jupyter_lab):  # noqa: F811
    page = lab("restarts.ipynb")
    set_slider(page, 0.9)
    wait_for(page, "x", at(0.9))
    page.evaluate(
        f"""() => {{
          const range = document.querySelector('{SLIDER}')
          let value = 0
          window.drag = setInterval(() => {{
            range.value = (value = (value + 0.01) % 1)
            range.dispatchEvent(new Event("input", {{ bubbles: true }}))
          }}, 10)
        }}"""
    )
    page.wait_for_timeout(300)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_selector("text=This output is no longer connected to a kernel.")
    page.evaluate("() => clearInterval(window.drag)")
    wait_for(page, "x", at(0.5))
    assert page.is_disabled(SLIDER)
    jupyter_lab.run_all(page)
    page.wait_for_function(f"() => document.querySelector('{SLIDER}')?.disabled === false")
    set_slider(page, 0.9)
    wait_for(page, "x", at(0.9))


def test_without_its_kernel_a_saved_output_has_no_sliders(lab, jupyter_lab):  # noqa: F811
    page = lab("saved.ipynb")
    set_slider(page, 0.9)
    wait_for(page, "x", at(0.9))
    jupyter_lab.save(page)
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    jupyter_lab.shut_down_kernels()
    again = lab("saved.ipynb", cells=(), run=False)
    again.wait_for_selector('[data-autodiff="stepper"]')
    assert texts(again, "x") == at(0.5)
    assert again.locator(SLIDER).count() == 0


def test_a_page_that_is_loaded_again_shows_where_the_sliders_stand(lab, jupyter_lab):  # noqa: F811
    page = lab("again.ipynb")
    set_slider(page, 0.9)
    wait_for(page, "x", at(0.9))
    jupyter_lab.save(page)
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    again = lab("again.ipynb", cells=(), run=False)
    wait_for(again, "x", at(0.9))
    set_slider(again, 0.8)
    wait_for(again, "x", at(0.8))
    wait_for(page, "x", at(0.8))
