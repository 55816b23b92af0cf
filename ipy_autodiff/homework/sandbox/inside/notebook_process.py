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
from typing import Any

import numpy.random  # NumPy itself would import it only when it is used, in every fork anew
from IPython.core.interactiveshell import InteractiveShell

from ipy_autodiff.homework.sandbox.cells import UnreadableError, code_cells
from ipy_autodiff.homework.sandbox.inside.answers import Answers
from ipy_autodiff.homework.sandbox.inside.cell_runner import CellResult, Output, run_cells
from ipy_autodiff.homework.sandbox.inside.originals import Originals
from ipy_autodiff.homework.sandbox.inside.surroundings import plain_source, usual_surroundings, without_engine
from ipy_autodiff.homework.sandbox.limits import Limits, use_the_reserve
from ipy_autodiff.homework.sandbox.wire import receive, send

__all__ = ["live"]

_QUESTION = 64_000_000


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
        without_engine()
    try:
        cells = code_cells(content, limits.cells)
    except UnreadableError as reason:
        send(channel, {"unreadable": str(reason)})
        return
    del content
    send(channel, {"cells": len(cells)})

    me = getpid()

    def report(number: int, result: CellResult | None) -> None:
        if getpid() != me:  # a cell has forked, and this is the child: it speaks for nobody
            _exit(0)
        if result is None:
            send(channel, {"begin": number})
        else:
            send(channel, {"cell": number, "error": result.error, "text": result.text, "stale": result.stale})

    output = Output(limits.output)
    run_cells(shell, cells, report, skip=skip, seconds=limits.seconds / 4, output=output)
    if alone:
        _end_all_others()
    originals.restore()
    usual_surroundings()
    use_the_reserve()
    send(channel, {"ran": True, "output": output.since(0)[-20_000:]})
    ran = [(plain_source(cell.source), cell.grade_id) for number, cell in enumerate(cells) if number not in skip]
    answers = Answers(shell.user_ns, lambda: ran)
    while (message := receive(channel, _QUESTION)) is not None:
        if "test" not in message:
            continue  # meant for a test that has died
        child = fork()
        if child == 0:
            try:
                _test(channel, answers, message["seconds"])
            finally:
                _exit(0)
        status = waitpid(child, 0)[1]
        send(channel, {"over": waitstatus_to_exitcode(status), "test": message["test"]})


def _end_all_others() -> None:
    """Kills and buries what the cells have started: here the first process of a namespace, everybody's parent."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with contextlib.suppress(ProcessLookupError):
        kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            waitpid(-1, 0)


def _test(channel: socket.socket, answers: Answers, seconds: float) -> None:
    """Answers one test's questions in a process of its own, which a timer ends."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    while (message := receive(channel, _QUESTION)) is not None and "ask" in message:
        nothing = Output(0)
        sys.stdout = sys.stderr = nothing
        numpy.random.seed(message["seed"])  # noqa: NPY002 - what students use
        random.seed(message["seed"])
        answer: dict[str, Any] = {"nonce": message["nonce"]}
        answer.update(answers(message))
        send(channel, answer)
