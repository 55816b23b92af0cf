"""What all tests share: how they are marked and dealt out to workers, and what counts as a failure in CI."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# How long one example takes depends on what else the machine does.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

HAS_TORCH = importlib.util.find_spec("torch") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, keep together what shares it, and begin with what takes longest."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if "jupyter_lab" in item.fixturenames:
            item.add_marker("lab")
        if "chromium" in item.fixturenames:
            item.add_marker("browser")
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_rank)
    if not HAS_TORCH:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("torch")])
        items[:] = [item for item in items if not item.get_closest_marker("torch")]


def _group(item: pytest.Function) -> str | None:
    """Tests of a group run in one worker: one JupyterLab for all that need it, one kernel for a module that has one."""
    if item.get_closest_marker("lab"):
        return "lab"
    fixtures = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 (not of pytest's public interface)
    shared = any(fixtures[name][-1].scope == "module" for name in item.fixturenames if name in fixtures)
    return item.path.name if shared else None


def _rank(item: pytest.Item) -> int:
    """A long group that starts last would keep one worker busy while the others have nothing left."""
    group = item.get_closest_marker("xdist_group")
    return 2 if group is None else int(group.args != ("lab",))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tests that need PyTorch are not passed over in silence."""
    if not HAS_TORCH:
        terminalreporter.write_line("PyTorch is not installed, so its tests were left out: pip install --group torch")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    failed_as_expected = not getattr(report, "wasxfail", "[NOTRUN]").startswith("[NOTRUN]")
    if os.environ.get("CI") and report.skipped and not failed_as_expected:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but CI has all that it needs: {report.longrepr}"
    return report
