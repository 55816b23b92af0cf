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
from collections import deque
from collections.abc import Iterator
from os import _exit, fork, getpid, kill, waitpid, waitstatus_to_exitcode

import msgspec
import numpy.random  # NumPy itself would import it only when it is used, in every fork anew
from IPython.core.interactiveshell import InteractiveShell

from ipy_autodiff.homework.sandbox.inside.answers import Answers
from ipy_autodiff.homework.sandbox.inside.audit import Watch
from ipy_autodiff.homework.sandbox.inside.cell_runner import Output, run_cells
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
from ipy_autodiff.homework.sandbox.text.cells import UnreadableError, code_cells
from ipy_autodiff.homework.sandbox.wire import framed, prepare, receive, signed

__all__ = ["live"]

_QUESTION = 64_000_000
_FromGrader = Test | Question | End
prepare(_FromGrader)


def live(
    channel: socket.socket,
    secret: list[bytes],
    content: bytes,
    limits: Limits,
    skip: list[int],
    shell: InteractiveShell,
    originals: Originals,
    watch: Watch,
    *,
    alone: bool,
) -> None:
    """Runs the notebook in ``content`` but for the cells ``skip``, then serves tests until the other side is gone.

    ``secret`` holds the key that messages are signed with, and is emptied. ``alone``: this process has a namespace to
    itself, in which it ends what the cells have started before it goes on.
    """
    happenings = [_Notebook(channel, limits, shell, originals, watch, alone=alone).happenings(content, skip)]
    del content
    # Who is to sign and to send stands in no variable, where code of the notebook could find it by walking the stack.
    deque(map(channel.sendall, signed(map(framed, happenings.pop()), secret.pop())), maxlen=0)


class _Notebook:
    """What happens in this process, as messages to be sent."""

    def __init__(
        self,
        channel: socket.socket,
        limits: Limits,
        shell: InteractiveShell,
        originals: Originals,
        watch: Watch,
        *,
        alone: bool,
    ) -> None:
        self._channel = channel
        self._limits = limits
        self._shell = shell
        self._originals = originals
        self._watch = watch
        self._alone = alone

    def happenings(self, content: bytes, skip: list[int]) -> Iterator[msgspec.Struct]:
        """Runs the cells, then answers questions, each test's in a fork of its own."""
        os.environ["IPY_AUTODIFF_GRADING"] = "1"
        limits = self._limits
        if not limits.engine:
            without_engines()
        try:
            cells = code_cells(content, limits.cells)
        except UnreadableError as reason:
            yield Unreadable(str(reason))  # type: ignore[arg-type]
            return
        del content
        yield Cells(len(cells))
        me = getpid()
        output = Output(limits.output)
        for number, result in run_cells(self._shell, cells, skip=skip, seconds=limits.seconds / 4, output=output):
            if getpid() != me:  # a cell has forked, and this is the child: it speaks for nobody
                _exit(0)
            if result is None:
                yield Begun(number)
            else:
                yield Ended(number, clean(result.error, 200), clean(result.text, 4000), result.stale)
        del cells
        if self._alone:
            _end_all_others()
        self._restore(closest=False)
        usual_surroundings()
        use_the_reserve()
        yield Ran(clean(output.since(0)[-20_000:], 20_000))
        while (message := receive(self._channel, _FromGrader, _QUESTION)) is not None:
            if not isinstance(message, Test):
                continue  # meant for a test that has died
            child = fork()
            if child == 0:
                yield from self._test(message.seconds)
                _exit(0)
            status = waitpid(child, 0)[1]
            yield Over(message.number, waitstatus_to_exitcode(status))

    def _test(self, seconds: float) -> Iterator[Answered]:
        """Answers one test's questions in a process of its own, which a timer ends."""
        me = getpid()
        answers = Answers(self._shell.user_ns, self._restore)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while (message := receive(self._channel, _FromGrader, _QUESTION)) is not None:
            if isinstance(message, End):
                _exit(message.code)
            if not isinstance(message, Question):
                break
            nothing = Output(0)
            sys.stdout = sys.stderr = nothing
            numpy.random.seed(message.seed)  # noqa: NPY002 - what students use
            random.seed(message.seed)
            answer = answers(message)
            if getpid() != me:  # the answer has forked, and this is the child
                _exit(0)
            yield Answered(message.nonce, answer)

    def _restore(self, *, closest: bool = True) -> None:
        """Puts the tools back as they were, and lets a person know where they were not."""
        for name in self._originals.restore(closest=closest):
            self._watch.replaced(name)
        for number in signal.valid_signals():  # a handler is given the frame that it interrupts
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)


def _end_all_others() -> None:
    """Kills and buries what the cells have started: here the first process of a namespace, everybody's parent."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with contextlib.suppress(ProcessLookupError):
        kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            waitpid(-1, 0)
