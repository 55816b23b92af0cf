"""Make the engine's errors: an exception whose text comes from the catalogue of messages, in the reader's language."""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["explain"]

E = TypeVar("E", bound=BaseException)


def explain(kind: type[E], key: str, /, **blanks: Any) -> E:
    """An exception of this kind that says the engine's sentence ``key`` with its blanks filled."""
    from ipy_autodiff.messages import say  # at the point of use: a computation without mistakes needs no catalogue

    return kind(say(f"engine.{key}", **blanks))
