"""Prints the ratios to NumPy by hand when benchmarks have run."""

from __future__ import annotations

import pytest

medians: dict[tuple[str, str], float] = {}
"""Seconds by workload and engine."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not medians:
        return
    workloads, engines = (list(dict.fromkeys(key[place] for key in medians)) for place in (0, 1))
    terminalreporter.write_line("")
    terminalreporter.write_line("ratio to NumPy" + "".join(f"{workload:>12}" for workload in workloads))
    for engine in engines:
        ratios = [
            f"{medians[workload, engine] / medians[workload, 'numpy']:12.2f}"
            if (workload, engine) in medians
            else f"{'-':>12}"
            for workload in workloads
        ]
        terminalreporter.write_line(f"{engine:14}" + "".join(ratios))
