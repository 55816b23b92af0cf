"""Run sheets on submissions in a process of its own: what ``workers`` starts, and talks to by lines of JSON.

The process exists because pytest can run only one session at a time, and because a sheet that crashes must take no more
than a chunk of notebooks with it. Submissions run one level further down, in the sandbox.
"""

from __future__ import annotations

import base64
import json
import os
import select
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import pytest

from ipy_autodiff.homework import plugin
from ipy_autodiff.homework.sandbox import Isolation, Limits, Sandbox, SandboxError
from ipy_autodiff.homework.session import Examination, Session, test_name
from ipy_autodiff.homework.submissions import Submission
from ipy_autodiff.messages import speaking

__all__ = ["main"]

_GRACE = 3.0


def main() -> None:
    """Answers each line of standard input with one of standard output, until the input closes."""
    tasks = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    if hasattr(select, "poll"):
        threading.Thread(target=_end_with_the_parent, args=(tasks,), daemon=True).start()
    sandboxes = _Sandboxes()
    try:
        for line in tasks:
            answer = _answer(json.loads(line), sandboxes)
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
    finally:
        sandboxes.close()


def _answer(task: dict[str, Any], sandboxes: _Sandboxes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ipy-autodiff-sheet-") as folder, speaking(task.get("language")):
        path = Path(task["sheet"]["path"])
        hidden = [path.parent, *task.get("hidden", [])]
        for name, text in task["sheet"].get("files", {}).items():
            Path(folder, name).write_text(text, encoding="utf-8")
            path, hidden = Path(folder, path.name), []
        if task["do"] == "collect":
            return _collected(path)
        try:
            sandbox = sandboxes.like(task.get("isolation"), hidden)
        except SandboxError as error:
            return {"no_isolation": str(error)}
        submissions = [
            Submission(one["name"], one["path"], None if one.get("content") is None else base64.b64decode(one["content"]))
            for one in task["submissions"]
        ]
        session = Session(submissions, sandbox, Limits(**task["limits"]), task["seed"])
        run = _Run(session)
        _pytest(path, [], run)
        if run.broken:
            return {"broken": run.broken}
        done = [_record(session.examinations[one.name], sandbox) for one in submissions if one.name in session.examinations]
        return {"isolation": sandbox.isolation, "done": done}


def _collected(path: Path) -> dict[str, Any]:
    """The sheet's tests with their marks, or what pytest says where it cannot be read."""
    session = Session([Submission("one", "one")], None, Limits(), 0)  # type: ignore[arg-type] - nothing is run
    run = _Run(session)
    _pytest(path, ["--collect-only"], run)
    if run.broken:
        return {"broken": run.broken}
    tests = []
    for item in run.items:
        points = item.get_closest_marker("points")
        document = getattr(getattr(item, "obj", None), "__doc__", None) or ""
        tests.append(
            {
                "name": test_name(item.name, "one"),
                "points": float(points.args[0]) if points is not None and points.args else 1.0,
                "hidden": item.get_closest_marker("hidden") is not None,
                "summary": document.strip().partition("\n")[0].strip(),
            }
        )
    return {"tests": tests}


def _pytest(path: Path, options: Sequence[str], run: _Run) -> None:
    """Runs one sheet as pytest would, without the settings and plugins of the folder that happens to lie above it."""
    before = set(sys.modules)
    fixed = ["-q", "--no-header", "--tb=short", "--import-mode=importlib", "-c", os.devnull]
    fixed += ["--rootdir", str(path.parent), "--confcutdir", str(path.parent), "--show-capture=no"]
    fixed += ["-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:junitxml", "-W", "ignore"]
    pytest.main([*fixed, *options, str(path)], plugins=[plugin, run])
    for name in set(sys.modules) - before:  # the sheet itself may have changed when it is run again
        if getattr(sys.modules[name], "__file__", None) in (str(path), str(path.with_name("conftest.py"))):
            del sys.modules[name]


class _Run:
    """What this process wants of a run of pytest: its own session of submissions, the tests, and no end of the sandbox."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.items: list[pytest.Item] = []
        self.broken = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Puts the session where the plugin looks for it."""
        config.stash[plugin.SESSION] = self.session

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A sheet that cannot be imported."""
        if report.failed:
            self.broken += report.longreprtext

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The tests."""
        self.items = session.items

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """The sandbox goes on for the next chunk."""
        del config.stash[plugin.SESSION]


class _Sandboxes:
    """One sandbox, as long as the tasks want the same."""

    def __init__(self) -> None:
        self._wanted: tuple[Any, ...] | None = None
        self._sandbox: Sandbox | None = None

    def like(self, isolation: Isolation | None, hidden: Sequence[str | Path]) -> Sandbox:
        wanted = (isolation, *map(str, hidden))
        if self._sandbox is None or wanted != self._wanted:
            self.close()
            self._sandbox, self._wanted = Sandbox(isolation, hidden), wanted
        return self._sandbox

    def close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None


def _record(examination: Examination, sandbox: Sandbox) -> dict[str, Any]:
    """All that reports are made of."""
    ran = examination.ran
    return {
        "name": examination.submission.name,
        "isolation": sandbox.isolation,
        "seconds": round(examination.seconds, 3),
        "cells": ran.cells,
        "unreadable": ran.unreadable,
        "errors": [[number, kind, text] for number, (kind, text) in sorted(ran.errors.items())[:50]],
        "deaths": [[number, kind] for number, kind in sorted(ran.deaths.items())],
        "stale": ran.stale[:50],
        "output": ran.output[-4000:],
        "tests": [asdict(outcome) for outcome in examination.outcomes.values()],
    }


def _end_with_the_parent(tasks: TextIO) -> None:
    """Ends this process soon after nobody can send it anything any more, in the middle of a test too."""
    poll = select.poll()
    poll.register(tasks, 0)
    poll.poll()
    time.sleep(_GRACE)
    os._exit(1)


if __name__ == "__main__":
    main()
