"""Draw a comparison with matplotlib."""

from __future__ import annotations
