"""What one run did, for any engine: the graph, the backward steps with their numbers, and how to run it again."""

from ipy_autodiff.tracing.diagnosis import Diagnosis
from ipy_autodiff.tracing.graph import Addition, FunctionNode, Graph, Recording, Step, VariableNode
from ipy_autodiff.tracing.recording import NotInGraph, names_in, record_cell, record_variables
from ipy_autodiff.tracing.replay import Replay, ReplayError
from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.recorder import Recorder

__all__ = [
    "Addition",
    "CallLog",
    "Diagnosis",
    "FunctionNode",
    "Graph",
    "NotInGraph",
    "Recorder",
    "Recording",
    "Replay",
    "ReplayError",
    "Step",
    "VariableNode",
    "names_in",
    "record_cell",
    "record_variables",
]
