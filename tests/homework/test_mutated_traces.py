"""Answers and traces that were changed at random: each decodes or does not, and what does is drawn soon and small."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.homework.grade.feedback import write_page
from ipy_autodiff.homework.grade.marks import Graded, marks_of
from ipy_autodiff.homework.grade.reports import remark, suspect
from ipy_autodiff.homework.sandbox.protocol import Answer, Answered, Raised, Reply, Report, Swept, Traced
from ipy_autodiff.homework.sandbox.traces import packed_trace
from ipy_autodiff.homework.sandbox.wire import GarbledError, decoded, encoded
from ipy_autodiff.homework.sheet.outcomes import Outcome, Record
from ipy_autodiff.homework.sheet.sheet_file import SheetTest
from ipy_autodiff.homework.sheet.submissions import Submission

ROUNDS = 3000
SECONDS = 2.0
BYTES = 2_000_000
WEIGHTS = (6, 6, 6, 1, 1, 1)  # the fourth is large, the last two are no traces
TESTS = tuple(SheetTest(f"test_{n}", 1.0, hidden=False) for n in range(2))


class Wrong(ad.Function):
    """One that is to blame, so that there is something to say."""

    def forward(self, x: Any) -> Any:
        return x * x

    def backward(self, gy: Any) -> Any:
        return gy


def _traced(y: ad.Variable) -> Traced:
    trace = ad.trace(y)
    return Traced(packed_trace(trace.recording, trace.comparison, trace.blame))


def _answers() -> list[Any]:
    x = ad.Variable(np.array([0.5, 1.5]))
    w = ad.Variable(np.ones((2, 2)))
    long = x
    for _ in range(60):
        long = ad.tanh(long) + x * 0.5
    answers: list[Answer] = [
        _traced(ad.square(ad.exp(ad.square(ad.Variable(np.array(0.5)))))),
        _traced(Wrong()(ad.exp(x) * 2 + x)),
        _traced(ad.sum(ad.tanh(ad.matmul(w, w)) * w)),
        _traced(long),
        Raised("ValueError", ("builtins.ValueError",), "text", 'File "x", line 1'),
        Swept({"x": None}, 1, 1),
    ]
    return [msgspec.to_builtins(Answered("0" * 32, answer)) for answer in answers]


ODD: tuple[Callable[[random.Random], Any], ...] = (
    lambda _: None,
    lambda _: True,
    lambda chance: chance.choice((0, 1, 2, 3, -1, 7, 499, 500, 1999, 2000, 2**31, 2**63 - 1, 2**64, 10**30)),
    lambda chance: chance.choice((0.5, 1e308, -1e-300)),
    lambda chance: chance.choice(("", "x", "\u202e<script>alert(1)</script>", "\0", "가" * 600, "A" * 601, "{x}")),
    lambda chance: chance.choice(("/proc/self/cwd/settings.key", "missing-gy", "check.kink", "homework.score", "A.x")),
    lambda chance: chance.choice(("pass", "fail", "leaf", "output", "cell", "replay", "nobody", "inconclusive")),
    lambda chance: chance.choice(([], {}, [[]], {"": ""})),
    lambda chance: _array(chance),
    lambda chance: [chance.randrange(4) for _ in range(chance.choice((0, 1, 3, 99, 100, 101)))],
)  # fmt: skip


def _array(chance: random.Random) -> dict[str, Any]:
    shape = chance.choice(((), (0,), (3,), (2, 2), (200,), (50, 50), (1,) * 32, (1,) * 33, (2, 0, 5)))
    kind = chance.choice(("<f8", "<f4", "<i8", "|b1", "<c16", "<f2", "|O", ">f8"))
    odd = chance.choice((0.0, np.nan, np.inf, 1e300, -5.5))
    with np.errstate(all="ignore"):
        content = np.full(shape, odd).astype(kind if kind != "|O" else "<f8").tobytes()
    return {"dtype": kind, "shape": list(shape), "data": base64.b64encode(content).decode()}


def _like(value: Any, chance: random.Random) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return chance.choice((0, 1, 2, 3, 5, 8))
        case str():
            text = chance.choice(ODD[4:7])(chance)
            return text if chance.random() < 0.5 else chance.choice((value[:-1], value + "<i>", value * 2))
        case {"dtype": _}:
            return _array(chance)
        case list():
            return value[: chance.randrange(len(value) + 1)] + value[: chance.choice((0, 0, 1, 50))]
    return chance.choice((None, {}, [], 1, "x"))


def _places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every place in a tree of JSON: the container and the key."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found.append((value, key))
        _places(value[key], found)
    return found


def _mutated(answer: Any, chance: random.Random) -> bytes:
    answer = json.loads(json.dumps(answer))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        places = _places(answer, [])
        if not places:
            break
        container, key = chance.choice(places)
        match chance.randrange(-9, 9):
            case kept if kept < 0:
                container[key] = _like(container[key], chance)
            case 0 if isinstance(container, dict):
                del container[key]
            case 1 if isinstance(container, list):
                container += [container[key]] * chance.choice((1, 2, 60, 600))
            case 2:
                other, place = chance.choice(places)
                container[key] = json.loads(json.dumps(other[place]))
            case 3 if isinstance(container[key], str):
                container[key] += chance.choice(("<b>", "\u2028", "]]>", "&amp;", "x" * 300))
            case 4 if isinstance(container, list):
                chance.shuffle(container)
            case 5 if isinstance(container[key], int):
                container[key] += chance.choice((-1, 1, 2))
            case _:
                container[key] = chance.choice(ODD)(chance)
    content = json.dumps(answer).encode()
    if chance.random() < 0.05:
        place = chance.randrange(len(content))
        content = (
            content[:place] + chance.choice((b"", b"\xff", b"[" * 5000, b"\\ud800", b"9" * 4301)) + content[place:]
        )
    return content


def _drawn(answer: Any, page: Path) -> None:
    """Writes the page of a submission both of whose tests failed with this trace."""
    trace = answer.trace if isinstance(answer, Traced) else None
    outcome = Outcome("test_0", "fail", detail="<b>", trace=trace)
    record = Record("key", tests=[outcome, Outcome("test_1", "fail", trace=trace, difference=trace)])
    record = decoded(encoded(record), Record)  # what is kept can be read again
    graded = Graded(Submission("kim", "kim.ipynb"), record, marks_of(TESTS, record.tests))
    write_page(page, graded, "sheet", "en")
    assert remark(graded) == suspect(graded) == ""


def test_none_is_uncaught_and_each_is_drawn_soon(tmp_path: Path) -> None:
    answers = [json.loads(msgspec.json.encode(answer)) for answer in _answers()]
    chance = random.Random(20)
    drawn = pictures = 0
    page = tmp_path / "page.html"
    for _ in range(ROUNDS):
        content = _mutated(chance.choices(answers, WEIGHTS)[0], chance)
        try:
            reply = decoded(content, Reply)
        except GarbledError:
            continue
        if isinstance(reply, Answered) and isinstance(reply.answer, Traced):
            drawn += 1
            begun = time.process_time()
            _drawn(reply.answer, page)
            assert time.process_time() - begun < 2 * SECONDS, content[:2000]  # two pictures
            assert page.stat().st_size < BYTES, content[:2000]
            text = page.read_text(encoding="utf-8")
            assert "<script" not in text.casefold(), content[:2000]
            assert "could not be shown" not in text, content[:2000]
            pictures += "<figure>" in text
    assert drawn > ROUNDS // 10
    assert pictures > drawn // 2


def test_a_page_of_many_pictures_stays_small(tmp_path: Path) -> None:
    tests = tuple(SheetTest(f"test_{n}", 1.0, hidden=False) for n in range(20))
    trace = decoded(msgspec.json.encode(_answers()[3]), Answered).answer.trace
    outcomes = [Outcome(test.name, "fail", detail="&" * 6000, trace=trace) for test in tests]
    graded = Graded(Submission("kim", "kim.ipynb"), Record("key", tests=outcomes), marks_of(tests, outcomes))
    write_page(tmp_path / "page.html", graded, "sheet", "en")
    assert (tmp_path / "page.html").stat().st_size < BYTES
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<article") == len(tests)


@pytest.mark.parametrize("kind", [Reply, Report, Record])
def test_bytes_at_random_do_not_decode(kind: Any) -> None:
    chance = random.Random(7)
    for _ in range(500):
        with pytest.raises(GarbledError):
            decoded(bytes(chance.randrange(256) for _ in range(chance.randrange(60))), kind)
