"""The notebooks as a reader finds them before running anything: valid, with outputs, alike in all languages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .notebooks import FOLDER, LANGUAGES, NAMES, code_cells, printed, read, shown, verdicts

EVERY = sorted(FOLDER.rglob("*.ipynb"))
EXECUTED = [FOLDER / lang / f"{name}.ipynb" for lang in LANGUAGES for name in NAMES]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
ABSOLUTE = re.compile(
    r"(?<![\w.:/<+~])/(?:home|Users|usr|opt|tmp|var|root|mnt|work|private)/|~/|\b[A-Z]:\\\w|file://|site-packages"
)


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def _texts(part: Any) -> Iterator[str]:
    """Every text in the notebook's JSON, lines joined, as a reader would see it."""
    if isinstance(part, str):
        yield COLOURS.sub("", part)
    elif isinstance(part, list) and all(isinstance(line, str) for line in part):
        yield COLOURS.sub("", "".join(part))
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _texts(inner)


def test_there_is_one_for_each_of_the_first_ten_steps() -> None:
    assert {"start", *(f"step{number:02}" for number in range(1, 11))} <= set(NAMES)


def test_all_languages_have_the_same_ones() -> None:
    folders = ({path.name for path in (FOLDER / lang).iterdir()} for lang in LANGUAGES)
    assert len({frozenset(names) for names in folders}) == 1


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_no_absolute_path(path: Path) -> None:
    texts = _texts(json.loads(path.read_text(encoding="utf-8")))
    assert [found for text in texts for found in ABSOLUTE.findall(text)] == []


@pytest.mark.parametrize("path", EXECUTED, ids=_name)
def test_saved_with_ids_and_without_the_times_of_a_run(path: Path) -> None:
    notebook = read(path)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert [cell.id for cell in notebook.cells if "execution" in cell.metadata] == []


@pytest.mark.parametrize("path", EXECUTED, ids=_name)
def test_ran_from_top_to_bottom(path: Path) -> None:
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@pytest.mark.parametrize("path", EXECUTED, ids=_name)
def test_errors_are_where_the_tags_say(path: Path) -> None:
    cells = code_cells(read(path))
    raised = {cell.id for cell in cells if any(output.output_type == "error" for output in cell.outputs)}
    tagged = {cell.id for cell in cells if "raises-exception" in cell.metadata.get("tags", ())}
    assert raised == tagged


@pytest.mark.parametrize("path", EXECUTED, ids=_name)
def test_every_autodiff_cell_shows_a_picture(path: Path) -> None:
    cells = [cell for cell in code_cells(read(path)) if cell.source.startswith("%%autodiff")]
    assert cells
    for cell in cells:
        display = shown(cell)[0]  # an error that is explained is so in a second one
        assert 'data-autodiff="view"' in display["text/html"], cell.id
        assert "data:image/svg+xml;base64," in display["text/html"], cell.id
        assert display["text/plain"].strip(), cell.id


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_code_and_verdicts_are_the_same_in_all_languages(lang: str, name: str) -> None:
    first, second = (code_cells(read(FOLDER / each / f"{name}.ipynb")) for each in (LANGUAGES[0], lang))
    assert [cell.id for cell in first] == [cell.id for cell in second]
    load, *rest = zip(first, second, strict=True)
    assert load[1].source == load[0].source + f'\n%config AutodiffMagics.lang = "{lang}"'
    assert [cell.id for cell, other in rest if cell.source != other.source] == []
    assert [cell.id for cell, other in rest if verdicts(cell) != verdicts(other)] == []
    assert [cell.id for cell, other in rest if len(printed(cell)) != len(printed(other))] == []


@pytest.mark.parametrize("path", EXECUTED, ids=_name)
def test_what_is_shown_is_in_the_notebook_s_language(path: Path) -> None:
    pages = [display.get("text/html", "") for cell in code_cells(read(path)) for display in shown(cell)]
    assert {said for page in pages for said in re.findall(r'data-autodiff="view" lang="(\w+)"', page)} == {
        path.parent.name
    }


@pytest.mark.parametrize("path", EXECUTED, ids=_name)
def test_the_code_is_short_enough_to_read(path: Path) -> None:
    for cell in code_cells(read(path)):
        lines = cell.source.splitlines()
        assert max(map(len, lines)) <= 100, cell.id
        if lines[0].startswith("%"):
            lines = [line for line in lines if not line.startswith("%")]
        ast.parse("\n".join(lines))
