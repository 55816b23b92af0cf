"""The magics: ``%%autodiff`` runs a cell and shows its differentiation, ``%autodiff y`` shows that of what exists.

Parse, run, trace, show: the parts are elsewhere (``cell``, ``tracing``, ``gradcheck``, ``views``), joined here.
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display
from traitlets import Bool, List, TraitError, Unicode, observe, validate

from ipy_autodiff.designs.reading import is_variable
from ipy_autodiff.messages import LANGUAGES, prefer, say, speaking
from ipy_autodiff.shell.cell import Outcome, PreparedCell, TopLevelAwait, plain_error, prepare, run
from ipy_autodiff.shell.completion import Completions
from ipy_autodiff.shell.links import Links
from ipy_autodiff.shell.progress import Progress
from ipy_autodiff.shell.supplied_names import supplied
from ipy_autodiff.tracing import CallLog, NotInGraph, Recorder, Recording, record_cell, record_variables
from ipy_autodiff.views.registry import DEFAULT, SELECTABLE

__all__ = ["AutodiffMagics", "load", "unload"]

OTHERS = ("torch", "complex")


@magics_class
class AutodiffMagics(Magics):
    """The settings of the autodiff magics: what an option says for one cell, a setting says for all."""

    show = Unicode(",".join(DEFAULT), help="Which views, in this order: graph,steps,sliders,check.").tag(config=True)
    of = Unicode("", help="Which Variable is differentiated; empty for the cell's last one.").tag(config=True)
    wrt = Unicode("", help="With respect to which Variables, as x,w; empty for all leaves.").tag(config=True)
    slider = List(Unicode(), help="Sliders' ranges and steps, each as x=-2:2:0.1.").tag(config=True)
    compare = Unicode("", help="One more column of gradients: torch or complex.").tag(config=True)
    quiz = Bool(False, help="Whether each gradient is asked for before it is shown.").tag(config=True)
    rules = Bool(False, help="Whether the sweeps of the book's stages stand side by side.").tag(config=True)
    lang = Unicode("", help="The language of all that is shown: ko or en; empty for the locale's.").tag(config=True)

    def __init__(self, shell: Any, engine: Any) -> None:
        super().__init__(shell)
        self._engine = engine
        self._log = CallLog()
        self._links = Links()
        self.completions = Completions(shell)

    @validate("show")
    def _check_show(self, proposal: Any) -> str:
        return _checked(parse_show, proposal["value"])

    @validate("lang")
    def _check_lang(self, proposal: Any) -> str:
        return _checked(parse_lang, proposal["value"])

    @observe("lang")
    def _speak(self, change: Any) -> None:
        prefer(change["new"] or None)

    @validate("compare")
    def _check_compare(self, proposal: Any) -> str:
        return _checked(parse_compare, proposal["value"])

    @validate("slider")
    def _check_slider(self, proposal: Any) -> list[str]:
        for text in proposal["value"]:
            _checked(parse_slider, text)
        return list(proposal["value"])

    @magic_arguments()
    @argument("name", nargs="*", metavar="NAME", help="A name for the Trace; on one line, the Variable to show.")
    @argument("--show", help="Which views, in this order: graph,steps,sliders,check.")
    @argument("--of", help="Which Variable is differentiated: a name or an expression.")
    @argument("--wrt", help="With respect to which Variables: x,w.")
    @argument("--slider", action="append", help="A slider's range and step: x=-2:2:0.1. May be given again.")
    @argument("--compare", help="One more column of gradients: torch, where installed, or complex, a complex step.")
    @argument("--quiz", action="store_true", help="Ask for each gradient before it is shown.")
    @argument("--rules", action="store_true", help="Sweep by the rules of the book's stages, side by side.")
    @argument("--lang", help="The language of all that is shown: ko or en.")
    @no_var_expand
    @line_cell_magic
    def autodiff(self, line: str, cell: str | None = None) -> None:
        """Run a cell and show its computation graph, its backward pass and its gradients, checked.

        In front of a cell, %%autodiff runs it once, exactly as a plain cell runs, and then shows what it computed.
        With a NAME the Trace is bound to it. On one line, %autodiff y shows the same for a Variable that exists.
        Both only look: no Variable's data, gradient or graph is changed. Any engine works: an object with .data and
        .creator is a Variable, one with forward, backward and its inputs and outputs a Function.
        """
        options = parse_argstring(self.autodiff, line)
        with speaking(parse_lang(options.lang or self.lang) or None):
            settings = _Settings(
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
    @argument("sheet", help="A sheet: a pytest file, or dezero:step01 ... dezero:step10.")
    @argument("tests", nargs="*", help="Which of its tests; all public ones by default.")
    @argument("--lang", help="The language of all that is shown: ko or en.")
    @no_var_expand
    @line_magic
    def autodiff_check(self, line: str) -> None:
        """Run a sheet's public tests on the notebook as it stands, and say what passed, what did not, and why."""
        options = parse_argstring(self.autodiff_check, line)
        language = parse_lang(options.lang or self.lang) or None
        with speaking(language):
            try:
                from ipy_autodiff.homework.notebook import check
            except ModuleNotFoundError as error:
                raise UsageError(say("magic.homework", package=error.name)) from None
            try:
                checked = check(self.shell, options.sheet, options.tests, language)
            except LookupError as error:
                raise UsageError(str(error.args[0] if error.args else error)) from None
        display(checked)

    def _views(self, options: Any) -> tuple[str, ...]:
        """The views that are wanted; an option that is named after one adds it."""
        added = [name for name in ("quiz", "rules") if getattr(options, name) or getattr(self, name)]
        return tuple(dict.fromkeys((*parse_show(options.show or self.show), *added)))

    def _run_and_show(self, line: str, body: str, names: list[str], settings: _Settings) -> None:
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
            self._show_cell(cell, recorder, outcome, names, settings)

    def _show_cell(
        self, cell: PreparedCell, recorder: Recorder, outcome: Outcome, names: list[str], settings: _Settings
    ) -> None:
        namespace = self.shell.user_ns
        of, wrt, complaint = None, settings.wrt, ""
        failed = outcome.error is not None
        try:
            of = self._variable(settings.of) if settings.of else None
        except UsageError as error:
            complaint = str(error)
        with self._faults_named():
            try:
                recording = record_cell(recorder, namespace, cell.source, outcome.value, of, wrt, failed)
            except NotInGraph as error:
                complaint = _not_in_graph(error)
                recording = record_cell(recorder, namespace, cell.source, outcome.value, of, None, failed)
            if recording is not None:
                self._show(recording, names[0] if names else None, settings, outcome)
            if recording is None or "check" not in settings.show:
                said = outcome.error is not None and self._explain(outcome.error)
                if recording is None and not said:
                    self._notice(say("magic.no-variable"))
        if complaint and outcome.error is None:
            raise UsageError(complaint)

    def _explain(self, error: BaseException) -> bool:
        """Say what is behind an error that readers of the book meet on their way; whether that is known."""
        from ipy_autodiff.gradcheck.blame.find_blame import blame_error

        blame = blame_error(error)
        if blame is not None:
            self._notice(f"{blame.why} {blame.hint}")
        return blame is not None

    def _show_existing(self, names: list[str], settings: _Settings) -> None:
        if not names:
            raise UsageError(say("magic.which"))
        outputs = [self._variable(name) for name in names]
        try:
            recording = record_variables(outputs, self.shell.user_ns, self._log, settings.wrt)
        except NotInGraph as error:
            raise UsageError(_not_in_graph(error)) from None
        with self._faults_named():
            self._show(recording, None, settings, Outcome())

    def _show(self, recording: Recording, name: str | None, settings: _Settings, outcome: Outcome) -> None:
        from ipy_autodiff.views.output.bundle import mime_bundle
        from ipy_autodiff.views.output.shown_trace import ShownTrace

        live = _someone_watches(self.shell)
        progress = Progress(wanted=live)
        trace = ShownTrace(recording, beside=settings.compare, progress=progress, error=outcome.error)
        trace.show = settings.show
        if name:
            self.shell.user_ns[name] = trace
        data, trace.open_view = mime_bundle(
            trace,
            settings.show,
            live=live,
            sliders=settings.sliders,
            namespace=self.shell.user_ns,
            seconds=outcome.seconds,
        )
        progress.end(data)
        if trace.open_view is not None:
            self._links.add(trace.open_view)

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
            raise UsageError(say("magic.not-a-variable", name=expression, kind=type(found).__name__))
        return found

    def _notice(self, text: str) -> None:
        from ipy_autodiff.views.output.notice import notice_bundle

        display(notice_bundle(text), raw=True)


