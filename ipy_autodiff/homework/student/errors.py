"""What may be wrong with a student's answer: each an ``AssertionError`` with a sentence for the student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_autodiff.messages import Message

if TYPE_CHECKING:
    from ipy_autodiff.homework.sandbox.packed_trace import PackedTrace
    from ipy_autodiff.homework.sandbox.process import Death
    from ipy_autodiff.homework.student.graph_difference import GraphDifference

__all__ = ["AnswerError", "CodeError", "DiedError", "GraphDiffersError", "MissingError"]


class AnswerError(AssertionError):
    """What the student's code gave is not what was asked for: an object for a number, no gradient."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message.text()


class MissingError(AnswerError):
    """The notebook does not define a name. ``because`` says what ended the cell that may have."""

    def __init__(self, name: str, because: Death | None = None) -> None:
        super().__init__(Message(f"homework.missing-{because}" if because else "homework.missing", name=name))
        self.because = because


class DiedError(AnswerError):
    """The student's code took too long or too much, or ended the process: ``kind``."""

    def __init__(self, kind: Death) -> None:
        super().__init__(Message(f"homework.died-{kind}"))
        self.kind = kind


class CodeError(AnswerError):
    """The student's code raised an exception, whose class is ``name``."""

    def __init__(self, name: str, text: str, traceback: str) -> None:
        said = f"{name}: {text}" if text else name
        super().__init__(Message("homework.raised", error=said))
        self.name = name
        self.traceback = traceback


class GraphDiffersError(AnswerError):
    """The student's graph has not the structure of the sheet's."""

    def __init__(self, difference: GraphDifference) -> None:
        names = {
            "missing": ", ".join(function.name for function in difference.missing) or "–",
            "extra": ", ".join(function.name for function in difference.extra) or "–",
        }
        again = not (difference.missing or difference.extra)
        super().__init__(
            Message("homework.graph-computed-again") if again else Message("homework.graph-differs", **names)
        )
        self.difference = difference

    def packed(self) -> PackedTrace:
        """As a record has it: both graphs in one."""
        from ipy_autodiff.homework.sandbox.traces import packed_trace
        from ipy_autodiff.tracing.graph import Recording

        recording = Recording(self.difference.merged, (), None, ())
        return packed_trace(recording, None, ())
