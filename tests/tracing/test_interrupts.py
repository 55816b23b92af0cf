"""Ctrl-C ends a watched loop whenever it is pressed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import numpy as np
import pytest

from ipy_autodiff.tracing.calls import CallLog
from ipy_autodiff.tracing.recorder import Recorder

TIMES = 60


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None


class Square:
    def __call__(self, variable):
        self.input = variable
        self.output = Variable(self.forward(variable.data))
        self.output.creator = self
        return self.output

    def forward(self, x):
        return x**2

    def backward(self, gy):
        return 2 * self.input.data * gy


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of this kind are POSIX's")
def test_no_interrupt_is_lost() -> None:
    log = CallLog()
    draw = random.Random(1)
    for _ in range(TIMES):
        timer = threading.Timer(draw.uniform(0.005, 0.015), os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            watched_loop(log, timer)
        timer.join()


def watched_loop(log: CallLog, timer: threading.Timer) -> None:
    end = time.monotonic() + 20
    with Recorder(log):
        x = Variable(np.array(1.0))
        timer.start()
        while time.monotonic() < end:
            Square()(x)
