"""Write what students get: the sheet without its hidden tests, and a notebook with blanks for each solution."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ipy_autodiff.homework.grade.grading import Grading
from ipy_autodiff.homework.sandbox.text.cells import UnreadableError
from ipy_autodiff.homework.sheet.blank_notebook import MarkError, blank_notebook
from ipy_autodiff.homework.sheet.public_sheet import public_sheet
from ipy_autodiff.homework.sheet.sheet_file import Sheet
from ipy_autodiff.messages import say

__all__ = ["HandOutError", "HandedOut", "hand_out"]


class HandOutError(Exception):
    """There is something that cannot be handed out; the argument is a sentence for the user."""


@dataclass(frozen=True)
class HandedOut:
    """One file that was written, and a sentence about it."""

    path: Path
    sentence: str


def hand_out(sheet: Sheet, notebooks: Sequence[Path], out: Path) -> list[HandedOut]:
    """Writes into ``out``: the sheet, its ``conftest.py`` as it is, and each notebook. Raises ``HandOutError``.

    The sheet's tests are collected before and after: nothing is written where one that is hidden would be left, or one
    that is not would be missing.
    """
    sources = [sheet.path, sheet.path.with_name("conftest.py"), *notebooks]
    targets = [out / path.name for path in sources]
    if len(set(targets)) < len(targets) or any(target.resolve() in map(Path.resolve, sources) for target in targets):
        raise HandOutError(say("homework.hand-out-same", folder=out))
    public = public_sheet(sheet.path.read_text(encoding="utf-8"), sheet.path.name)
    written = [_blank(path) for path in notebooks]
    done = []
    with tempfile.TemporaryDirectory(prefix="ipy-autodiff-sheet-") as folder:
        tried = Path(folder, sheet.path.name)
        tried.write_text(public.source, encoding="utf-8")
        if sources[1].exists():
            shutil.copyfile(sources[1], tried.with_name("conftest.py"))
        _check(sheet, Sheet(tried))
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tried, targets[0])
    if sources[1].exists():
        shutil.copyfile(sources[1], targets[1])
        done.append(HandedOut(targets[1], say("homework.hand-out-conftest")))
    sentence = say("homework.hand-out-sheet", tests=public.tests, names=", ".join(public.left_out) or "–")
    done.insert(0, HandedOut(targets[0], sentence))
    for target, (content, blanks) in zip(targets[2:], written, strict=True):
        target.write_bytes(content)
        done.append(HandedOut(target, say("homework.hand-out-notebook", blanks=blanks)))
    return done


def _check(sheet: Sheet, public: Sheet) -> None:
    before, after = Grading(sheet, ()), Grading(public, ())
    before.collect()
    after.collect()
    left = {test.name for test in after.tests}
    wrong = sorted(left ^ {test.name for test in before.tests if not test.hidden})
    if wrong:
        raise HandOutError(say("homework.hand-out-hidden", tests=", ".join(wrong)))


def _blank(path: Path) -> tuple[bytes, int]:
    try:
        return blank_notebook(path.read_bytes(), say("homework.blank"))
    except MarkError as error:
        cell, line = error.args
        raise HandOutError(say("homework.hand-out-mark", file=path.name, cell=cell, line=line)) from None
    except UnreadableError as reason:
        raise HandOutError(f"{path.name}: {say(f'homework.unreadable-{reason}')}") from None
    except OSError:
        raise HandOutError(f"{path.name}: {say('homework.unreadable-file')}") from None
