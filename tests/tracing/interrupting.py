"""Interrupts a watched loop many times, at moments drawn at random, and prints how often that was lost.

A process of its own: what tests bring along runs Python code while memory is freed, and an interrupt there is lost.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import numpy as np

from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.recorder import Recorder

TIMES = 40
PATIENCE = 20


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


def is_lost(log: CallLog, delay: float) -> bool:
    """Whether the loop went on after an interrupt."""
    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    end = time.monotonic() + PATIENCE
    try:
        with Recorder(log):
            x = Variable(np.array(1.0))
            timer.start()
            while time.monotonic() < end:
                Square()(x)
    except KeyboardInterrupt:
        return False
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored
    log, draw = CallLog(), random.Random(1)
    print(sum(is_lost(log, draw.uniform(0.002, 0.01)) for _ in range(TIMES)))
