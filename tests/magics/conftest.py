from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernel import Kernel


@pytest.fixture(scope="module")
def process() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.stop()


@pytest.fixture
def kernel(process: Kernel) -> Kernel:
    """A kernel with an empty namespace and the extension loaded."""
    process.run("%reset -f -s")
    ran = process.run(
        "%reload_ext ipy_autodiff\nget_ipython().run_line_magic('config', 'AutodiffMagics.lang = \"en\"')"
    )
    assert ran.error is None, ran.traceback
    return process