@dataclass(frozen=True)
class Slider:
    """A slider's range and step, in the units of the Variable's data."""

    variable: str
    low: float
    high: float
    step: float


@dataclass(frozen=True)
class _Settings:
    """What one use of a magic was asked for, defaults filled in."""

    show: tuple[str, ...]
    of: str
    wrt: tuple[str, ...] | None
    sliders: tuple[Slider, ...]
    compare: str


def parse_show(text: str) -> tuple[str, ...]:
    """The views that ``--show`` names, in its order. Raises ``UsageError`` for one that does not exist."""
    views = tuple(word.strip() for word in text.split(",") if word.strip())
    unknown = [view for view in views if view not in SELECTABLE]
    if unknown or not views:
        raise UsageError(say("magic.show", view=", ".join(unknown) or text, known=",".join(SELECTABLE)))
    return tuple(dict.fromkeys(views))


def parse_lang(text: str) -> str:
    """A language, or empty. Raises ``UsageError`` for one that there is not."""
    if text and text not in LANGUAGES:
        raise UsageError(say("magic.lang", lang=text, known=", ".join(LANGUAGES)))
    return text


def parse_compare(text: str) -> str:
    """Another engine to compare with, or empty. Raises ``UsageError`` for one that there is not."""
    if text and text not in OTHERS:
        raise UsageError(say("magic.compare", name=text))
    if text == "torch" and importlib.util.find_spec(text) is None:
        raise UsageError(say("check.no-torch"))
    return text


