"""Look into one Variable: its array, its gradient, what that was added up from, how outputs depend on inputs."""

from ipy_autodiff.views.contract import View

VIEW = View("inspect", __name__, order=3, beside="graph")
