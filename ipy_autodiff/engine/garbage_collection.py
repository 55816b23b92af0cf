"""Build deep graphs without Python's garbage collector walking all that stands already, again and again.

While a graph grows, every full collection visits the whole of it and finds nothing: a million calls would spend more
time there than computing. ``settle`` moves what is alive into the collector's oldest generation instead, which takes
no time, and runs a full collection of its own each time the graph may have doubled.
"""

from __future__ import annotations

import gc

__all__ = ["INTERVAL", "settle"]

INTERVAL = 1024
"""``settle`` is called at each generation of the graph that is a multiple of this power of two."""

_PATIENCE = 2048
_PYTHONS_OWN = 1000  # Python 3.12 itself freezes a few hundred objects when it starts
_settled = 0


def settle(generation: int) -> None:
    """Spare the collector the graph that stands, which is ``generation`` calls deep."""
    global _settled
    if not gc.isenabled() or gc.get_freeze_count() > _PYTHONS_OWN:  # somebody else is arranging the collector
        return
    gc.freeze()
    gc.unfreeze()
    _settled += 1
    if _settled > max(_PATIENCE, generation // (2 * INTERVAL)):
        _settled = 0
        gc.collect()
