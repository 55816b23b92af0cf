"""Note operations on PyTorch's tensors as they pass, where the cell has imported PyTorch.

PyTorch hands operations to a mode (``torch.overrides``); custom Functions are seen by their ``apply``. No tensor gets a
hook, and none is written to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.pytorch import TensorCall, array_of_tensor, is_tensor, pytorch, tensors_in
from ipy_autodiff.designs.arrays.values import Arrays, Value, call_again, made_of
from ipy_autodiff.designs.reading import kept
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.watching.backward_calls import BackwardCalls
from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.forward_calls import ForwardCalls

__all__ = ["TensorCalls"]

_DESIGN = Arrays()
_NOTED = 3_000


class TensorCalls:
    """Notes them in the log of ``forward``."""

    def __init__(self, log: CallLog, forward: ForwardCalls, backward: BackwardCalls) -> None:
        self._log = log
        self._forward = forward
        self._backward = backward
        self._mode: Any = None
        self.apply: Any = None
        """The code by which custom Functions are called, where there is PyTorch."""
        self.fault: Exception | None = None
        """What went wrong with noting, where something did: nothing was noted from there on."""
        self.remarks: list[Message] = []
        """What there is to say of tensors that are not read."""

    def enter(self) -> None:
        """From now on operations are noted, if there is PyTorch."""
        torch = pytorch()
        if torch is None:
            return
        self.apply = getattr(torch.autograd.Function.apply, "__code__", None)
        calls = self

        class Mode(torch.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]
            def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                return calls.operation(function, args, kwargs or {})

        self._mode = Mode()
        self._mode.__enter__()

    def leave(self) -> None:
        """No more."""
        if self._mode is not None:
            self._mode.__exit__(None, None, None)
            self._mode = None
            for value in self._log.arrays.values():
                if is_tensor(value.source):
                    value.grad = _gradient(value.source)

    def operation(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Run one operation, and note what it was; it runs whatever goes wrong with noting it."""
        begun = self._tried(self._begin, function, args, kwargs)
        result = function(*args, **kwargs)
        if begun is not None and not self._backward.under_way:
            frame = sys._getframe(1)  # noqa: SLF001 - the mode's, which whoever ran the operation called
            self._tried(self._note, function, args, kwargs, *begun, result, frame)
        return result

    def _tried(self, step: Callable[..., Any], *arguments: Any) -> Any:
        if self.fault is None:
            try:
                return step(*arguments)
            except Exception as error:
                self.fault = error
        return None

    def _begin(self, function: Any, args: Any, kwargs: Any) -> tuple[list[Value | None], list[Any]] | None:
        """What an operation takes, and copies of it; None where it has nothing to note."""
        torch = pytorch()
        if function is torch.Tensor.backward or function is torch.autograd.grad:
            self._begin_pass(args, kwargs)
            return None
        tensors = [*tensors_in(args), *tensors_in(kwargs)]
        before = [self._value_of(tensor) for tensor in tensors]
        return (before, [None if one is None else kept(one.data) for one in before]) if tensors else None

    def returned(self, frame: FrameType, value: Any) -> None:
        """A function ends: it may be the ``apply`` of a custom Function."""
        if self._backward.under_way:
            return
        held = frame.f_locals
        custom, args = held.get("cls"), held.get("args", ())
        tensors = tensors_in(args)
        if not tensors or not isinstance(custom, type):
            return
        before = [self._value_of(tensor) for tensor in tensors]
        copies = [None if one is None else kept(one.data) for one in before]
        self._note(custom.apply, args, {}, before, copies, value, frame, custom)  # type: ignore[attr-defined]

    def _note(
        self,
        function: Any,
        args: Any,
        kwargs: Any,
        before: list[Value | None],
        copies: list[Any],
        result: Any,
        frame: FrameType,
        custom: type | None = None,
    ) -> None:
        torch = pytorch()
        name = str(getattr(function, "__name__", ""))
        if result is None and name == "__setitem__":
            result = args[0]
        several = isinstance(result, tuple | list)
        for place, tensor in enumerate(result if several else [result]):
            if not is_tensor(tensor):
                continue
            if not tensor.requires_grad:
                if tensor.is_floating_point() and not torch.is_grad_enabled() and name != "__get__":
                    self._say(Message("trace.no-grad"))
                elif name == "detach":
                    self._say(Message("trace.detached"))
                continue
            known = self._known(tensor)
            in_place = known is not None and (name == "__setitem__" or name.rstrip("_") != name)
            if tensor.grad_fn is None or (known is not None and not in_place):
                continue
            if any(one is None for one in before) or array_of_tensor(tensor) is None:
                self._say(Message("trace.tensor-elsewhere", kind=f"{tensor.device.type}, {tensor.dtype}"))
                continue
            inputs = [one for one in before if one is not None]
            call = TensorCall.of(function, (tuple(args), dict(kwargs)), inputs, place if several else None, custom)
            call.context = tensor.grad_fn
            value = made_of(call, array_of_tensor(tensor))
            value.source = tensor
            self._keep(tensor, value)
            self._forward.note_made(frame, call, call.inputs, value, call_again(call), call.label, tuple(copies))
            self._backward.expect(_DESIGN, value, call.inputs)

    def _begin_pass(self, args: Any, kwargs: Any) -> None:
        self._backward.pass_ended()
        roots = args[0] if args else kwargs.get("outputs")
        root = roots[0] if isinstance(roots, tuple | list) and len(roots) == 1 else roots
        value = self._known(root) if is_tensor(root) else None
        if value is None:
            return
        weights = kwargs.get("gradient", kwargs.get("grad_outputs"))
        if weights is None and len(args) > 1 and is_tensor(args[1]) and "inputs" not in kwargs and root is args[0]:
            weights = args[1]
        gy = weights.detach().numpy() if is_tensor(weights) else None
        self._backward.begin_pass_at(_DESIGN, value, gy)

    def _known(self, tensor: Any) -> Value | None:
        value = self._log.arrays.get(id(tensor))
        return value if value is not None and value.source is tensor else None

    def _value_of(self, tensor: Any) -> Value | None:
        known = self._known(tensor)
        if known is not None:
            return known
        array = array_of_tensor(tensor)
        if array is None:
            self._say(Message("trace.tensor-elsewhere", kind=f"{tensor.device.type}, {tensor.dtype}"))
            return None
        if tensor.grad_fn is not None:  # computed before anybody watched
            self._say(Message("trace.tensor-before"))
            return None
        value = Value(array)
        value.source = tensor
        value.parameter = isinstance(tensor, pytorch().nn.Parameter)
        self._keep(tensor, value)
        return value

    def _keep(self, tensor: Any, value: Value) -> None:
        self._log.arrays[id(tensor)] = value
        self._log.arrays.move_to_end(id(tensor))
        while len(self._log.arrays) > _NOTED:
            self._log.arrays.popitem(last=False)

    def _say(self, message: Message) -> None:
        if all(str(message) != str(other) for other in self.remarks):
            self.remarks.append(message)


def _gradient(tensor: Any) -> Any:
    if not (tensor.is_leaf or tensor.retains_grad) or tensor.grad is None:
        return None
    return np.array(tensor.grad.detach().numpy())
