"""What a kernel is asked for when submissions run through nbclient: the same answers, by the same code, on any system.

Called by name from outside, through the kernel's ``user_expressions``; nothing here changes what the notebook sees.
"""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import numpy.random
from IPython.core.getipython import get_ipython

from ipy_autodiff.homework.sandbox.inside.answers import Answers
from ipy_autodiff.homework.sandbox.inside.cell_runner import plain_transformers
from ipy_autodiff.homework.sandbox.inside.originals import Originals
from ipy_autodiff.homework.sandbox.inside.surroundings import usual_surroundings, without_engines
from ipy_autodiff.homework.sandbox.limits import Limits, hold, mapped_bytes
from ipy_autodiff.homework.sandbox.protocol import Answered, Question
from ipy_autodiff.homework.sandbox.wire import decoded, encoded

__all__ = ["answer", "before_cell", "begin"]

_state: dict[str, Any] = {}


def begin(limits: str) -> str:
    """Holds the kernel to its limits, and keeps Python's and this package's tools as they are now."""
    _state["originals"] = Originals()
    held = Limits(**json.loads(limits))
    hold(held, processes=False, mapped=mapped_bytes())
    if not held.engine:
        without_engines()
    return "ready"


def before_cell() -> str:
    """Undoes what the last cell did to the input transformers."""
    plain_transformers(get_ipython())
    return "ready"


def answer(packed: str) -> str:
    """The answer to a question, both as JSON."""
    question = decoded(packed.encode(), Question)
    _state["originals"].restore()
    usual_surroundings()
    numpy.random.seed(question.seed)  # noqa: NPY002 - what students use
    random.seed(question.seed)
    with np.errstate(all="ignore"):
        found = Answers(get_ipython().user_ns, _state["originals"].restore)(question)
    return encoded(Answered(question.nonce, found)).decode()
