"""Print how large graphs fare: time to picture, bytes, and how quickly the page answers to a click and to scrolling.

    python -m tests.benchmarks.bench_large_graphs

Time to picture is counted from the end of the same cell run plainly. With ``python -m`` it needs a Chromium only.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import ipy_autodiff as ad
from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import CallLog, Recorder, record_cell
from ipy_autodiff.views.output import page
from ipy_autodiff.views.output.bundle import mime_bundle
from tests.browser import ARGUMENTS

LSTM = """
rng = np.random.default_rng(0)
W, U = ({gate: ad.Variable(rng.normal(size=(n, 4)) * 0.3) for gate in "fiog"} for n in (3, 4))
b = {gate: ad.Variable(np.zeros(4)) for gate in "fiog"}
h = c = ad.Variable(np.zeros((1, 4)))
for step in range(30):
    x = ad.Variable(rng.normal(size=(1, 3)))
    f = ad.sigmoid(x @ W["f"] + h @ U["f"] + b["f"])
    i = ad.sigmoid(x @ W["i"] + h @ U["i"] + b["i"])
    o = ad.sigmoid(x @ W["o"] + h @ U["o"] + b["o"])
    g = np.tanh(x @ W["g"] + h @ U["g"] + b["g"])
    c = f * c + i * g
    h = o * np.tanh(c)
result = np.sum(h * h)
result.backward()
"""
TANH = """
x = ad.Variable(np.array(1.0))
y = np.tanh(x)
y.backward(create_graph=True)
for order in range(7):
    result = x.grad
    x.cleargrad()
    result.backward(create_graph=True)
result = x.grad
"""
CHAIN = """
x = result = ad.Variable(np.array(0.5))
for step in range(100_000):
    result = np.sin(result)
result.backward()
"""
CELLS = {"LSTM, 30 steps": LSTM, "tanh, 8th derivative": TANH, "chain of 100,000": CHAIN}
REPEATS = 5

SCROLL = """() => new Promise((done) => {
  const frame = document.querySelector(".ad-frame"), times = []
  let last = performance.now(), left = 30
  const turn = (now) => {
    times.push(now - last)
    last = now
    frame.scrollTop += left % 2 ? 40 : -40
    left-- ? requestAnimationFrame(turn) : done(times.slice(2))
  }
  requestAnimationFrame(turn)
})"""
CLICK = """() => new Promise((done) => {
  const start = performance.now()
  document.querySelector(".ad-frame g.folded:not(.closed)").dispatchEvent(new MouseEvent("click", { bubbles: true }))
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)))
})"""


def run(source: str, watched: bool) -> tuple[dict[str, Any], Recorder]:
    """Run a cell, as a notebook would."""
    namespace: dict[str, Any] = {"ad": ad, "np": np, "__name__": "__main__"}
    recorder = Recorder(CallLog(), "<cell>", source)
    code = compile(source, "<cell>", "exec")
    if watched:
        with recorder:
            exec(code, namespace)
    else:
        exec(code, namespace)
    return namespace, recorder


def quickest(call: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that a call takes, the least of three, and what it gives."""
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        result = call()
        taken.append(time.perf_counter() - start)
    return min(taken), result


def picture(source: str, show: tuple[str, ...]) -> tuple[str, int]:
    """The page of a watched cell, and how many Functions it has."""
    namespace, recorder = run(source, watched=True)
    recording = record_cell(recorder, namespace, source, of=namespace["result"])
    assert recording is not None
    with speaking("en"):
        html = mime_bundle(Trace(recording), show, live=False)[0]["text/html"]
    return html, len(recording.graph.functions)


def main() -> None:
    """Print one line for each of the issue's graphs."""
    from playwright.sync_api import sync_playwright

    widths = {"Functions": 32, "picture": 10, "all views": 11, "kB": 7, "page": 9, "click": 9, "frame": 9, "worst": 8}
    print("".join(f"{heading:>{wide}}" for heading, wide in widths.items()))
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for name, source in CELLS.items():
            plain, _ = quickest(partial(run, source, watched=False))
            alone, _ = quickest(partial(picture, source, ("graph",)))
            taken, (html, functions) = quickest(partial(picture, source, ("graph", "steps", "sliders", "check")))
            file = Path(folder) / "page.html"
            file.write_text(page.standalone(name, html), encoding="utf-8")
            drawn, clicks, frames = [], [], []
            for _ in range(REPEATS):
                tab = browser.new_page(viewport={"width": 1240, "height": 900})
                tab.goto(file.as_uri())
                drawn.append(tab.evaluate("performance.timing.domComplete - performance.timing.responseEnd"))
                frames += tab.evaluate(SCROLL)
                clicks.append(tab.evaluate(CLICK))
                tab.close()
            print(
                f"{name:22}{functions:10,}{alone - plain:9.2f}s{taken - plain:10.2f}s{len(html) / 1000:7.0f}"
                f"{statistics.median(drawn):7.0f}ms{statistics.median(clicks):7.0f}ms"
                f"{statistics.median(frames):7.1f}ms{max(frames):6.0f}ms"
            )
        browser.close()


if __name__ == "__main__":
    main()
