"""The answer in one line under the graph: what is wrong, by which numbers, what is to blame, and the way to it."""

from ipy_autodiff.views.contract import View

VIEW = View("verdict", __name__, order=2, beside="graph")
