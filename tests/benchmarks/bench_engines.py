"""Time a forward and a backward pass against NumPy by hand and against each installed peer.

    pytest tests/benchmarks/bench_engines.py

The table at the end gives ratios to NumPy; compare ratios, not times, and repeat on a machine that does something else.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.conftest import medians
from tests.benchmarks.workloads import ENGINES, WORKLOADS

CASES = [(workload, engine) for workload in WORKLOADS for engine in ENGINES if workload in ENGINES[engine]]


@pytest.mark.parametrize(("workload", "engine"), CASES)
def test_speed(benchmark: Any, workload: str, engine: str) -> None:
    benchmark.group = workload
    benchmark(ENGINES[engine][workload])
    medians[workload, engine] = benchmark.stats.stats.median
    benchmark.extra_info["ratio to NumPy"] = medians[workload, engine] / medians[workload, "numpy"]
