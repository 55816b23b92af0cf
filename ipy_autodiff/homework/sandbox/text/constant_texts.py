"""Compute the texts that an expression puts together of constants alone: what is hidden in pieces can be read."""

from __future__ import annotations

import ast
import base64
import codecs
import re
from typing import Any

__all__ = ["ConstantTexts"]

_MOST = 2000
_WORK = 200_000
_WIDE = re.compile(r"\d{4}|\*")
_METHODS = frozenset({
    "join", "replace", "lower", "upper", "strip", "lstrip", "rstrip", "format", "decode", "encode", "swapcase", "title",
    "removeprefix", "removesuffix", "split", "translate", "casefold", "capitalize", "fromhex",
})  # fmt: skip
_CALLS: dict[str, Any] = {
    "chr": chr, "ord": ord, "str": str, "bytes": bytes, "bytearray": bytearray, "list": list, "tuple": tuple,
    "reversed": reversed, "sorted": sorted, "b64decode": base64.b64decode, "unhexlify": bytes.fromhex,
    "b32decode": base64.b32decode, "decode": codecs.decode, "len": len, "int": int, "repr": repr,
}  # fmt: skip


class _UnknownError(Exception):
    """The expression is made of more than constants."""


class ConstantTexts:
    """Computes such texts, as many as a notebook may reasonably have."""

    def __init__(self) -> None:
        self._left = _WORK

    def of(self, node: ast.AST) -> str | None:
        """The text that an expression of constants gives, as ``"gi_" + "frame"`` or ``"emarf"[::-1]``.

        None for any other expression, and when there were too many.
        """
        try:
            value = self._value(node)
        except (_UnknownError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
            return None
        if isinstance(value, bytes | bytearray):
            value = bytes(value).decode("utf-8", "replace")
        return value if isinstance(value, str) else None

    def _value(self, node: ast.AST) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _UnknownError
        value = self._computed(node)
        size = len(value) if isinstance(value, str | bytes | bytearray | list | tuple) else 0
        if size > _MOST or (isinstance(value, int) and abs(value) > 1 << 64):
            raise _UnknownError
        return value

    def _computed(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.JoinedStr(values=parts):
                return "".join(map(str, self._values(parts)))
            case ast.FormattedValue(value=part, format_spec=None):
                return self._value(part)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return self._values(parts)
            case ast.BinOp(left=left, op=operator, right=right):
                return _combined(operator, self._value(left), self._value(right))
            case ast.Subscript(value=part, slice=ast.Slice(lower=lower, upper=upper, step=step)):
                bounds = (None if bound is None else self._value(bound) for bound in (lower, upper, step))
                return self._value(part)[slice(*bounds)]
            case ast.Subscript(value=part, slice=index):
                return self._value(part)[self._value(index)]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand)
            case ast.ListComp(elt=part, generators=loops) | ast.GeneratorExp(elt=part, generators=loops):
                return self._each(part, loops)
            case ast.Call(func=function, args=args, keywords=[]):
                return self._called(function, args)
        raise _UnknownError

    def _values(self, nodes: list[ast.expr]) -> list[Any]:
        return [self._value(node) for node in nodes]

    def _called(self, function: ast.expr, args: list[ast.expr]) -> Any:
        match function, args:
            case ast.Name(id="map"), [ast.Name(id="chr" | "ord" | "str" as name), items]:
                return [_CALLS[name](item) for item in self._value(items)]
            case ast.Name(id=name), _ if name in _CALLS:
                return _of_constants(name, self._values(args))
            case ast.Attribute(value=ast.Name(id="bytes"), attr="fromhex"), _:
                return bytes.fromhex(*self._values(args))
            case ast.Attribute(value=ast.Name(id="str"), attr="join"), _:
                return str.join(*self._values(args))
            case ast.Attribute(value=ast.Name(id="codecs"), attr="decode"), _:
                return _of_constants("decode", self._values(args))
            case ast.Attribute(attr=name), _ if name in _CALLS and name != "decode":
                return _of_constants(name, self._values(args))
            case ast.Attribute(value=owner, attr=name), _ if name in _METHODS:
                text = self._value(owner)
                if isinstance(text, str | bytes) and not (name == "format" and _WIDE.search(str(text))):
                    return getattr(text, name)(*self._values(args))
        raise _UnknownError

    def _each(self, part: ast.expr, loops: list[ast.comprehension]) -> list[Any]:
        """A comprehension over constants with one variable, which stands in it as a value."""
        match loops:
            case [ast.comprehension(target=ast.Name(id=name), iter=items, ifs=[], is_async=0)]:
                text = ast.unparse(part)
                self._left -= len(text) * len(found := self._value(items))
                if self._left < 0:
                    raise _UnknownError
                return self._values([_Filled(name, one).visit(ast.parse(text, mode="eval").body) for one in found])
        raise _UnknownError


def _of_constants(name: str, values: list[Any]) -> Any:
    if name in ("bytes", "bytearray") and any(isinstance(value, int) for value in values):
        raise _UnknownError  # so many zeros
    found = _CALLS[name](*values)
    return list(found) if name == "reversed" else found


def _combined(operator: ast.operator, left: Any, right: Any) -> Any:
    whole = isinstance(left, int) and isinstance(right, int)
    match operator:
        case ast.Add():
            return left + right
        case ast.Mult() if whole:
            return left * right
        case ast.Sub() if whole:
            return left - right
        case ast.BitXor() if whole:
            return left ^ right
        case ast.Mod() if isinstance(left, str) and not _WIDE.search(left):
            return left % (tuple(right) if isinstance(right, list) else right)
    raise _UnknownError


class _Filled(ast.NodeTransformer):
    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self._value = value

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(self._value) if node.id == self._name else node
