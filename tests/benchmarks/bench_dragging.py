"""Measure how often a picture follows a slider that is dragged in JupyterLab: ours, and pictures that are redrawn.

    pytest -s -n0 tests/benchmarks/bench_dragging.py

All in one run, each in the page, from the input event to the changed picture. The peers are `ipywidgets.interact` with
torchviz (needs PyTorch, torchviz and a `dot` program) and with a graphviz picture of values and gradients (`dot` too).
Those that are not installed are named, and left out.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.browser import JupyterLab, chromium, jupyter_lab  # noqa: F401

ROOT = Path(__file__).parents[2]
SECONDS = 4

SETUP = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n%load_ext ipy_autodiff\nimport numpy as np"
LOOP = """
    y = x
    for i in range({count}):
        y = {sin}(y) if i % 3 == 0 else y * w if i % 3 == 1 else {cos}(y)
    y.backward()"""
OURS = """%%autodiff --lang en
from ipy_autodiff import Variable, sin, cos
if True:
    x, w = Variable(np.array(0.5)), Variable(np.array(1.5))"""
TORCHVIZ = """import torch, ipywidgets
from torchviz import make_dot
def show(x):
    x, w = (torch.tensor(value, requires_grad=True, dtype=torch.float64) for value in (x, 1.5))"""
GRAPHVIZ = """import graphviz, ipywidgets
from ipy_autodiff import Variable, sin, cos
def show(x):
    x, w = Variable(np.array(x)), Variable(np.array(1.5))"""
DRAW = """
    dot, todo, seen = graphviz.Digraph(), [y], set()
    while todo:
        variable = todo.pop()
        if variable in seen:
            continue
        seen.add(variable)
        gradient = "" if variable.grad is None else f"{variable.grad:.5g}"
        dot.node(str(id(variable)), f"{variable.data:.5g} | {gradient}", shape="record")
        function = variable.creator
        if function is not None:
            dot.node(str(id(function)), type(function).__name__)
            dot.edge(str(id(function)), str(id(variable)))
            for one in function.inputs:
                dot.edge(str(id(one)), str(id(function)))
                todo.append(one)
    return dot
ipywidgets.interact(show, x=ipywidgets.FloatSlider(value=0.5, min=-0.5, max=1.5, step=0.01))"""


def cells(kind: str, count: int) -> str:
    """The cell that shows a slider and the picture of ``count`` operations."""
    if kind == "ours":
        return OURS + LOOP.format(count=count, sin="sin", cos="cos")
    if kind == "torchviz":
        loop = LOOP.format(count=count, sin="torch.sin", cos="torch.cos")
        show = "\n    return make_dot(y, params=dict(x=x, w=w))\n"
        return TORCHVIZ + loop + show + DRAW.rpartition("\n")[2]
    loop = LOOP.format(count=count, sin="sin", cos="cos").replace("backward()", "backward(retain_grad=True)")
    return GRAPHVIZ + loop + DRAW


def missing(kind: str) -> list[str]:
    """What this kind needs and is not installed."""
    modules = {"ours": (), "torchviz": ("torch", "torchviz"), "graphviz": ("graphviz",)}[kind]
    found = [name for name in modules if importlib.util.find_spec(name) is None]
    return found + (["dot"] if kind != "ours" and shutil.which("dot") is None else [])


# Moves the slider `seconds` long every 8 ms, and counts the frames in which the picture has changed. Then moves it once
# at a time, and measures how long the picture takes to follow.
DRAG = """async ([seconds, ours]) => {
  const area = document.querySelector(".jp-Cell-outputArea:has(.widget-slider, [data-autodiff])")
  const range = ours && area.querySelector('[data-variable="x"] input[type=range]')
  const handle = !ours && area.querySelector(".noUi-handle")
  let turn = 0
  const move = () => {
    const up = Math.floor(turn++ / 90) % 2 === 0
    const key = up ? "ArrowRight" : "ArrowLeft"
    if (!ours) return handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }))
    range.value = Number(range.value) + (up ? 0.01 : -0.01)
    range.dispatchEvent(new Event("input", { bubbles: true }))
  }
  let changed = 0, heard = null
  const picture = ours ? area.querySelector('[data-autodiff="graph"]') : area
  const shows = (node) => node.nodeType === 1 && (node.matches("img, svg") || node.querySelector("img, svg"))
  const watch = new MutationObserver((records) => {
    if (!ours && !records.some((record) => [...record.addedNodes].some(shows))) return
    requestAnimationFrame(() => heard?.(performance.now()))
    changed++
  })
  watch.observe(picture, { childList: true, characterData: true, subtree: true })
  const rest = (ms) => new Promise((go) => setTimeout(go, ms))
  const begin = performance.now()
  let events = 0
  while (performance.now() - begin < seconds * 1000) {
    move()
    events++
    await rest(8)
  }
  const spent = (performance.now() - begin) / 1000
  const perSecond = changed / spent
  let before  // what is still on its way
  do {
    before = changed
    await rest(1500)
  } while (changed !== before)
  const delays = []
  for (let k = 0; k < 15; k++) {
    const asked = performance.now()
    const seen = new Promise((go) => (heard = go))
    move()
    delays.push((await Promise.race([seen, rest(10000).then(() => asked + 10000)])) - asked)
    heard = null
    await rest(400)
  }
  watch.disconnect()
  delays.sort((a, b) => a - b)
  return { perSecond, delay: delays[7], slowest: delays[14], events: events / spent }
}"""

rows: list[tuple[str, int, dict[str, float]]] = []


@pytest.fixture(scope="module", autouse=True)
def table() -> Any:
    """Prints the table when all is measured."""
    yield
    print(f"\n\n{'':12}{'operations':>11}{'updates/s':>11}{'median ms':>11}{'slowest ms':>12}")
    for kind, count, found in rows:
        figures = f"{found['perSecond']:11.1f}{found['delay']:11.0f}{found['slowest']:12.0f}"
        print(f"{kind:12}{count:11}{figures}")


@pytest.mark.parametrize("count", [10, 100])
@pytest.mark.parametrize("kind", ["ours", "torchviz", "graphviz"])
def test_dragging(chromium: Any, jupyter_lab: JupyterLab, kind: str, count: int) -> None:  # noqa: F811
    lacking = missing(kind)
    if lacking:
        pytest.skip(f"{kind} needs {', '.join(lacking)}")
    name = f"{kind}{count}.ipynb"
    jupyter_lab.write(name, [SETUP, cells(kind, count)])
    with jupyter_lab.open(chromium, name) as page:
        jupyter_lab.run_all(page)
        slider = '[data-variable="x"] input[type=range]' if kind == "ours" else ".widget-slider .noUi-handle"
        page.wait_for_selector(slider)
        page.wait_for_selector('[data-autodiff="graph"] svg' if kind == "ours" else ".jp-OutputArea :is(img, svg)")
        page.wait_for_timeout(1500)
        found = page.evaluate(DRAG, [SECONDS, kind == "ours"])
        rows.append((kind, count, found))
    jupyter_lab.shut_down_kernels()
