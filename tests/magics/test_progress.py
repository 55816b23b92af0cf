"""A check that takes long says how far it is, and can be ended."""

from __future__ import annotations

from tests.kernel import Kernel
from tests.loop_engine import ENGINE

SLOW = ENGINE.replace("return x ** 2", "time.sleep(0.04)\n        return x ** 2")
CELL = "%%autodiff\nx = Variable(np.array(2.0))\ny = square(square(square(x)))\ny.backward()"


def test_what_it_comes_to_takes_the_place_of_the_progress(kernel: Kernel) -> None:
    kernel.run("import time\n" + SLOW)
    ran = kernel.run(CELL)
    assert ran.error is None, ran.traceback
    assert len(ran.displays) == 1
    assert ran.updates >= 1
    assert "Checking" not in ran.text
    assert 'data-verdict="pass"' in ran.html


def test_a_quick_check_says_nothing(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    ran = kernel.run(CELL)
    assert ran.updates == 0
