"""Write a file so that nobody ever finds half of it: ``write_whole(path, text)``."""

from __future__ import annotations

import contextlib
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Writes UTF-8 beside the path and puts it in its place. Raises ``OSError``, which names the file."""
    new = path.with_name(path.name + ".new")
    try:
        new.write_text(text, encoding="utf-8", errors="replace", newline="")
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None
