"""Step through the backward pass: what came in, what went out, what was added to what, and the code that ran."""

from ipy_autodiff.views.contract import View

VIEW = View("steps", __name__, order=4)
