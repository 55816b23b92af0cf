"""Move the leaves' numbers with sliders and see values, gradients and verdicts follow."""

from ipy_autodiff.views.contract import View

VIEW = View("sliders", __name__, order=5)
