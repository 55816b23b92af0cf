"""axe-core finds nothing wrong with an output: saved with all its parts, and live with sliders; light and dark."""

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.views.output import page as pages
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.registry import DEFAULT
from tests.browser import chromium, jupyter_lab, offline_page  # noqa: F401
from tests.tracing.watched import watch
from tests.views import traces
from tests.views.check.test_error_pictures import several
from tests.views.explore.test_sliding_in_jupyter import CELL, SETUP, SLIDER, set_slider

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

OPEN_ALL = "() => { for (const one of document.querySelectorAll('.ad-view details')) one.open = true }"


def violations(page):
    """What axe-core finds in our outputs, as a person can look it up."""
    page.evaluate(OPEN_ALL)
    found = axe.Axe().run(page, context=".ad-view").response
    assert len(found["passes"]) > 5
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]
    ]


def long_chain():
    x = ad.Variable(np.array(0.5), name="x")
    y = x
    for _ in range(300):
        y = ad.sin(y) + x
    return Trace(record_variables([y], {"x": x, "y": y}))


def second_derivative():
    cell = "x = Variable(np.array(0.5))\ny = sin(x) * x\ny.backward(create_graph=True)"
    recording, _, _ = watch("import numpy as np\nfrom ipy_autodiff import Variable, sin\n", [cell])
    return Trace(recording)


PAGES = {"wrong": several, "arrays": traces.matrices, "large": long_chain, "derivatives": second_derivative}


MORE = {"wrong": ("rules",), "arrays": ("quiz",)}
SHOWN = [("wrong", "light"), ("wrong", "dark"), ("arrays", "dark"), ("large", "light"), ("derivatives", "dark")]


@pytest.mark.parametrize(("name", "scheme"), SHOWN)
def test_a_saved_page_has_no_violations(chromium, tmp_path, name, scheme):  # noqa: F811
    with speaking("ko" if scheme == "dark" else "en"):
        data, _ = mime_bundle(PAGES[name](), (*DEFAULT, *MORE.get(name, ())), live=False)
        text = pages.standalone("y = f(x)", data["text/html"])
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    with offline_page(chromium, color_scheme=scheme) as page:
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_selector('.ad-drawn [data-autodiff="stepper"]')
        page.focus('[data-autodiff="stepper"]')
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        assert violations(page) == []


def test_a_live_output_with_sliders_has_no_violations(chromium, jupyter_lab):  # noqa: F811
    jupyter_lab.write("accessible.ipynb", [SETUP, CELL])
    with jupyter_lab.open(chromium, "accessible.ipynb") as page:
        jupyter_lab.run_all(page)
        page.wait_for_selector(SLIDER)
        set_slider(page, 1.2)
        page.wait_for_selector('[data-autodiff="anew"]')
        assert violations(page) == []
        page.evaluate("() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
        page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")
        assert violations(page) == []
