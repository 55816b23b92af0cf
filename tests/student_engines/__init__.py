"""Engines as readers of the book write them, sound ones and mistaken ones, with what is true of each."""

from .catalogue import ENGINES, engine
from .mistake import Mistake
from .mistakes import MISTAKES
from .notebook import importable, run
from .student_engine import StudentEngine

__all__ = ["ENGINES", "MISTAKES", "Mistake", "StudentEngine", "engine", "importable", "run"]
