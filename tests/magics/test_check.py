"""``%autodiff_check`` runs a sheet's public tests on the notebook as it stands."""

from __future__ import annotations

from tests.kernel import Kernel

STEP_3 = """
import numpy as np
class Variable:
    def __init__(self, data):
        self.data = data
class Function:
    def __call__(self, input):
        return Variable(self.forward(input.data))
    def forward(self, x):
        raise NotImplementedError
class Square(Function):
    def forward(self, x):
        return x ** 2
class Exp(Function):
    def forward(self, x):
        return np.exp(x)
"""


def test_a_sheet_of_the_book_passes_and_fails(kernel: Kernel) -> None:
    kernel.run(STEP_3)
    assert "✗" not in kernel.run("%autodiff_check dezero:step02").text
    kernel.run(STEP_3.replace("x ** 2", "x * 2"))
    assert "✗" in kernel.run("%autodiff_check dezero:step02").text


def test_language(kernel: Kernel) -> None:
    kernel.run(STEP_3)
    english, korean = (kernel.run(f"%autodiff_check dezero:step02 --lang {code}").text for code in ("en", "ko"))
    assert english != korean


def test_unknown_sheets_and_tests_are_named(kernel: Kernel) -> None:
    for line in ("%autodiff_check nowhere.py", "%autodiff_check dezero:step99", "%autodiff_check dezero:step01 nobody"):
        ran = kernel.run(line)
        assert "UsageError" in ran.stderr + (ran.error or "")
        assert line.split()[-1] in ran.stderr + (ran.error or "")
