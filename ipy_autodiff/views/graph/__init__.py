"""The computation graph as a picture, as text and as DOT; of a large one, parts that can be opened."""

from ipy_autodiff.views.contract import View

VIEW = View("graph", __name__, order=1)
