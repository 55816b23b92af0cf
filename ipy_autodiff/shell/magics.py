"""The magics: ``%%autodiff`` runs a cell and shows its differentiation, ``%autodiff y`` shows that of what exists.

Parse, run, trace, show: the parts are elsewhere (``cell``, ``tracing``, ``gradcheck``, ``views``), joined here.
"""

from __future__ import annotations

import logging
import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments
from traitlets import Bool, List, Unicode, observe, validate

from ipy_autodiff.designs import NotRead
from ipy_autodiff.designs.reading import class_name, is_variable
from ipy_autodiff.messages import LANGUAGES, current_language, prefer, say, speaking
from ipy_autodiff.messages.streams import degrading
from ipy_autodiff.shell.cell import Outcome, PreparedCell, TopLevelAwait, computes, plain_error, prepare, run
from ipy_autodiff.shell.completion import matcher
from ipy_autodiff.shell.links import Links
from ipy_autodiff.shell.options import Settings, checked, parse_compare, parse_lang, parse_show, parse_slider, parsed
from ipy_autodiff.shell.progress import Progress
from ipy_autodiff.shell.showing import show
from ipy_autodiff.shell.supplied_names import said_of, supplied
from ipy_autodiff.tracing import CallLog, NotInGraph, Recorder, Recording, record_cell, record_variables
from ipy_autodiff.views.registry import DEFAULT

if TYPE_CHECKING:
    from ipy_autodiff.views.output.shown_trace import ShownTrace

__all__ = ["AutodiffMagics", "load", "unload"]


