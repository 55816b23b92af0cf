"""All sound student engines, to parametrise tests over: ``ENGINES``, or one by its name."""

from __future__ import annotations

from .graph_stages import GRAPH_STAGES
from .one_input_stages import ONE_INPUT_STAGES
from .own_spellings import OWN_SPELLINGS
from .student_engine import StudentEngine

ENGINES: tuple[StudentEngine, ...] = ONE_INPUT_STAGES + GRAPH_STAGES + OWN_SPELLINGS

_BY_NAME = {each.name: each for each in ENGINES}


def engine(name: str) -> StudentEngine:
    """The engine of this name. Raises ``KeyError`` where there is none."""
    return _BY_NAME[name]
