"""Outputs that earlier versions saved still step, alone and beside those of this version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.views.output import page as pages
from ipy_autodiff.views.output.bundle import mime_bundle
from tests.browser import chromium, open_html  # noqa: F401
from tests.views import traces

SAVED = Path(__file__).with_name("saved_by_0_1_0.html").read_text(encoding="utf-8")
STEPPER = '[data-autodiff="stepper"]'


@pytest.mark.parametrize("beside", [False, True])
def test_an_output_of_0_1_0_steps(open_html: Callable[..., Any], beside: bool) -> None:  # noqa: F811
    with speaking("en"):
        new = mime_bundle(traces.composed(), live=False)[0]["text/html"] if beside else ""
        page = open_html(pages.standalone("saved", f'<div class="old">{SAVED}</div><div class="new">{new}</div>'))
    old = page.locator(".old")
    assert old.locator(STEPPER).get_attribute("data-steps") == "3"
    for step in ("1", "2"):
        old.locator('[data-autodiff="next"]').click()
        assert old.locator(STEPPER).get_attribute("data-step") == step
    assert old.locator("g.function.active text").first.text_content() == "Exp"
    assert old.locator("tr[data-verdict]").count() == 1
    if beside:
        page.locator('.new [data-autodiff="last"]').click()
        assert page.locator(f".new {STEPPER}").get_attribute("data-step") == "3"
        assert old.locator(STEPPER).get_attribute("data-step") == "2"
