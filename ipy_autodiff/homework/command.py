"""Give out and grade homework from the command line: ``ipy-autodiff hand-out`` and ``ipy-autodiff grade``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from ipy_autodiff.messages import LANGUAGES, current_language, say, speaking
from ipy_autodiff.messages.streams import degrading

if TYPE_CHECKING:
    from ipy_autodiff.homework.grade.grading import Grading
    from ipy_autodiff.homework.grade.results import Results

__all__ = ["main"]

Number = TypeVar("Number", int, float)
_INTERRUPTED = 130
_INCOMPLETE = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    The exit status is 0 when all was graded, 1 when some notebooks were not, 130 when interrupted, 2 when it could not
    begin.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    with degrading(sys.stdout), degrading(sys.stderr):
        options = _parser().parse_args([f".{os.sep}{word}" if _looks_like_an_option(word) else word for word in words])
        with speaking(options.lang):
            return int(options.run(options))


def _looks_like_an_option(word: str) -> bool:
    """Whether it is a notebook whose name begins with a dash."""
    return word.startswith("-") and word.endswith(".ipynb") and "=" not in word


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ipy-autodiff", description=say("homework.help"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> Callable[..., None]:
        said = say(f"homework.help-{name}")
        made = commands.add_parser(name, help=said, description=said)
        made.set_defaults(run=run)

        def option(option: str, key: str = "", **settings: object) -> None:
            said = say(f"homework.help-{key or option.lstrip('-').lower()}")
            made.add_argument(option, help=said, **settings)  # type: ignore[arg-type]

        return option

    option = command("grade", _grade)
    option("sheet", metavar="SHEET")
    option("notebooks", metavar="NOTEBOOK", nargs="+")
    option("--out", metavar="DIR", required=True, type=Path)
    option("--jobs", metavar="N", type=_positive(int), default=None)
    option("--timeout", metavar="S", type=_positive(float), default=60.0)
    option("--memory", metavar="MB", type=_positive(int), default=1024)
    option("--scheduler", metavar="ADDRESS")
    option("--seed", metavar="N", type=int)
    option("--gradescope", action="store_true")
    option("--isolation", choices=["bubblewrap", "namespaces", "limits", "nbclient"])
    option("--lang", choices=LANGUAGES)
    option = command("hand-out", _hand_out)
    option("sheet", metavar="SHEET")
    option("notebooks", key="solutions", metavar="NOTEBOOK", nargs="*", type=Path)
    option("--out", key="hand-out-out", metavar="DIR", required=True, type=Path)
    option("--lang", key="hand-out-lang", choices=LANGUAGES)
    return parser


def _positive(kind: type[Number]) -> Callable[[str], Number]:
    def positive(text: str) -> Number:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(say("homework.not-positive", value=text))
        return value

    return positive


def _grade(options: argparse.Namespace) -> int:
    from ipy_autodiff.homework.grade.worker_pool import end_workers, start_workers

    jobs = options.jobs or os.cpu_count() or 1
    several = len(options.notebooks) > 4 or any(Path(name).is_dir() for name in options.notebooks)
    start_workers(jobs if several and not options.scheduler else 1)
    try:
        return _graded(options, jobs)
    finally:
        end_workers()


def _graded(options: argparse.Namespace, jobs: int) -> int:
    from ipy_autodiff.homework.grade.cluster import ClusterError
    from ipy_autodiff.homework.grade.grading import Grading, IsolationError, executor_for
    from ipy_autodiff.homework.grade.results import BusyError, Results, StorageError
    from ipy_autodiff.homework.sandbox.sandbox import Limits
    from ipy_autodiff.homework.sheet.sheet_file import SheetError, find_sheet
    from ipy_autodiff.homework.sheet.submissions import found

    limits = Limits(seconds=options.timeout, memory=options.memory)
    out: Path = options.out
    try:
        folders = {str(out.resolve()), *(str(path.absolute().parent) for path in map(Path, options.notebooks))}
        grading = Grading(find_sheet(options.sheet), (), limits, 0, options.isolation, sorted(folders))
        grading.prepare()
        grading.submissions = submissions = found(options.notebooks, limits.notebook)
        grading.collect()
        _make_room(out)
        with Results(out / "results.jsonl") as results:
            grading.seed = results.seed(options.seed)
            status = 0
            try:
                with executor_for(jobs, options.scheduler, len(submissions), _print_error) as workers:
                    grading.run(results, workers, _Progress(sys.stderr))
            except KeyboardInterrupt:
                status = _INTERRUPTED
            except StorageError as error:
                _refused("stopped", reason=str(error))
                status = _INCOMPLETE
            written = _write(grading, results, options)
            complete = _summary(grading, results, out, interrupted=status == _INTERRUPTED)
            status = status or (0 if written and complete else _INCOMPLETE)
    except SheetError as error:
        return _refused("no-sheet", reason=str(error))
    except IsolationError as error:
        return _refused("no-isolation", reason=str(error))
    except ClusterError as error:
        return _refused("no-start", reason=str(error))
    except BusyError as error:
        return _refused("busy", file=str(error))
    except OSError as error:
        return _refused("no-start", reason=str(error))
    return status


def _hand_out(options: argparse.Namespace) -> int:
    from ipy_autodiff.homework.grade.worker_pool import end_workers
    from ipy_autodiff.homework.hand_out import HandOutError, hand_out
    from ipy_autodiff.homework.sheet.sheet_file import SheetError, find_sheet

    try:
        for one in hand_out(find_sheet(options.sheet), options.notebooks, options.out):
            _print(f"{one.path}: {one.sentence}")
    except SheetError as error:
        return _refused("no-sheet", reason=str(error))
    except (HandOutError, OSError) as error:
        return _refused("no-hand-out", reason=str(error))
    finally:
        end_workers()
    return 0


def _make_room(out: Path) -> None:
    """Makes the folders for what is to be written, before anything is graded. Raises ``OSError``."""
    (out / "feedback").mkdir(parents=True, exist_ok=True)
    grades = out / "grades.csv"
    with open(grades, "ab"):  # noqa: PTH123 - a new one takes its place later
        pass
    if not grades.stat().st_size:
        grades.unlink()


def _write(grading: Grading, results: Results, options: argparse.Namespace) -> bool:
    """Writes the reports, each by itself; says which could not be written, and returns whether all could."""
    from ipy_autodiff.homework.grade.feedback import write_page
    from ipy_autodiff.homework.grade.reports import write_grades, write_gradescope

    out: Path = options.out
    language = options.lang or current_language()
    failed: list[OSError] = []

    def tried(write: Callable[..., None], *arguments: object) -> None:
        try:
            write(*arguments)
        except OSError as error:
            failed.append(error)

    tried(write_grades, out / "grades.csv", grading.sheet.name, grading.tests, grading.graded(results))
    for one in grading.graded(results):
        tried(write_page, out / "feedback" / f"{one.submission.name}.html", one, grading.sheet.name, language)
        if options.gradescope:
            tried(write_gradescope, out / "gradescope", one, language)
    if failed:
        _refused("not-written", reason="; ".join(dict.fromkeys(map(str, failed[:5]))))
    return not failed


def _summary(grading: Grading, results: Results, out: Path, *, interrupted: bool) -> bool:
    """Prints what became of the class; returns whether all is graded."""
    isolations: set[str] = set()
    left, suspects = [], []
    as_root = False
    for one in grading.graded(results):
        if one.status in ("not-run", "lost"):
            left.append(one.submission.name)
        if one.record is not None:
            isolations.add(one.record.isolation or "")
            as_root = as_root or one.record.as_root
            if one.record.suspicions:
                suspects.append(one.submission.name)
    isolation = ", ".join(sorted(filter(None, isolations))) or "-"
    count, every = len(grading.submissions) - len(left), len(grading.submissions)
    key = "homework.interrupted" if interrupted else "homework.done"
    _print(say(key, count=count, all=every, out=out, isolation=isolation))
    for weak in sorted(isolations & {"limits", "nbclient"}):
        _print(say(f"homework.weak-{weak}"))
    if "limits" in isolations and as_root:
        _print(say("homework.weak-root"))
    if suspects:
        _print(say("homework.suspects", names=", ".join(suspects)))
    if left and not interrupted:
        _print(say("homework.not-graded", names=", ".join(left)))
    return not left


def _print(line: str) -> None:
    print(line)  # noqa: T201


def _print_error(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201


def _refused(key: str, **blanks: str) -> int:
    _print_error(say(f"homework.{key}", **blanks))
    return 2


class _Progress:
    """How far it is: one line that changes on a terminal, a line for each tenth elsewhere."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._last = -1

    def __call__(self, done: int, count: int) -> None:
        """``done`` of ``count`` notebooks."""
        if not count:
            return
        line = say("homework.progress", done=done, all=count)
        if self._file.isatty():
            self._file.write(f"\r{line}" + ("\n" if done == count else ""))
        elif (tenth := 10 * done // count) > self._last:
            self._last = tenth
            self._file.write(line + "\n")
        self._file.flush()


if __name__ == "__main__":
    sys.exit(main())
