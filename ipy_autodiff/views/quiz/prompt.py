"""Ask the quiz's questions one after the other where there is no page: at the prompt of a terminal."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ipy_autodiff.messages import say

__all__ = ["ask", "calculate", "judge"]

_FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "exp": math.exp, "log": math.log, "ln": math.log, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos,
    "tan": math.tan, "tanh": math.tanh, "abs": abs,
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e}
_OPERATORS: Mapping[type, Callable[..., float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: math.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_SIGNS = str.maketrans({"−": "-", "×": "*", "·": "*", "÷": "/"})
_LONGEST = 200


def ask(quiz: Mapping[str, Any], read: Callable[[str], str], write: Callable[[str], None]) -> None:
    """Ask all questions of ``questions(trace)``: ``read`` gives a line for a prompt, ``write`` shows one.

    An empty line asks for a hint, and for the answer when there are no more. Ends where ``read`` raises ``EOFError``.
    """
    asked = [question for step in quiz["steps"].values() for question in step]
    first = 0
    for number, question in enumerate(asked, 1):
        write("\n" + say("quiz.label").replace("{n}", str(number)).replace("{all}", str(len(asked))))
        for line in question["given"]:
            write(f"  {line['label']}: {line['text']}")
        try:
            first += _one(quiz["hints"], question, read, write)
        except EOFError:
            return
    if asked:
        write("\n" + say("quiz.score").replace("{n}", str(first)).replace("{all}", str(len(asked))))


def _one(
    hints: Sequence[str], question: Mapping[str, Any], read: Callable[[str], str], write: Callable[[str], None]
) -> bool:
    """Ask until it is answered or shown; whether the first answer was right."""
    left, tries = list(question["hints"]), 0
    while True:
        text = read(f"{question['ask']} ({say('quiz.empty-line')}) ").strip()
        if not text and not left:
            write(say("quiz.shown").replace("{answer}", question["answer"]))
            break
        if not text:
            write(hints[left.pop(0)])
            continue
        verdict, hint = judge(question, text)
        if verdict == "right":
            write("✓ " + say("quiz.right").replace("{answer}", question["answer"]))
            break
        if verdict in ("number", "count"):
            write(say(f"quiz.{verdict}").replace("{n}", str(len(question["truth"]))))
            continue
        tries += 1
        write("✗ " + (say("quiz.no") if hint is None else hints[hint]))
    if question["wrong"]:
        write(question["wrong"])
    return verdict == "right" and not tries if text else False


def judge(question: Mapping[str, Any], text: str) -> tuple[str, int | None]:
    """``right``, ``known`` with the place of what to say about it, ``wrong``, ``number`` or ``count``; as in a page."""
    truth = question["truth"]
    bare = text.translate(_SIGNS).replace("[", " ").replace("]", " ").strip().rstrip(",")
    parts = bare.split(",") if "," in bare else bare.split() if len(truth) > 1 else [bare]
    values = [calculate(part, question["names"]) for part in parts]
    if not all(map(math.isfinite, values)):
        return "number", None
    if len(values) != len(truth):
        return "count", None

    def meets(numbers: Sequence[float]) -> bool:
        pairs = zip(values, numbers, strict=True)
        return all(abs(value - number) <= max(0.005 * abs(number), question["tiny"]) for value, number in pairs)

    if meets(truth):
        return "right", None
    for known in question["known"]:
        if len(known["numbers"]) == len(values) and meets(known["numbers"]):
            return "known", known["hint"]
    return "wrong", None


def calculate(text: str, names: Mapping[str, float]) -> float:
    """The value of a formula such as ``2*x*gy`` or ``-1/3``; NaN where it has none. Nothing else is evaluated."""
    try:
        return float(_value(ast.parse(text[:_LONGEST].strip().replace("^", "**"), mode="eval").body, names))
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, KeyError, TypeError):
        return math.nan


def _value(node: ast.AST, names: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_value(operand, names))
        case ast.Call(func=func, args=[argument], keywords=[]):
            return _FUNCTIONS[_last_name(func)](_value(argument, names))
        case ast.Attribute(value=ast.Name(id=name), attr="data"):
            return names[name]
        case ast.Name(id=name):
            return names[name] if name in names else _CONSTANTS[name]
        case ast.Attribute(attr=name):
            return _CONSTANTS[name]
    raise ValueError(node)


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
