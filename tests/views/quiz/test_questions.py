"""Questions before each step: the truth is accepted, usual mistakes are named, and nothing is given away before."""

import linecache
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipy_autodiff import front_end
from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.output import page as pages
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.quiz.questions import questions
from ipy_autodiff.views.registry import DEFAULT
from tests.browser import chromium, offline_page  # noqa: F401
from tests.loop_engine import ENGINE
from tests.student_engines import ENGINES
from tests.student_engines.notebook import read as engine
from tests.tracing.watched import watch
from tests.views import traces
from tests.views.page_data import data_of

STEPPER, BOX = '[data-autodiff="stepper"]', ".ad-quiz-box"
CELL = "\nx = Variable(np.array(3.0))\na = square(x)\ny = exp(a)\ny.backward()\n"
OURS = "import numpy as np\nfrom ipy_autodiff import *\n"
_QUIZ = Path(front_end.__file__).parent / "quiz"
JUDGE = "\n".join(
    re.sub("^(import .*|export )", "", (_QUIZ / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name in ("calculate.js", "judge.js")
)


def seen(*cells):
    for number, cell in enumerate(cells):
        linecache.cache[f"<cell {number}>"] = (len(cell), None, cell.splitlines(True), f"<cell {number}>")
    return Trace(watch(cells[0], cells[1:])[0])


def asked(trace, language="en"):
    """The questions in order, and the sentences that they refer to."""
    with speaking(language):
        quiz = questions(trace)
    return [question for step in quiz["steps"].values() for question in step], quiz["hints"]


def diagnosed(trace, ask):
    """What is said of each known wrong number, for the question that asks this."""
    found, hints = asked(trace)
    question = next(one for one in found if one["ask"] == ask)
    return {tuple(one["numbers"]): hints[one["hint"]] for one in question["known"]}


@pytest.fixture
def page_of(chromium, tmp_path):  # noqa: F811
    @contextmanager
    def open_page(trace, language="en", **options):
        with speaking(language):
            data = mime_bundle(trace, live=False, show=(*DEFAULT, "quiz"))[0]["text/html"]
            (tmp_path / "page.html").write_text(pages.standalone("quiz", data), encoding="utf-8")
        with offline_page(chromium, **options) as page:
            page.goto((tmp_path / "page.html").as_uri())
            yield page

    return open_page


@pytest.fixture
def judge(chromium):  # noqa: F811
    """What the front end makes of an answer."""
    source = f"([question, text]) => {{{JUDGE}; return judge(question, text)}}"
    with offline_page(chromium) as page:
        yield lambda question, text: page.evaluate(source, [question, text])


def test_what_goes_out_is_asked_with_all_that_it_takes():
    found, hints = asked(seen(ENGINE, CELL))
    assert [question["ask"] for question in found] == ["What goes out to a?", "What goes out to x?"]
    first, second = found
    assert [tuple(line.values()) for line in first["given"]] == [
        ("Came in from y", "gy = 1"),
        ("Input", "a = 9"),
        ("Output", "y = 8103.1"),
    ]
    assert second["truth"] == [pytest.approx(6 * first["truth"][0])]
    assert (second["answer"], second["wrong"]) == ("gx = 48618.5", "")
    assert hints[second["hints"][1]] == "The derivative of Square is 6 here."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_backward_that_is_wrong_does_not_make_the_truth(language):
    wrong = ENGINE.replace("return 2 * self.input.data * gy", "return 2 * gy")
    question = asked(seen(wrong, CELL), language)[0][1]
    assert question["truth"] == [pytest.approx(48618.5035654)]
    assert "16206.2" in question["wrong"]
    assert "Square.backward" in question["wrong"]


def test_usual_mistakes_are_known_by_their_numbers():
    cell = "x, w = Variable(np.array(3.0)), Variable(np.array(5.0))\ny = x * w\nz = square(y)\nz.backward()"
    square = diagnosed(seen(OURS, cell), "What goes out to y?")
    assert {number: said.split(".")[0] for (number,), said in square.items()} == {
        -30.0: "The size is right, the sign is not",
        1.0: "This is gy as it came in; the derivative of Square itself is missing",
        2.0: "This leaves out y",
        450.0: "This contains the output where the input y should be",
        15.0: "This is 0",
        60.0: "This is 2 times the answer",
        225.0: "This is the value of z, not a gradient",
    }
    product = diagnosed(seen(OURS, cell), "What goes out to x?")
    assert product[5.0,].startswith("This is the derivative of Mul itself; gy, which came in, is missing.")
    assert product[90.0,].startswith("This is the gradient for the other input.")
    assert "w" in product[750.0,]


def test_a_share_that_is_forgotten_is_known():
    source = engine("step14_fan_out")[0]
    trace = seen(source, "x = Variable(np.array(3.0))\ny = add(x, x)\nz = add(y, x)\nz.backward()")
    found, hints = asked(trace)
    last = found[-1]
    assert last["ask"] == "What is x.grad after this call?"
    assert (last["truth"], last["answer"]) == ([3.0], "x.grad = 3")
    assert [hints[one["hint"]].split(".")[0] for one in last["known"]] == [
        "This is the new contribution alone",
        "This is what was there before",
    ]
    assert [question["ask"] for question in found[2:4]] == [
        "What goes out to x, as input 0?",
        "What goes out to x, as input 1?",
    ]


def test_matrices_and_broadcasts_have_mistakes_of_their_own():
    cell = (
        "x, w = Variable(np.array([[1.0, 2.0], [3.0, 5.0]])), Variable(np.array([[1.0, -2.0], [0.5, 3.0]]))\n"
        "b = Variable(np.array([1.0, 2.0]))\ny = x @ w + b\nz = np.sum(y * y)\nz.backward()"
    )
    trace = seen(OURS, cell)
    said = diagnosed(trace, "What goes out to w?").values()
    assert any(text.startswith("This is what you get when a transpose is missing") for text in said)
    said = diagnosed(trace, "What goes out to b?").values()
    assert any(text.startswith("This is a single contribution: b was used for several elements.") for text in said)
    assert any(text.startswith("This is the mean of the contributions.") for text in said)


def test_of_a_large_array_one_element_is_asked_for():
    cell = "x = Variable(np.linspace(-1, 1, 3000).reshape(50, 60))\ny = np.tanh(x)\nz = np.sum(y)\nz.backward()"
    (question,) = asked(seen(OURS, cell))[0]
    assert question["ask"].startswith("What goes out to x[")
    assert len(question["truth"]) == 1
    assert question["names"].keys() == {"gy", "x", "y"}
    assert question["given"][1]["text"].startswith("x[")


@pytest.mark.parametrize(
    "cell",
    [
        "x = Variable(np.array(0.0))\ny = relu(x)\ny.backward()",
        "x = Variable(np.ones((60, 60)))\ny = np.sum(x @ x)\ny.backward()",
        "x = Variable(np.array(1.0))\ny = x\nfor _ in range(300):\n    y = np.sin(y)\ny.backward()",
    ],
)
def test_what_cannot_be_answered_is_not_asked(cell):
    found = asked(seen(OURS, cell))[0]
    assert all(question["ask"] != "What goes out to x?" for question in found)


def test_functions_that_draw_are_not_asked_about():
    noisy = ENGINE.replace("return x ** 2", "self.mask = np.random.rand() < 0.5\n        return x ** 2 * self.mask")
    assert [question["ask"] for question in asked(seen(noisy, CELL))[0]] == ["What goes out to a?"]


def test_traces_that_cannot_be_run_again_ask_nothing():
    for trace in (traces.composed(), traces.cyclic(), traces.matrices()):
        assert questions(trace)["steps"] == {}


def test_no_engine_of_the_books_stages_contradicts_the_truth():
    numbers = 0
    for one in ENGINES:
        for question in asked(Trace(watch(one.source, one.cells, one.of)[0]))[0]:
            assert question["wrong"] == "", (one.name, question)
            numbers += 1
    assert numbers > 100


UNARY = [
    "np.exp({})",
    "np.sin({})",
    "np.tanh({})",
    "square({})",
    "{} * 2.0",
    "-{}",
    "np.cos({})",
    "{} / 3.0",
    "relu({})",
]
BINARY = ["{} + {}", "{} * {}", "{} - {}", "np.maximum({}, {})"]


@st.composite
def programs(draw):
    """A cell of up to six operations on a few Variables of one shape."""
    shape = draw(st.sampled_from(["()", "(2,)", "(2, 3)", "(1, 1)"]))
    names = ["x", "w"]
    lines = [
        f"x = Variable(np.asarray(np.random.default_rng({draw(st.integers(0, 99))}).normal(size={shape}).round(2)))",
        f"w = Variable(np.asarray(np.random.default_rng({draw(st.integers(0, 99))}).normal(size={shape}).round(2)))",
    ]
    for number in range(draw(st.integers(1, 6))):
        pattern = draw(st.sampled_from(UNARY + BINARY))
        operands = [draw(st.sampled_from(names)) for _ in range(pattern.count("{}"))]
        lines.append(f"t{number} = {pattern.format(*operands)}")
        names.append(f"t{number}")
    return "\n".join([*lines, f"y = np.sum({names[-1]})", "y.backward()"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(programs())
def test_the_truth_is_accepted_as_the_answer_and_no_known_mistake_is(judge, cell):
    for question in asked(seen(OURS, cell))[0]:
        assert question["wrong"] == ""
        shown = question["answer"].partition(" = ")[2]
        assert judge(question, shown) == {"verdict": "right"}
        for numbers, place in (one.values() for one in question["known"]):
            text = ", ".join(map(str, numbers))
            if len(set(numbers)) > 1 or len(numbers) == 1:
                assert judge(question, text)["verdict"] == "known", (question, text, place)


def gradients(page):
    return page.eval_on_selector_all("svg.ad-svg .grad", "all => all.map(text => text.textContent)")


def test_nothing_is_given_away_before_its_time(page_of):
    wrong = ENGINE.replace("return 2 * self.input.data * gy", "return 2 * gy")
    with page_of(seen(wrong, CELL)) as page:
        assert set(gradients(page)) == {""}
        for secret in ("8103.08", "16206", "48618"):
            assert secret not in page.inner_text("body")
            titles = page.eval_on_selector_all("svg title", "all => all.map(title => title.textContent).join()")
            assert secret not in titles
        assert not page.is_visible('[data-autodiff="check"]')
        assert page.locator("svg .fail").count() == 0
        page.press(STEPPER, "End")
        assert page.inner_text(BOX) == "An earlier question is still open.\n\nGo to the open question"
        page.keyboard.press("Enter")
        assert page.get_attribute(STEPPER, "data-step") == "1"
        assert "Exp.backward" not in page.inner_text(".ad-sources")


def test_by_keyboard_alone_to_the_score(page_of):
    wrong = ENGINE.replace("return 2 * self.input.data * gy", "return 2 * gy")
    with page_of(seen(wrong, CELL)) as page:
        page.focus(STEPPER)
        page.keyboard.press("ArrowRight")
        assert page.get_by_label("What goes out to a?").evaluate("input => input === document.activeElement")
        page.keyboard.type("9")
        page.keyboard.press("Enter")
        assert page.inner_text(f"{BOX} .ad-why").startswith("✗ This contains the input a where the output")
        page.keyboard.press("ArrowLeft")
        assert page.get_attribute(STEPPER, "data-step") == "1"
        page.keyboard.press("Control+a")
        page.keyboard.type("gy * exp(a)")
        page.keyboard.press("Enter")
        assert "✓ Right: gx = 8103.08" in page.inner_text(BOX)
        assert gradients(page) == ["", "8103.1", "1"]
        assert "gx = dy/da × gy = 8103.1 × 1 = 8103.1" in page.inner_text(STEPPER)
        page.keyboard.press("Enter")
        page.keyboard.type("2*x*gy")
        page.keyboard.press("Enter")
        said = page.inner_text(BOX)
        assert "But Square.backward returns 16206.2: it contradicts its own forward." in said
        assert "Right at the first attempt: 1 of 2" in said
        assert page.is_visible('[data-autodiff="check"]')
        assert gradients(page) == ["16206", "8103.1", "1"]
        assert "grad 16206" in page.locator("svg title").all_text_contents()[0]


def test_hints_help_and_the_answer_can_be_shown(page_of):
    with page_of(seen(ENGINE, CELL), "ko") as page:
        page.click("text=시작")
        page.click("text=힌트")
        first = page.inner_text(f"{BOX} .ad-tip")
        page.click("text=힌트")
        assert page.inner_text(f"{BOX} .ad-tip") == "여기에서 Exp의 미분은 8103.08입니다."
        assert first.startswith("연쇄 법칙")
        page.click("text=답 보기")
        assert "답: gx = 8103.08" in page.inner_text(BOX)
        page.click("text=계속")
        page.keyboard.type("여섯")
        page.keyboard.press("Enter")
        assert page.inner_text(f"{BOX} .ad-tip").startswith("숫자로 읽을 수 없습니다.")
        page.keyboard.press("Control+a")
        page.keyboard.type("48618.5")
        page.keyboard.press("Enter")
        assert "한 번에 맞힌 문제: 2개 중 1개" in page.inner_text(BOX)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_a_question(page_of, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    wrong = ENGINE.replace("return np.exp(self.input.data) * gy", "return gy")
    with page_of(seen(wrong, CELL), color_scheme=scheme) as page:
        for act in ("text=Begin", "text=Hint", "text=Answer", "text=Show the answer"):
            page.click(act)
            assert axe.Axe().run(page, context=".ad-view").response["violations"] == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (400, "light")])
def test_questions_fit_the_page(page_of, width, scheme):
    cell = "x = Variable(np.ones((3, 4)))\nW = Variable(np.ones((4, 2)))\ny = np.sum(x @ W)\ny.backward()"
    with page_of(seen(OURS, cell), viewport={"width": width, "height": 700}, color_scheme=scheme) as page:
        page.click("text=Begin")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator(f"{BOX} input").bounding_box()["width"] > 120


def named(text):
    """A trace in which everything is called this."""
    trace = seen(ENGINE, CELL)
    for node in (*trace.graph.variables, *trace.graph.functions):
        object.__setattr__(node, "name", text)
    return trace


@pytest.mark.parametrize("text", traces.HOSTILE)
def test_hostile_names_stay_text(text):
    with speaking("en"):
        html = mime_bundle(named(text), live=False, show=(*DEFAULT, "quiz"))[0]["text/html"]
    assert "<" not in html.partition('<script type="module">')[2].partition("</script>")[0]
    assert len(data_of(html)["quiz"]["steps"]) == 2
    html.encode("utf-8")
    assert len(html) < 80_000


@pytest.mark.parametrize("text", traces.HOSTILE[:3])
def test_hostile_names_run_no_script(page_of, text):
    with page_of(named(text)) as page:
        page.press(STEPPER, "ArrowRight")
        page.keyboard.type("7")
        page.keyboard.press("Enter")
        assert "✗" in page.inner_text(BOX)
        page.click("text=Show the answer")
        assert page.evaluate("document.scripts.length") == 1


def test_where_nothing_can_be_asked_the_stepper_is_as_always(page_of):
    with page_of(traces.composed()) as page:
        assert page.is_visible('[data-autodiff="play"]')
        page.press(STEPPER, "End")
        assert page.is_visible('[data-autodiff="check"]')
        assert "Went out to x" in page.inner_text(STEPPER)
