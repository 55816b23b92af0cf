"""Run a sheet by pytest, without the settings and plugins of wherever it lies: ``run_sheet(path, session)``."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest

from ipy_autodiff.homework import plugin
from ipy_autodiff.homework.sheet.session import Session, test_name
from ipy_autodiff.homework.sheet.sheet_file import SheetTest
from ipy_autodiff.messages import LANGUAGES, say

__all__ = ["SheetRun", "run_sheet"]

# Some write files, some take hold of the process, the others only take time at the start and end of each run.
_UNUSED = ("cacheprovider", "faulthandler", "unraisableexception", "threadexception", "doctest", "junitxml",
           "pastebin", "stepwise", "setuponly", "setupplan")  # fmt: skip
_TRANSLATION = re.compile(rf"^\s*({'|'.join(LANGUAGES)}):\s*(\S.*?)\s*$", re.MULTILINE)


class SheetRun:
    """What a run of pytest is to do, as a plugin of its own, and what came of it beside the session's outcomes."""

    def __init__(self, session: Session, chosen: Callable[[SheetTest], bool]) -> None:
        self._session = session
        self._chosen = chosen
        self._left: Counter[str] = Counter()
        self.tests: list[SheetTest] = []
        """The tests that were chosen, in order."""
        self.broken = ""
        """Why the sheet cannot be used, in one sentence."""
        self.began = False
        """Whether its tests could be collected."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Puts the session where the plugin looks for it."""
        config.stash[plugin.SESSION] = self._session

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A sheet that cannot be imported."""
        if report.failed:
            lines = [line[1:].strip() for line in report.longreprtext.splitlines() if line.startswith("E ")]
            reason = (lines or report.longreprtext.strip().splitlines() or ["?"])[-1]
            self.broken = self.broken or say("homework.sheet-import", reason=reason)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Takes out what was not chosen."""
        self.began = True
        chosen: dict[str, SheetTest] = {}
        kept = []
        for item in items:
            self.broken = self.broken or _wrong_points(item)
            test = _sheet_test(item, self._session.identifier_of(item))
            if self._chosen(test):
                chosen[test.name] = test
                kept.append(item)
        self.tests = list(chosen.values())
        names = [self._session.identifier_of(item) for item in kept]
        self._left = Counter(names)
        # Hidden tests last: what one leaves behind (in a file, say) is not to turn up in feedback on another.
        first = {name: place for place, name in reversed([*enumerate(names)])}
        items[:] = sorted(kept, key=lambda item: (first[self._session.identifier_of(item)], _is_hidden(item)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Says when a submission's tests are over."""
        done = yield
        name = self._session.identifier_of(item)
        self._left[name] -= 1
        if not self._left[name]:
            self._session.finished(item)
        return done

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """The session's sandbox goes on after this run."""
        del config.stash[plugin.SESSION]


def run_sheet(
    path: Path,
    session: Session,
    *,
    chosen: Callable[[SheetTest], bool] = lambda _test: True,
    collect_only: bool = False,
) -> SheetRun:
    """Runs the chosen tests of a sheet on the session's submissions. What pytest prints is dropped."""
    run = SheetRun(session, chosen)
    options = ["-q", "--no-header", "--tb=short", "--import-mode=importlib", "-c", os.devnull, "-W", "ignore"]
    options += ["--rootdir", str(path.parent), "--confcutdir", str(path.parent), "--capture=no"]
    options += [word for name in _UNUSED for word in ("-p", f"no:{name}")]
    if collect_only:
        options.append("--collect-only")
    before = set(sys.modules)
    with (
        _no_other_plugins(),
        _no_bytecode(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        try:
            pytest.main([*options, str(path)], plugins=[plugin, run])
        except SystemExit:
            run.broken = run.broken or say("homework.sheet-exit")
    if not run.broken and not run.began:
        run.broken = say("homework.sheet-exit")
    _forget(set(sys.modules) - before, path)
    return run


def _is_hidden(item: pytest.Item) -> bool:
    return item.get_closest_marker("hidden") is not None


def _sheet_test(item: pytest.Item, submission: str) -> SheetTest:
    points = item.get_closest_marker("points")
    document = getattr(getattr(item, "obj", None), "__doc__", None) or ""
    return SheetTest(
        name=test_name(item.name, submission),
        points=float(points.args[0]) if points is not None and points.args and not _wrong_points(item) else 1.0,
        hidden=_is_hidden(item),
        summary=document.strip().partition("\n")[0].strip(),
        translations=dict(_TRANSLATION.findall(document)),
    )


def _wrong_points(item: pytest.Item) -> str:
    """A sentence on a ``points`` mark that holds no number of points."""
    marker = item.get_closest_marker("points")
    if marker is None:
        return ""
    given = marker.args[0] if marker.args else None
    right = isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < float("inf")
    name = getattr(item, "originalname", None) or item.name
    return "" if right else say("homework.sheet-points", test=name, points=repr(given))


def _forget(modules: Sequence[str] | set[str], path: Path) -> None:
    """Lets the sheet be read anew when it is run again: it may have changed."""
    own = (str(path), str(path.with_name("conftest.py")))
    for name in modules:
        if getattr(sys.modules.get(name), "__file__", None) in own:
            del sys.modules[name]


@contextlib.contextmanager
def _no_other_plugins() -> Iterator[None]:
    wanted = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": None, "PYTEST_PLUGINS": None}
    before = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


@contextlib.contextmanager
def _no_bytecode() -> Iterator[None]:
    """A compiled sheet is taken for the same by its size and second: too coarse for one that is being written."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
