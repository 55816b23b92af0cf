"""A view is a folder: it is found, asked for, shown; and where it fails, it says so and the others are shown."""

import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.graph import draw
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.registry import DEFAULT, SELECTABLE, VIEWS, chosen
from tests.browser import chromium, open_html  # noqa: F401
from tests.views import traces


def test_the_public_names_of_views_are_there_in_their_order():
    assert DEFAULT == ("graph", "steps", "sliders", "check")
    public = (*DEFAULT, "quiz", "rules")
    assert tuple(name for name in SELECTABLE if name in public) == public


def test_a_view_that_comes_with_another_follows_it():
    assert [view.name for view in chosen(("check", "graph", "steps"))] == [
        "check",
        "graph",
        "verdict",
        "inspect",
        "steps",
    ]


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_gives_a_part(name):
    with speaking("en"):
        part = VIEWS[name].part(traces.matrices(), Wanted(("graph", "steps", "check", name), judged=True, live=True))
    assert isinstance(part, Part)
    if name in (*DEFAULT, "quiz", "rules", "verdict", "inspect"):
        assert part.drawn
    assert name == "sliders" or (part.payload if part.drawn else part.readable)


FAILING = {
    "graph": (draw, "place"),
    "steps": "ipy_autodiff.views.steps.part.tell",
    "inspect": "ipy_autodiff.views.inspect.part.accounts",
    "check": "ipy_autodiff.views.check.part.check",
    "verdict": "ipy_autodiff.views.verdict.part.summary",
}


@pytest.mark.parametrize("name", FAILING)
def test_a_part_that_fails_says_so_in_its_place_and_the_others_are_shown(name, monkeypatch, open_html):  # noqa: F811
    def fails(*_, **__):
        raise RuntimeError("no <b>room</b>")

    target = FAILING[name]
    if isinstance(target, str):
        monkeypatch.setattr(target, fails)
    else:
        monkeypatch.setattr(*target, fails)
    with speaking("en"):
        data, _ = mime_bundle(traces.matrices(), live=False)
    said = f"⚠ The part {name} could not be shown: RuntimeError: no <b>room</b>"
    assert said in data["text/plain"]
    assert "no &lt;b&gt;room" in data["text/html"]
    page = open_html(data["text/html"])
    page.wait_for_selector(".ad-drawn")
    assert page.inner_text(f'[data-part="{name}"]') == said
    for other in {"graph", "stepper", "check"} - {"stepper" if name == "steps" else name}:
        assert page.is_visible(f'.ad-drawn [data-autodiff="{other}"]'), other


def test_a_comparison_that_fails_takes_no_other_view_away():
    class Broken(traces.Trace):
        @property
        def comparison(self):
            raise MemoryError("too much")

    with speaking("en"):
        text = mime_bundle(Broken(traces.composed().recording), live=False)[0]["text/plain"]
    assert "⚠ The part check could not be shown: MemoryError: too much" in text
    assert "Graph, Variables: 4" in text
    assert "Backward pass" in text
