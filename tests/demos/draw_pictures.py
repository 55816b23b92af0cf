"""Draws the README's pictures from real pages: ``python -m pytest tests/demos/draw_pictures.py`` writes them anew."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ipy_autodiff.homework.command import main
from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.output.bundle import html_page
from ipy_autodiff.views.registry import DEFAULT
from tests.browser import chromium, jupyter_lab, offline_page  # noqa: F401
from tests.tracing.watched import watch

from .notebooks import FOLDER, code_cells, read

PICTURES = FOLDER / "pictures"
OURS = "import numpy as np\nfrom ipy_autodiff import *"
CHAIN, MISTAKE = (cell.source.partition("\n")[2] for cell in code_cells(read(FOLDER / "en" / "start.ipynb"))[1:])
FAN_OUT = "x = Variable(np.array(2.0))\na = square(x)\ny = square(a) + square(a)\ny.backward()"
WIDE = 880
MARGIN = 14
MOST_BYTES = 1_000_000


def page_of(browser: Any, folder: Path, cell: str, show: tuple[str, ...] = DEFAULT) -> Any:
    """A context with the page of this cell, as ``save("trace.html")`` writes it."""
    recording, _, _ = watch(OURS, (cell,))
    assert recording is not None
    with speaking("en"):
        (folder / "page.html").write_text(html_page(Trace(recording), show), encoding="utf-8")
    return offline_page(browser, viewport={"width": WIDE, "height": 900})


def shot(page: Any, low: float | None = None) -> Image.Image:
    """The page's output as an image, as far down as ``low``."""
    box = page.locator("[data-autodiff=view]").bounding_box()
    high = min(box["height"], low - box["y"] if low is not None else box["height"])
    clip = {"x": 0, "y": max(0, box["y"] - MARGIN), "width": WIDE, "height": high + 2 * MARGIN}
    return Image.open(io.BytesIO(page.screenshot(clip=clip, full_page=True))).convert("RGB")


def padded(image: Image.Image, high: int) -> Image.Image:
    """The image on a sheet of this height: steps with fewer lines make a shorter page."""
    sheet = Image.new("RGB", (image.width, high), "white")
    sheet.paste(image)
    return sheet


def write(image: Image.Image, name: str) -> None:
    """As PNG with a palette, which is enough for flat colours."""
    image.quantize(128, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)


def test_stepper(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with page_of(chromium, tmp_path, MISTAKE, ("graph", "steps", "check")) as page:
        page.goto((tmp_path / "page.html").as_uri())
        frames, times = [], []
        stepper = "[data-autodiff=stepper]"
        page.press(stepper, "Home")
        low = 0.0
        count = int(page.get_attribute(stepper, "data-steps"))
        for step in range(count + 1):
            low = max(low, page.eval_on_selector(stepper, "part => part.getBoundingClientRect().bottom + scrollY"))
            if step < count:
                page.press(stepper, "ArrowRight")
        page.press(stepper, "Home")
        for step in range(count + 1):
            page.wait_for_timeout(700)
            frames.append(shot(page, low))
            times.append(2_600 if step in (0, count) else 1_800)
            if step < count:
                page.press(stepper, "ArrowRight")
    high = max(frame.height for frame in frames)
    frames = [padded(frame, high) for frame in frames]
    assert len({frame.tobytes() for frame in frames}) == len(frames)
    path = PICTURES / "stepper.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=times, loop=0, lossless=True, method=6)
    assert path.stat().st_size < MOST_BYTES


def test_quiz(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with page_of(chromium, tmp_path, CHAIN, ("graph", "steps", "check", "quiz")) as page:
        page.goto((tmp_path / "page.html").as_uri())
        page.click(".ad-quiz-box button")
        page.fill(".ad-quiz-box input", "-2.568")
        page.press(".ad-quiz-box input", "Enter")
        page.wait_for_timeout(400)
        box = page.locator(".ad-quiz-box").bounding_box()
        write(shot(page, box["y"] + box["height"]), "quiz.png")


def test_rules(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with page_of(chromium, tmp_path, FAN_OUT, ("rules",)) as page:
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_timeout(400)
        write(shot(page), "rules.png")


def test_sliders(chromium: Any, jupyter_lab: Any) -> None:  # noqa: F811
    setup = "%load_ext ipy_autodiff"
    cell = f"%%autodiff --lang en --show graph,sliders\n{MISTAKE}"
    jupyter_lab.write("picture.ipynb", [setup, cell])
    with jupyter_lab.open(chromium, "picture.ipynb") as page:
        page.set_viewport_size({"width": WIDE + 420, "height": 1400})
        jupyter_lab.run_all(page)
        page.wait_for_selector("path.ad-measured:visible")
        page.wait_for_timeout(1_000)
        picture = page.locator("[data-autodiff=sliders]").screenshot()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    used = np.flatnonzero((np.asarray(image) != 255).any(axis=(0, 2)))
    write(image.crop((0, 0, min(image.width, int(used[-1]) + MARGIN), image.height)), "sliders.png")


def test_feedback(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    solution = FOLDER / "homework" / "solutions" / "step13.ipynb"
    text = solution.read_text(encoding="utf-8")
    right = "return 2 * x * gy"
    assert right in text
    (tmp_path / "submission.ipynb").write_text(text.replace(right, "return 2 * gy"), encoding="utf-8")
    out = tmp_path / "graded"
    assert main(["grade", "dezero:step13", str(tmp_path / "submission.ipynb"), "--out", str(out), "--lang", "en"]) == 0
    with offline_page(chromium, viewport={"width": WIDE, "height": 620}) as page:
        page.goto((out / "feedback" / "submission.html").as_uri())
        page.wait_for_timeout(500)
        write(Image.open(io.BytesIO(page.screenshot())).convert("RGB"), "feedback.png")
