"""Engines as readers of the book write them, sound ones and mistaken ones, with what is true of each."""

from .catalogue import ENGINES, engine
from .notebook import importable, run
from .student_engine import StudentEngine

__all__ = ["ENGINES", "StudentEngine", "engine", "importable", "run"]
