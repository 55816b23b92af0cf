"""Time a forward and a backward pass against NumPy by hand and against each installed peer.

    pytest tests/benchmarks/bench_engines.py

The table at the end gives ratios to NumPy; compare ratios, not times, and repeat on a machine that does something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.benchmarks.workloads import ENGINES, WORKLOADS

medians: dict[tuple[str, str], float] = {}
CASES = [(workload, engine) for workload in WORKLOADS for engine in ENGINES if workload in ENGINES[engine]]


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    reporter.write_line("")
    reporter.write_line("ratio to NumPy" + "".join(f"{workload:>12}" for workload in WORKLOADS))
    for engine in ENGINES:
        ratios = [
            medians[workload, engine] / medians[workload, "numpy"] if (workload, engine) in medians else None
            for workload in WORKLOADS
        ]
        reporter.write_line(f"{engine:14}" + "".join("           -" if r is None else f"{r:12.2f}" for r in ratios))


@pytest.mark.parametrize(("workload", "engine"), CASES)
def test_speed(benchmark: Any, workload: str, engine: str) -> None:
    benchmark.group = workload
    benchmark(ENGINES[engine][workload])
    medians[workload, engine] = benchmark.stats.stats.median
    benchmark.extra_info["ratio to NumPy"] = medians[workload, engine] / medians[workload, "numpy"]
