"""The sweeps of the book's stages on one graph, side by side."""

from ipy_autodiff.views.contract import View

VIEW = View("rules", __name__, order=8, default=False)
