"""The comparison of backprop's gradients with numerical ones, with verdicts, blame and pictures of the errors."""

from ipy_autodiff.views.contract import View

VIEW = View("check", __name__, order=6)
