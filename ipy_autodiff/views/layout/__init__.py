"""Place boxes in layers and draw the curves between them, from sizes alone: a text's metrics are the caller's.

Own code, for no library that lays out boxes of different sizes has a wheel for each machine that the package runs on:
igraph takes no sizes and fast-sugiyama draws no edges, and neither has wheels for free-threaded builds and for
Pyodide; grandalf is no longer kept up; Graphviz's wheels need X11 and GLib.
"""

from ipy_autodiff.views.layout.place import place
from ipy_autodiff.views.layout.shapes import Curve, Layout, Point, Size

__all__ = ["Curve", "Layout", "Point", "Size", "place"]
