"""What one part of an output consists of: what is readable without scripts, plain text, and data for the front end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """One part, under its ``name`` in the page's ``show`` and in the front end's ``PARTS``."""

    name: str
    readable: str = ""
    """HTML that an untrusted notebook keeps: images, tables, ``<details>``, ``style=`` attributes."""
    text: str = ""
    """For a terminal."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """What is added to the front end's data."""
    modules: tuple[str, ...] = ()
    """The front end's files that draw it, ``name.js`` and ``name.css``, without their suffix."""
