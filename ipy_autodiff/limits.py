"""How large a graph may be before a part of its view is left out, folded or shown in another way."""

from __future__ import annotations

HELD_FUNCTIONS = 3_000
"""Held node by node, swept step by step, and run again when a slider moves. A larger graph is swept as a whole."""

STUDIED_FUNCTIONS = 300
"""Asked for local derivatives, searched for changed data, differentiated again and swept by other rules."""

DRAWN_FUNCTIONS = 60
"""Drawn at once. Of a larger graph, parts are boxes that open."""

SHOWN_STEPS = 240
"""Stepped through one by one. Of a longer sweep, the first and the last steps are."""
