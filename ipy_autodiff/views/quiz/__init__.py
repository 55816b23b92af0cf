"""Ask for each gradient before it is shown, and recognize the misconception behind a wrong answer."""

from ipy_autodiff.views.contract import View

VIEW = View("quiz", __name__, order=7, default=False)
