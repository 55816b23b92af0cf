"""Run a sheet with pytest: the ``student`` fixture, the marks ``points`` and ``hidden``, and ``--submission NOTEBOOK``.

pytest loads this module in every run of everybody who has the package installed, so it imports nothing else until a
test asks for ``student``, and does nothing in runs where none does.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ipy_autodiff.homework.sheet.session import Session
    from ipy_autodiff.homework.student.student import Student

__all__ = ["SESSION"]

SESSION: pytest.StashKey[Session] = pytest.StashKey()
"""The submissions of this run. Whoever runs pytest for a purpose of their own puts one there first."""

_PARAMETER = "autodiff_submission"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options for running sheets by hand."""
    group = parser.getgroup("ipy_autodiff", "homework sheets of ipy_autodiff")
    group.addoption(
        "--submission", action="append", metavar="NOTEBOOK", help="run the sheet on this notebook (repeatable)"
    )
    group.addoption("--submission-seconds", type=float, metavar="S", help="wall time of one notebook")
    group.addoption("--submission-memory", type=int, metavar="MB", help="memory of one notebook")
    group.addoption("--submission-seed", type=int, default=0, metavar="N", help="seed of the inputs")
    group.addoption("--submission-isolation", metavar="KIND", help="bubblewrap, namespaces, limits or nbclient")


def pytest_configure(config: pytest.Config) -> None:
    """The marks, with a description."""
    config.addinivalue_line("markers", "points(number): what a test of a homework sheet is worth (1)")
    config.addinivalue_line("markers", "hidden: a test of a homework sheet that students do not see")
    config.addinivalue_line("markers", "own_engine: submissions cannot import ipy_autodiff's Variable and Function")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that speaks to a student is run for every submission."""
    if _PARAMETER not in metafunc.fixturenames:
        return
    session = _session(metafunc.config)
    if metafunc.definition.get_closest_marker("own_engine") is not None:
        session.limits = replace(session.limits, engine=False)
    metafunc.parametrize(_PARAMETER, session.submissions, indirect=True, ids=session.identifiers, scope="session")


@pytest.fixture(scope="session")
def autodiff_submission(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One submission, run once for all its tests."""
    with request.config.stash[SESSION].examined(request.param) as examination:
        yield examination


@pytest.fixture
def student(autodiff_submission: Any, request: pytest.FixtureRequest) -> Iterator[Student]:
    """Speaks to what a student wrote: ``value``, ``gradients``, ``trace``, ``raises``, ``has``, ``source``."""
    with autodiff_submission.student(request.node.originalname or request.node.name) as speaking:
        yield speaking


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps the exception beside the report: a report has only its text."""
    report = yield
    if SESSION in item.config.stash:
        item.config.stash[SESSION].note(item, call, report)
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends what the submissions ran in."""
    if SESSION in config.stash:
        config.stash[SESSION].close()


def _session(config: pytest.Config) -> Session:
    if SESSION not in config.stash:
        from ipy_autodiff.homework.sheet.session import session_of

        config.stash[SESSION] = session_of(config)
    return config.stash[SESSION]
