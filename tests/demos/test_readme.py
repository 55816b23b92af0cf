"""What README and CONTRIBUTING promise: the first three cells, pictures and links, two commands, options, lengths."""

from __future__ import annotations

import re
import tomllib

import pytest

from .notebooks import FOLDER, REPOSITORY, code_cells, read

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
KOREAN = (REPOSITORY / "README.ko.md").read_text(encoding="utf-8")
JAPANESE = (REPOSITORY / "README.ja.md").read_text(encoding="utf-8")
LINKS = {link for text in (README, CONTRIBUTING, KOREAN, JAPANESE) for link in re.findall(r"\]\(([^)]+)\)", text)}


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)\n```$", text, flags=re.MULTILINE | re.DOTALL)


def _section(heading: str, text: str = README) -> str:
    """The text under a heading, up to the next of its kind, as ``.ci/run`` cuts it out."""
    (found,) = re.findall(rf"^## {heading}\n(.*?)(?=^## )", text, flags=re.MULTILINE | re.DOTALL)
    return str(found)


def test_opens_with_the_three_cells_of_the_notebook_that_runs_first() -> None:
    opening = README.partition("\n## ")[0]
    cells = [cell.source for cell in code_cells(read(FOLDER / "en" / "start.ipynb"))]
    assert len(cells) == 3
    assert _blocks(opening, "python") == cells
    assert len(re.findall(r"!\[", opening)) == 5


@pytest.mark.parametrize("link", sorted(LINKS))
def test_what_it_links_to_is_there(link: str) -> None:
    file, _, heading = link.partition("#")
    assert (REPOSITORY / file).exists()
    if heading:
        headings = re.findall(r"^#+ (.+)$", (REPOSITORY / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert heading in {found.lower().replace(",", "").replace(" ", "-") for found in headings}


def test_pictures_are_small_and_drawn_by_the_script() -> None:
    pictures = {path.name: path.stat().st_size for path in (FOLDER / "pictures").iterdir()}
    script = (REPOSITORY / "tests" / "demos" / "draw_pictures.py").read_text(encoding="utf-8")
    assert set(pictures) == set(re.findall(r'"(\w+\.(?:png|webp))"', script))
    assert max(pictures.values()) < 1_000_000


def test_it_can_be_read_in_a_few_minutes() -> None:
    assert len(README.split()) <= 600


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_one_command_installs_everything(heading: str) -> None:
    (command,) = _blocks(_section(heading), "sh")
    assert "\n" not in command
    assert command.startswith("python3 -m venv .venv && ")
    assert "-c requirements.lock" in command


def test_the_command_runs_a_notebook_that_is_there() -> None:
    (command,) = _blocks(_section("Run it"), "sh")
    assert (REPOSITORY / command.split()[-1]).suffix == ".ipynb"
    assert (REPOSITORY / command.split()[-1]).is_file()


def test_extras_that_it_names_exist() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    named = set(re.findall(r"'\.\[(\w+)\]'", README + CONTRIBUTING + KOREAN + JAPANESE))
    assert named <= set(project["project"]["optional-dependencies"])
    assert set(re.findall(r"--group (\w+)", README)) <= set(project["dependency-groups"])


def test_options_are_those_of_the_magic() -> None:
    from ipy_autodiff.shell.magics import AutodiffMagics

    taken = set(re.findall(r"--(\w+)", AutodiffMagics.autodiff.__doc__ or ""))
    rows = re.findall(r"^\| `--.*$", _section("Options", CONTRIBUTING), flags=re.MULTILINE)
    assert set(re.findall(r"--(\w+)", "".join(rows))) == taken


def test_the_engine_is_explained_in_at_most_twenty_lines() -> None:
    (_, engine) = _blocks(_section("How it is built", CONTRIBUTING), "text")
    assert len(engine.splitlines()) <= 20


def test_requirements_are_pinned_and_name_no_place() -> None:
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[\w.+!]+( ; .+)?", line)] == []
    assert [line for line in lines if "://" in line or "@" in line] == []
