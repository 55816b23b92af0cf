"""Run one submission and answer questions about it, in one process with a student's code.

Talks over one socket. First it reports each cell as it runs, then it waits for tests. Each test gets a fork of the
process as the notebook left it, so that a test that breaks something, or ends the process, breaks nothing for the next.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
from os import _exit, fork, getpid, kill, waitpid, waitstatus_to_exitcode

import numpy.random  # NumPy itself would import it only when it is used, in every fork anew
from IPython.core.interactiveshell import InteractiveShell

from ipy_autodiff.homework.sandbox.cells import UnreadableError, code_cells
from ipy_autodiff.homework.sandbox.inside.answers import Answers
from ipy_autodiff.homework.sandbox.inside.cell_runner import CellResult, Output, run_cells
from ipy_autodiff.homework.sandbox.inside.originals import Originals
from ipy_autodiff.homework.sandbox.inside.surroundings import usual_surroundings, without_engines
from ipy_autodiff.homework.sandbox.limits import Limits, use_the_reserve
from ipy_autodiff.homework.sandbox.protocol import (
    Answered,
    Begun,
    Cells,
    End,
    Ended,
    Over,
    Question,
    Ran,
    Test,
    Unreadable,
    clean,
)
from ipy_autodiff.homework.sandbox.wire import prepare, receive, send

__all__ = ["live"]

_QUESTION = 64_000_000
_FromGrader = Test | Question | End
prepare(_FromGrader)


def live(
    channel: socket.socket,
    content: bytes,
    limits: Limits,
    skip: list[int],
    shell: InteractiveShell,
    originals: Originals,
    *,
    alone: bool,
) -> None:
    """Runs the notebook in ``content`` but for the cells ``skip``, then serves tests until the other side is gone.

    ``alone``: this process has a namespace to itself, in which it ends what the cells have started before it goes on.
    """
    os.environ["IPY_AUTODIFF_GRADING"] = "1"
    if not limits.engine:
        without_engines()
    try:
        cells = code_cells(content, limits.cells)
    except UnreadableError as reason:
        send(channel, Unreadable(str(reason)))  # type: ignore[arg-type]
        return
    del content
    send(channel, Cells(len(cells)))

    me = getpid()

    def report(number: int, result: CellResult | None) -> None:
        if getpid() != me:  # a cell has forked, and this is the child: it speaks for nobody
            _exit(0)
        if result is None:
            send(channel, Begun(number))
        else:
            send(channel, Ended(number, clean(result.error, 200), clean(result.text, 4000), result.stale))

    output = Output(limits.output)
    run_cells(shell, cells, report, skip=skip, seconds=limits.seconds / 4, output=output)
    if alone:
        _end_all_others()
    originals.restore()
    usual_surroundings()
    use_the_reserve()
    send(channel, Ran(clean(output.since(0)[-20_000:], 20_000)))
    answers = Answers(shell.user_ns)
    while (message := receive(channel, _FromGrader, _QUESTION)) is not None:
        if not isinstance(message, Test):
            continue  # meant for a test that has died
        child = fork()
        if child == 0:
            code = 0
            try:
                code = _test(channel, answers, message.seconds)
            finally:
                _exit(code)
        status = waitpid(child, 0)[1]
        send(channel, Over(message.number, waitstatus_to_exitcode(status)))


def _end_all_others() -> None:
    """Kills and buries what the cells have started: here the first process of a namespace, everybody's parent."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with contextlib.suppress(ProcessLookupError):
        kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            waitpid(-1, 0)


def _test(channel: socket.socket, answers: Answers, seconds: float) -> int:
    """Answers one test's questions in a process of its own, which a timer ends; returns its exit code."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    while (message := receive(channel, _FromGrader, _QUESTION)) is not None:
        if isinstance(message, End):
            return message.code
        if not isinstance(message, Question):
            break
        nothing = Output(0)
        sys.stdout = sys.stderr = nothing
        numpy.random.seed(message.seed)  # noqa: NPY002 - what students use
        random.seed(message.seed)
        send(channel, Answered(message.nonce, answers(message)))
    return 0