@magics_class
class AutodiffMagics(Magics):
    """The settings of the autodiff magics: what an option says for one cell, a setting says for all."""

    show = Unicode(",".join(DEFAULT), help=say("magic.help-show")).tag(config=True)
    of = Unicode("", help=say("magic.help-of")).tag(config=True)
    wrt = Unicode("", help=say("magic.help-wrt")).tag(config=True)
    slider = List(Unicode(), help=say("magic.help-slider")).tag(config=True)
    compare = Unicode("", help=say("magic.help-compare")).tag(config=True)
    quiz = Bool(False, help=say("magic.help-quiz")).tag(config=True)
    rules = Bool(False, help=say("magic.help-rules")).tag(config=True)
    static = Bool(False, help=say("magic.help-static")).tag(config=True)
    lang = Unicode("", help=say("magic.help-lang", known=", ".join(LANGUAGES))).tag(config=True)

    def __init__(self, shell: Any, engine: Any) -> None:
        super().__init__(shell)
        self._engine = engine
        self._log = CallLog()
        self._links = Links()
        self.matcher = matcher(shell)

    @validate("show")
    def _check_show(self, proposal: Any) -> str:
        return checked(parse_show, proposal["value"])

    @validate("lang")
    def _check_lang(self, proposal: Any) -> str:
        return checked(parse_lang, proposal["value"])

    @observe("lang")
    def _speak(self, change: Any) -> None:
        prefer(change["new"] or None)

    @validate("compare")
    def _check_compare(self, proposal: Any) -> str:
        return checked(parse_compare, proposal["value"])

    @validate("slider")
    def _check_slider(self, proposal: Any) -> list[str]:
        for text in proposal["value"]:
            checked(parse_slider, text)
        return list(proposal["value"])

    @magic_arguments()
    @argument("name", nargs="*", metavar="NAME", help=say("magic.help-name"))
    @argument("--show", help=say("magic.help-show"))
    @argument("--of", help=say("magic.help-of"))
    @argument("--wrt", help=say("magic.help-wrt"))
    @argument("--slider", action="append", help=say("magic.help-slider"))
    @argument("--compare", help=say("magic.help-compare"))
    @argument("--quiz", action="store_true", help=say("magic.help-quiz"))
    @argument("--rules", action="store_true", help=say("magic.help-rules"))
    @argument("--lang", help=say("magic.help-lang", known=", ".join(LANGUAGES)))
    @no_var_expand
    @line_cell_magic
    def autodiff(self, line: str, cell: str | None = None) -> None:
        """Run a cell and show its computation graph, its backward pass and its gradients, checked.

        In front of a cell, %%autodiff runs it once, exactly as a plain cell runs, and then shows what it computed.
        With a NAME the Trace is bound to it. On one line, %autodiff y shows the same for a Variable that exists.
        Both only look: no Variable's data, gradient or graph is changed. Any engine works: an object with .data and
        .creator is a Variable, one with forward, backward and its inputs and outputs a Function.
        """
        options = parsed(self.autodiff, line)
        with speaking(parse_lang(options.lang or self.lang) or None):
            settings = Settings(
                show=self._views(options),
                of=options.of or self.of,
                wrt=tuple(name.strip() for name in (options.wrt or self.wrt).split(",") if name.strip()) or None,
                sliders=tuple(parse_slider(text) for text in options.slider or self.slider),
                compare=parse_compare(options.compare or self.compare),
            )
            if cell is None:
                self._show_existing(options.name, settings)
            else:
                self._run_and_show(line, cell, options.name, settings)

    @magic_arguments()
    @argument("sheet", help=say("magic.help-sheet"))
    @argument("tests", nargs="*", help=say("magic.help-tests"))
    @argument("--lang", help=say("magic.help-lang", known=", ".join(LANGUAGES)))
    @no_var_expand
    @line_magic
    def autodiff_check(self, line: str) -> None:
        """Run a sheet's public tests on the notebook as it stands, and say what passed, what did not, and why."""
        options = parsed(self.autodiff_check, line)
        language = parse_lang(options.lang or self.lang) or None
        with speaking(language):
            try:
                from ipy_autodiff.homework.notebook import check
            except ModuleNotFoundError as error:
                raise UsageError(say("magic.homework", package=error.name)) from None
            try:
                result = check(self.shell, options.sheet, options.tests, language)
            except LookupError as error:
                raise UsageError(str(error.args[0] if error.args else error)) from None
        show(result)

    def _views(self, options: Any) -> tuple[str, ...]:
        """The views that are wanted; an option that is named after one adds it."""
        added = [name for name in ("quiz", "rules") if getattr(options, name) or getattr(self, name)]
        return tuple(dict.fromkeys((*parse_show(options.show or self.show), *added)))

    def _run_and_show(self, line: str, body: str, names: list[str], settings: Settings) -> None:
        if len(names) > 1 or (names and not names[0].isidentifier()):
            raise UsageError(say("magic.name", name=" ".join(names)))
        shell: Any = self.shell
        try:
            cell = prepare(shell, f"%%autodiff {line}".rstrip(), body)
        except TopLevelAwait:
            raise UsageError(say("magic.await")) from None
        except SyntaxError as error:
            with plain_error(shell, Outcome(error=error), ""):
                return
        added = supplied(cell.tree, shell.user_ns, self._engine)
        shell.user_ns.update(added)
        recorder = Recorder(self._log, cell.filename, cell.source)
        outcome = run(shell, cell, recorder)
        with plain_error(shell, outcome, cell.filename):
            self._show_cell(cell, recorder, outcome, names, settings, said_of(added))

    def _show_cell(
        self,
        cell: PreparedCell,
        recorder: Recorder,
        outcome: Outcome,
        names: list[str],
        settings: Settings,
        remarks: list[str],
    ) -> None:
        namespace = self.shell.user_ns
        of, wrt, complaint = None, settings.wrt, ""
        failed = outcome.error is not None
        of_tensors = [str(remark) for remark in recorder.tensors.remarks]
        remarks = [*remarks, *of_tensors]
        try:
            of = self._variable(settings.of) if settings.of else None
        except UsageError as error:
            complaint = str(error)
        with self._faults_named(), self._progress() as progress:
            if recorder.fault is not None:
                raise recorder.fault
            try:
                recording = record_cell(recorder, namespace, cell.source, outcome.value, of, wrt, failed)
            except NotInGraph as error:
                complaint = _not_in_graph(error)
                recording = record_cell(recorder, namespace, cell.source, outcome.value, of, None, failed)
            except NotRead as error:
                complaint = say("trace.not-read", kind=error.kind, seen=error.seen)
                recording = None
            if recording is not None:
                trace = self._trace(recording, settings, progress, outcome.error)
                if names and is_variable(namespace.get(names[0])):
                    remarks.append(say("magic.name-taken", name=names[0]))
                elif names:
                    namespace[names[0]] = trace
                self._show(trace, settings, progress, outcome.seconds, remarks)
            if outcome.error is not None and (recording is None or "check" not in settings.show):
                self._explain(outcome.error)
            elif recording is None and not complaint and (remarks or names or computes(cell.tree, namespace)):
                looked_for = (names or computes(cell.tree, namespace)) and not of_tensors
                missing = [say("magic.no-variable")] if looked_for else []
                self._notice(" ".join([*missing, *remarks]))
        if complaint and outcome.error is None:
            raise UsageError(complaint)

    def _explain(self, error: BaseException) -> None:
        """Say what is behind an error that readers of the book meet on their way, where that is known."""
        from ipy_autodiff.gradcheck.blame.find_blame import blame_error

        blame = blame_error(error)
        if blame is not None:
            self._notice(f"{blame.why} {blame.hint}")
        elif isinstance(error, NameError) and error.name in getattr(self._engine, "__all__", ()):
            self._notice(say("magic.own-engine", name=error.name))

    def _show_existing(self, names: list[str], settings: Settings) -> None:
        if not names:
            raise UsageError(say("magic.which"))
        outputs = [self._variable(name) for name in names]
        with self._progress() as progress:
            try:
                recording = record_variables(outputs, self.shell.user_ns, self._log, settings.wrt)
            except NotInGraph as error:
                raise UsageError(_not_in_graph(error)) from None
            with self._faults_named():
                self._show(self._trace(recording, settings, progress), settings, progress)

    @contextmanager
    def _progress(self) -> Iterator[Progress]:
        progress = Progress(wanted=_someone_watches(self.shell))
        with progress:
            yield progress

    def _trace(
        self, recording: Recording, settings: Settings, progress: Progress, error: BaseException | None = None
    ) -> ShownTrace:
        from ipy_autodiff.views.output.shown_trace import ShownTrace

        trace = ShownTrace(recording, beside=settings.compare, progress=progress, error=error)
        trace.show, trace.language = settings.show, current_language()
        return trace

    def _show(
        self,
        trace: ShownTrace,
        settings: Settings,
        progress: Progress,
        seconds: float = math.inf,
        remarks: Sequence[str] = (),
    ) -> None:
        from ipy_autodiff.views.output.bundle import mime_bundle, static_bundle

        if self.static:
            progress.end(static_bundle(trace, settings.show, remarks))
            return
        data, trace.open_view = mime_bundle(
            trace,
            settings.show,
            live=progress.wanted,
            sliders=settings.sliders,
            namespace=self.shell.user_ns,
            seconds=seconds,
            remarks=remarks,
        )
        progress.end(data)
        if trace.open_view is not None:
            self._links.add(trace.open_view)
        if "quiz" in settings.show and _at_a_prompt(self.shell):
            self._ask(trace, settings)

    def _ask(self, trace: ShownTrace, settings: Settings) -> None:
        """The questions at a terminal's prompt, then all that they kept back."""
        from ipy_autodiff.views.output.bundle import mime_bundle
        from ipy_autodiff.views.quiz.prompt import ask
        from ipy_autodiff.views.quiz.questions import questions

        with degrading():
            ask(questions(trace), input, print)
        views = tuple(view for view in settings.show if view != "quiz")
        show(mime_bundle(trace, views, live=False)[0], raw=True)

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        """A fault of this package must not look like one of the cell's: it is named as ours, and the cell stands.

        Nor must a warning of the packages that draw for us.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except Exception as error:
            logging.getLogger("ipy_autodiff").debug("a view failed", exc_info=True)
            self._notice(say("magic.broken", error=f"{type(error).__name__}: {error}"))

    def _variable(self, expression: str) -> Any:
        try:
            found = self.shell.ev(expression)
        except Exception as error:
            raise UsageError(say("magic.unknown", name=expression, error=f"{type(error).__name__}: {error}")) from None
        if not is_variable(found):
            raise UsageError(say("magic.not-a-variable", name=expression, kind=class_name(found)))
        return found

    def _notice(self, text: str) -> None:
        from ipy_autodiff.views.output.notice import notice_bundle

        # Not even a stream that is closed is to make an error of a remark.
        with suppress(Exception):
            show(notice_bundle(text), raw=True)


def _someone_watches(shell: Any) -> bool:
    """Whether a page can be linked to Python.

    A terminal has none; and where ``input()`` cannot be answered, the notebook is run by a program such as nbconvert,
    which would only store the link in the notebook's metadata.
    """
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and getattr(kernel, "_allow_stdin", True)


def _at_a_prompt(shell: Any) -> bool:
    """Whether somebody sits at a terminal without pages, and can be asked."""
    return getattr(shell, "kernel", None) is None and sys.stdin is not None and sys.stdin.isatty()


def _not_in_graph(error: NotInGraph) -> str:
    return say("magic.wrt", name=error.name, known=", ".join(error.known) or "-")


def load(shell: Any, engine: Any) -> None:
    """Register the magics, their settings and their completions with this shell; cells may use ``engine``'s names."""
    magics = AutodiffMagics(shell, engine)
    shell.register_magics(magics)
    shell.Completer.custom_matchers.append(magics.matcher)


def unload(shell: Any) -> None:
    """Take away all that ``load`` added to this shell."""
    manager = shell.magics_manager
    magics = manager.registry.pop("AutodiffMagics", None)
    for kind in ("line", "cell"):
        for name in ("autodiff", "autodiff_check"):
            manager.magics[kind].pop(name, None)
    prefer(None)
    if magics is not None:
        shell.configurables.remove(magics)
        shell.Completer.custom_matchers.remove(magics.matcher)
