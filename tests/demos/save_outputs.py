"""Runs demo notebooks and saves what their cells show: ``python -m tests.demos.save_outputs [en/start ...]``.

Without names, every one in every language. Times of the run are left out, so that only what changed differs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat

from .notebooks import FOLDER, LANGUAGES, NAMES, read, run


def save(name: str) -> None:
    """Run the notebook of this name, such as ``en/start``, and write it back."""
    path = FOLDER / f"{name}.ipynb"
    with tempfile.TemporaryDirectory() as folder:
        fresh = run(read(path), Path(folder))
    for cell in fresh.cells:
        cell.metadata.pop("execution", None)
    fresh.metadata.pop("widgets", None)
    nbformat.write(fresh, path)
    print(f"{name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as settings:  # neither a language nor settings of the one who saves
        os.environ.update(LC_ALL="C.UTF-8", LANG="C.UTF-8", IPYTHONDIR=settings)
        os.environ.pop("LANGUAGE", None)
        for each in sys.argv[1:] or [f"{lang}/{name}" for lang in LANGUAGES for name in NAMES]:
            save(each)
