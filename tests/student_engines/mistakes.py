"""All planted mistakes, to parametrise tests over: ``MISTAKES``."""

from __future__ import annotations

from .mistake import Mistake
from .mistakes_in_engines import MISTAKES_IN_ENGINES
from .mistakes_in_functions import MISTAKES_IN_FUNCTIONS
from .mistakes_in_graphs import MISTAKES_IN_GRAPHS
from .mistakes_with_arrays import MISTAKES_WITH_ARRAYS

MISTAKES: tuple[Mistake, ...] = MISTAKES_IN_FUNCTIONS + MISTAKES_WITH_ARRAYS + MISTAKES_IN_ENGINES + MISTAKES_IN_GRAPHS