def parse_slider(text: str) -> Slider:
    """A slider from ``name=low:high:step``. Raises ``UsageError`` for anything else."""
    name, _, numbers = text.partition("=")
    try:
        low, high, step = (float(number) for number in numbers.split(":"))
    except ValueError:
        raise UsageError(say("magic.slider", text=text)) from None
    if not name.strip() or not low < high or not 0 < step <= high - low:
        raise UsageError(say("magic.slider", text=text))
    return Slider(name.strip(), low, high, step)


def _someone_watches(shell: Any) -> bool:
    """Whether a page can be linked to Python.

    A terminal has none; and where nobody can answer ``input()``, the notebook is run by a program such as nbconvert,
    which would only store the link in the notebook's metadata.
    """
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and getattr(kernel, "_allow_stdin", True)


def _not_in_graph(error: NotInGraph) -> str:
    return say("magic.wrt", name=error.name, known=", ".join(error.known) or "-")


def _checked(parse: Callable[[str], Any], value: str) -> str:
    try:
        parse(value)
    except UsageError as error:
        raise TraitError(str(error)) from None
    return value


def load(shell: Any, engine: Any) -> None:
    """Register the magics, their settings and their completions with this shell; cells may use ``engine``'s names."""
    magics = AutodiffMagics(shell, engine)
    shell.register_magics(magics)
    shell.Completer.custom_matchers.append(magics.completions.matches)


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
        shell.Completer.custom_matchers.remove(magics.completions.matches)
