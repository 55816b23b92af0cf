"""Every student engine, right or wrong, goes through every view, in every language."""

import contextlib
import io
import re

import pytest

from ipy_autodiff.messages import LANGUAGES, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import CallLog, Recorder, record_cell
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.output.files import WRITERS
from tests.student_engines import ENGINES, MISTAKES, importable
from tests.tracing.watched import run_cell, watch


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_an_engine_is_shown(engine, tmp_path):
    recording, _, _ = watch(engine.source, engine.cells)
    trace = Trace(recording)
    for suffix, write in WRITERS.items():
        write(trace, tmp_path / f"trace{suffix}")
    for language in LANGUAGES:
        with speaking(language):
            data, _ = mime_bundle(trace, live=False)
        assert len(re.findall("<tr data-verdict", data["text/html"])) == len(trace.comparison.rows)
        assert all(f"{name}(" in data["text/plain"] for name in engine.functions)
        assert not engine.functions or re.search(rf"^  {engine.of} ", data["text/plain"], re.MULTILINE)


def watch_to_the_error(source, cells):
    """What there is to show of the last cell, though it may raise."""
    namespace, log = {"__name__": "__main__"}, CallLog()
    with importable(), contextlib.redirect_stdout(io.StringIO()):
        for number, cell in enumerate((source, *cells)):
            recorder, value = Recorder(log, f"<cell {number}>", cell), None
            with contextlib.suppress(Exception):
                value = run_cell(cell, recorder, namespace)
            recording = record_cell(recorder, namespace, cell, value)
    return recording


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_shown_with_its_blame(mistake):
    recording = watch_to_the_error(mistake.source, mistake.cells)
    if recording is None:
        assert mistake.error
        return
    trace = Trace(recording)
    with speaking("en"):
        text = mime_bundle(trace, live=False)[0]["text/plain"]
    for blame in trace.blame:
        assert " ".join(blame.sentence.text("en").split())[:500] in text
