"""PyTorch: each operation on tensors by itself, and a custom ``autograd.Function`` by its own forward and backward.

PyTorch is not imported here: where the user's cell has it, it is in ``sys.modules``. Operations are run again on fresh
tensors in the dtype of the arrays that they are given, so no tensor of the notebook's is touched.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.values import Record, Value, kind_of, made_of
from ipy_autodiff.designs.nodes import Array

__all__ = ["TensorCall", "array_of_tensor", "is_tensor", "pytorch", "tensors_in"]

_SYMBOLS = {"mul": "*", "add": "+", "sub": "-", "div": "/", "truediv": "/", "matmul": "@", "pow": "**"}


def pytorch() -> Any:
    """The ``torch`` module, where something has imported it; else None."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "overrides") and hasattr(torch, "Tensor") else None


def is_tensor(item: Any) -> bool:
    """Whether this is a tensor of PyTorch's."""
    torch = pytorch()
    return torch is not None and isinstance(item, torch.Tensor)


def array_of_tensor(tensor: Any) -> Array | None:
    """The tensor's memory as an array; None where it is not on the CPU, or holds no real numbers."""
    torch = pytorch()
    if tensor.device.type != "cpu" or tensor.layout != torch.strided or tensor.dtype not in _dtypes(torch):
        return None
    array: Array = tensor.detach().numpy()
    return array


def _dtypes(torch: Any) -> tuple[Any, ...]:
    return torch.float64, torch.float32, torch.float16


def tensors_in(item: Any) -> list[Any]:
    """The tensors among arguments, in lists and tuples too, that gradients are wanted for."""
    if is_tensor(item):
        return [item] if item.requires_grad else []
    if isinstance(item, Mapping):
        return [one for inner in item.values() for one in tensors_in(inner)]
    if isinstance(item, list | tuple):
        return [one for inner in item for one in tensors_in(inner)]
    return []


class TensorCall(Record):
    """One operation on tensors, or one call of a custom Function."""

    by_hand = False

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[tuple[Any, ...], Mapping[str, Any]],
        inputs: Sequence[Value],
        place: int | None = None,
        custom: type | None = None,
    ) -> None:
        self.function = function
        self.arguments, self.keywords = arguments
        self.tensors = [*tensors_in(self.arguments), *tensors_in(self.keywords)]
        self.inputs = tuple(inputs)
        self.place = place
        """Which of several results this is."""
        self.custom = custom
        self.context: Any = None
        """What a custom Function saves on."""
        self.fresh: tuple[list[Any], Any] | None = None
        """The tensors that ``again`` made: what went in, and what came out."""

    @classmethod
    def of(cls, function: Any, arguments: Any, inputs: Any, place: Any = None, custom: Any = None) -> TensorCall:
        """The call, of a class that is named after the operation."""
        call: TensorCall = kind_of(cls, _name(function, custom), {})(function, arguments, inputs, place, custom)
        return call

    @property
    def label(self) -> str:
        """The operation's sign or name, or the custom Function's class."""
        return _name(self.function, self.custom)

    @property
    def user(self) -> Any:
        """The custom Function's class."""
        return self if self.custom is None else self.custom

    def again(self, *values: Value) -> Value:
        """The same operation on fresh tensors."""
        torch = pytorch()
        with torch.enable_grad():
            widest = np.result_type(*(value.data for value in values))
            fresh = [torch.tensor(value.data.astype(widest), requires_grad=True) for value in values]
            result = self._on(fresh)
        call = type(self)(self.function, (self.arguments, self.keywords), values, self.place, self.custom)
        call.fresh = fresh, result
        call.context = result.grad_fn
        return made_of(call, result.detach().numpy())

    def run(self, *arrays: Array) -> Any:
        """The same without a graph."""
        torch = pytorch()
        with torch.no_grad():
            widest = np.result_type(*arrays)
            return self._on([torch.tensor(array.astype(widest)) for array in arrays]).numpy()

    def _on(self, fresh: Sequence[Any]) -> Any:
        torch = pytorch()
        dtype = fresh[0].dtype
        # Clones, so that an operation may write into what it is given.
        queue = [new.clone() for new in fresh]

        def replaced(item: Any) -> Any:
            if isinstance(item, torch.Tensor):
                if item.requires_grad:
                    return queue.pop(0)
                return item.detach().to(dtype).clone() if item.is_floating_point() else item
            if isinstance(item, Mapping):
                return {name: replaced(inner) for name, inner in item.items()}
            if isinstance(item, list | tuple) and any(isinstance(one, torch.Tensor) for one in item):
                items = [replaced(inner) for inner in item]
                return items if isinstance(item, list) else tuple(items)
            return item

        arguments = [replaced(item) for item in self.arguments]
        keywords = {name: replaced(item) for name, item in self.keywords.items()}
        result = self.function(*arguments, **keywords)
        if result is None:  # as of x[0] = y
            result = arguments[0]
        return result if self.place is None else result[self.place]

    def answer(self, gy: Array) -> tuple[Array | None, ...]:
        """What PyTorch answers for this operation, which for a custom Function is the user's own ``backward``."""
        torch = pytorch()
        assert self.fresh is not None
        fresh, result = self.fresh
        seed = torch.tensor(np.array(gy)).to(result.dtype).reshape(result.shape)
        found = torch.autograd.grad(result, fresh, seed, allow_unused=True, retain_graph=True)
        return tuple(None if one is None else one.detach().numpy().copy() for one in found)

    def codes(self) -> Iterable[CodeType]:
        """The custom Function's own ``backward``; that which answers here, for PyTorch's own operations."""
        code = getattr(getattr(self.custom, "backward", None), "__code__", None)
        return (TensorCall.answer.__code__,) if code is None else (code,)

    def known_by(self) -> Iterable[Hashable]:
        """The context that the custom Function is handed; else the call itself."""
        return (id(self),) if self.custom is None else (id(self.context),)

    def given(self, frame: FrameType) -> Any:
        """The output's gradient."""
        if self.custom is None:
            return frame.f_locals.get("gy")
        held, code = frame.f_locals, frame.f_code
        gradients = [held.get(name) for name in code.co_varnames[1 : code.co_argcount]]
        if not gradients and code.co_flags & inspect.CO_VARARGS:
            gradients = list(held.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], ()))
        gradient: Any = gradients[self.place or 0] if len(gradients) > (self.place or 0) else None
        return gradient.detach().cpu().numpy() if is_tensor(gradient) else None

    def answered(self, returned: Any) -> tuple[Array | None, ...]:
        """The gradient for each input, of the ones for all arguments."""
        if self.custom is None:
            return tuple(returned)
        answers = returned if isinstance(returned, tuple | list) else (returned,)
        wanted = [one for item, one in zip(self.arguments, answers, strict=False) if tensors_in(item)]
        return tuple(one.detach().cpu().numpy().copy() if is_tensor(one) else None for one in wanted)


def _name(function: Any, custom: type | None) -> str:
    if custom is not None:
        return custom.__name__
    name = str(getattr(function, "__name__", function))
    if name == "__get__":  # a property, as x.T
        name = str(getattr(getattr(function, "__self__", None), "__name__", name))
    plain = name.strip("_").removeprefix("r") if name.startswith("__r") else name.strip("_")
    return _SYMBOLS.get(plain, plain) or name
