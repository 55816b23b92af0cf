"""One output in three lives: what is in it, in which order and language, how large it is, and that text stays text."""

import base64
import html.parser
import re
import subprocess
import sys
from typing import Any

import pytest

from ipy_autodiff.front_end import read
from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.output.bundle import html_page, mime_bundle
from tests.loop_engine import ENGINE
from tests.tracing.watched import watch
from tests.views import traces
from tests.views.page_data import data_of

VOID = {"img", "meta", "br"}


class Tags(html.parser.HTMLParser):
    """The elements of a page, and whether they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open: list[str] = []
        self.seen: list[Any] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)


def bundled(trace, **options):
    with speaking(options.pop("language", "en")):
        return mime_bundle(trace, live=False, **options)[0]


def test_a_page_carries_html_and_text_and_needs_no_widget():
    data = bundled(traces.composed())
    assert set(data) == {"text/html", "text/plain"}


def test_the_whole_of_a_small_output_is_small():
    with speaking("ko"):
        data, open_view = mime_bundle(traces.composed(traces.KOREAN))
    view = open_view()
    sent = len(str(data)) + len(str(view.get_state())) + len(str(view.layout.get_state()))
    assert sent < 57_000


def test_the_model_holds_the_step_between_its_ends():
    with speaking("en"):
        _, open_view = mime_bundle(traces.composed())
    view = open_view()
    assert open_view() is view
    seen = []
    view.observe(lambda change: seen.append(change["new"]), "step")
    for step in (2, 99, -3):
        view.step = step
    assert seen == [2, 3, 0]
    with pytest.raises(Exception, match="step"):
        view.step = "two"


@pytest.mark.parametrize(
    "show", [("check",), ("steps", "graph"), ("graph", "steps", "sliders", "check"), ("graph", "graph")]
)
def test_views_stand_in_the_order_asked_for(show):
    data = bundled(traces.composed(), show=show)
    drawn = data_of(data["text/html"])["show"]
    assert [name for name in drawn if name not in ("panel", "verdict")] == list(dict.fromkeys(show))
    headings = {"graph": "Graph, Variables", "steps": "Backward pass,", "check": "Error bound"}
    places = [data["text/plain"].find(headings[name]) for name in show if name in headings]
    assert places == sorted(places)
    assert all((headings[name] in data["text/plain"]) == (name in show) for name in headings)


def test_without_the_check_nothing_is_compared():
    class Unasked:
        recording, graph, steps = (lambda t: (t.recording, t.graph, t.steps))(traces.composed())

        def __getattr__(self, name):
            raise AssertionError(f"{name} was asked for")

    bundled(Unasked(), show=("graph", "steps"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_is_in_the_language_in_force(language):
    data = bundled(traces.wrong_function(), language=language)
    korean = re.findall("[가-힣]+", data["text/plain"])
    assert bool(korean) == (language == "ko")
    assert f'lang="{language}"' in data["text/html"]


@pytest.mark.parametrize("text", traces.HOSTILE)
def test_hostile_texts_make_no_elements(text):
    harmless, hostile = (html_of(traces.hostile(name)) for name in ("name", text))
    ours, theirs = Tags(harmless), Tags(hostile)
    assert {tag for tag, _ in theirs.seen} == {tag for tag, _ in ours.seen}
    names = ({(tag, *sorted(attributes)) for tag, attributes in tags.seen} for tags in (theirs, ours))
    assert next(names) == next(names)
    assert len(theirs.scripts) == 1
    assert "<" not in theirs.scripts[0]
    hostile.encode("utf-8")
    assert len(hostile) < 60_000


@pytest.mark.parametrize("text", traces.HOSTILE)
def test_hostile_texts_leave_the_terminal_alone(text):
    plain = bundled(traces.hostile(text))["text/plain"]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", plain)
    assert max(map(len, plain.splitlines())) < 700


def test_what_the_tracer_found_is_said_once():
    data = bundled(traces.cyclic())
    assert data["text/plain"].count("⚠") == 1
    assert data_of(data["text/html"])["notes"] == ["⚠ " + traces.cyclic().graph.findings[0].why]


def test_the_plain_text_reads_like_the_computation():
    assert bundled(traces.composed())["text/plain"].splitlines()[:5] == [
        "Graph, Variables: 4, Functions: 3",
        "  x  leaf       0.5     grad 3.2974",
        "  a  Square(x)  0.25    grad 3.2974  line 5",
        "  b  Exp(a)     1.284   grad 2.5681  line 6",
        "  y  Square(b)  1.6487  grad 1       line 7",
    ]


def test_korean_columns_are_aligned():
    rows = bundled(traces.composed(traces.KOREAN), language="ko")["text/plain"].splitlines()[1:5]
    from ipy_autodiff.views.text.labels import columns

    assert len({columns(row[: row.index("grad")]) for row in rows}) == 1


@pytest.mark.parametrize("make", [lambda: traces.chain(20_000), lambda: traces.tangled(5_000)])
def test_large_graphs_stay_small_outputs(make):
    data = bundled(make())
    assert len(data["text/html"]) < 300_000
    assert len(data["text/plain"].splitlines()) < 400


def test_a_saved_page_fetches_nothing():
    with speaking("en"):
        page = html_page(traces.matrices(), title="<b>")
    assert [tag for tag, _ in Tags(page).seen].count("title") == 1
    sources = [
        value for _, attributes in Tags(page).seen for name, value in attributes.items() if name in ("src", "href")
    ]
    assert all(source.startswith("data:") for source in sources)
    assert "import " not in Tags(page).scripts[0]


@pytest.mark.parametrize("name", ["page.js", "page_with_all.js"])
def test_a_built_page_may_stand_inside_a_script(name):
    assert "<" not in read(name)


def test_heavy_packages_wait_for_their_use():
    code = "import sys, ipy_autodiff.views.output.bundle, ipy_autodiff.views.output.files; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"graphviz", "pygraphviz", "ipywidgets", "anywidget", "IPython", "matplotlib", "torch"}.isdisjoint(loaded)


def html_of(trace):
    return bundled(trace)["text/html"]


def test_the_wrong_function_carries_both_numbers_and_the_check_leads_to_its_step():
    engine = ENGINE.replace("return 2 * self.input.data * gy", "return 2 * gy")
    recording, _, _ = watch(engine, ("x = Variable(np.array(3.0))\ny = exp(square(x))",))
    page = bundled(Trace(recording))["text/html"]
    (accused,) = data_of(page)["check"]["blame"]
    assert accused["function"] == recording.graph.functions[0].id
    image = next(attributes["src"] for tag, attributes in Tags(page).seen if tag == "img")
    picture = base64.b64decode(image.partition(",")[2]).decode()
    assert "16206.2, should be 48618.5" in picture
    assert "function fail blamed" in picture
    assert "function pass" in picture
