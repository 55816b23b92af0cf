"""The three lives of one output in JupyterLab: running, opened again without running, and not trusted."""

import json
from pathlib import Path

import pytest

from tests.browser import chromium, jupyter_lab  # noqa: F401

ROOT = Path(__file__).parents[3]
STEPPER = '[data-autodiff="stepper"]'
SHOW = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from IPython.display import display
from ipy_autodiff.messages import speaking
from ipy_autodiff.views.output.bundle import mime_bundle
from tests.views import traces
with speaking("en"):
    data, open_view = mime_bundle(traces.composed())
display(data, raw=True)
view = open_view()"""
OBSERVE = "seen = []\nview.observe(lambda change: seen.append(change['new']), 'step')\nview.step = 2"


def wait_for_step(page, step):
    page.wait_for_function(f"() => document.querySelector('{STEPPER}').dataset.step === '{step}'")


def python_says(page, text):
    """Whether Python hears of the last step within some seconds: the page sends its changes bundled."""
    page.evaluate(
        """(source) => {
          jupyterapp.shell.currentWidget.content.model.sharedModel.addCell({ cell_type: "code", source })
          jupyterapp.shell.currentWidget.content.activeCellIndex = 2
        }""",
        "print('first', seen[0], 'last', seen[-1], 'now', view.step)",
    )
    for _ in range(20):
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
        if text in page.locator(".jp-Notebook .jp-Cell").last.inner_text():
            return True
        page.wait_for_timeout(500)
    return False


@pytest.fixture
def saved(chromium, jupyter_lab):  # noqa: F811
    """A notebook that was run, stepped through, saved and closed."""
    path = jupyter_lab.folder / "lives.ipynb"
    if not path.exists():
        run_and_save(chromium, jupyter_lab)
    return path


def run_and_save(chromium, jupyter_lab):  # noqa: F811
    jupyter_lab.write("lives.ipynb", [SHOW, OBSERVE])
    raised = []
    with jupyter_lab.open(chromium, "lives.ipynb") as page:
        page.on("console", lambda message: raised.append(message.text) if message.type == "error" else None)
        jupyter_lab.run_all(page)
        page.wait_for_selector(STEPPER)
        wait_for_step(page, 2)  # Python set it
        page.click('[data-autodiff="next"]')
        wait_for_step(page, 3)
        page.focus(STEPPER)
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        wait_for_step(page, 1)
        assert page.locator("g.active").count() == 3
        assert page.locator(".jp-Notebook .jp-mod-selected").count() == 1
        assert python_says(page, "first 2 last 1 now 1")
        jupyter_lab.save(page)
    assert raised == []


def test_the_saved_output_is_html_and_text(saved):
    cells = json.loads(saved.read_text(encoding="utf-8"))["cells"]
    assert set(cells[0]["outputs"][0]["data"]) == {"text/html", "text/plain"}


def test_with_the_same_kernel_the_step_is_still_pythons(saved, chromium, jupyter_lab):  # noqa: F811
    with jupyter_lab.open(chromium, saved.name) as page:
        page.wait_for_selector(STEPPER)
        wait_for_step(page, 1)


def test_opened_again_with_a_new_kernel_it_steps(saved, chromium, jupyter_lab):  # noqa: F811
    jupyter_lab.shut_down_kernels()
    with jupyter_lab.open(chromium, saved.name) as page:
        page.wait_for_selector(STEPPER)
        wait_for_step(page, 0)
        page.click('[data-autodiff="next"]')
        page.keyboard.press("ArrowRight")
        wait_for_step(page, 2)
        assert page.locator("text=model not found").count() == 0


def test_opened_again_without_a_kernel_it_steps(saved, chromium, jupyter_lab):  # noqa: F811
    jupyter_lab.shut_down_kernels()
    notebook = json.loads(saved.read_text(encoding="utf-8"))
    notebook["metadata"] = {"kernelspec": {"name": "gone", "display_name": "Gone", "language": "gone"}}
    path = saved.with_name("gone.ipynb")
    path.write_text(json.dumps(notebook), encoding="utf-8")
    jupyter_lab.trust(path)
    with jupyter_lab.open(chromium, "gone.ipynb", ready=False) as page:
        page.click("button:has-text('No Kernel')")
        page.wait_for_selector(STEPPER)
        page.press(STEPPER, "End")
        wait_for_step(page, 3)


def test_not_trusted_the_picture_the_steps_and_the_table_are_readable(saved, chromium, jupyter_lab):  # noqa: F811
    notebook = json.loads(saved.read_text(encoding="utf-8"))
    html = notebook["cells"][0]["outputs"][0]["data"]["text/html"]
    notebook["cells"][0]["outputs"][0]["data"]["text/html"] = ["".join(html), "<p>from a stranger</p>"]
    saved.with_name("stranger.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    with jupyter_lab.open(chromium, "stranger.ipynb") as page:
        page.wait_for_selector("text=from a stranger")
        output = page.locator(".jp-OutputArea-output").first
        assert output.locator("script, svg, style, button").count() == 0
        picture = output.locator("img").evaluate("image => [image.naturalWidth, image.alt]")
        assert picture[0] > 500
        assert picture[1] == "Graph, Variables: 4, Functions: 3"
        steps = output.locator("details")
        assert steps.count() == 3
        steps.nth(0).locator("summary").click()
        assert "gx = dy/db × gy = 2.5681 × 1 = 2.5681" in steps.nth(0).inner_text()
        assert "✓ agrees" in output.locator("table").last.inner_text()
