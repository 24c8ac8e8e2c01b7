"""Faults to plant: small mistakes in a project's own code, written into the source text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

SWAPS = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
    "is": "is not",
    "is not": "is",
    "in": "not in",
    "not in": "in",
    "+": "-",
    "-": "+",
    "and": "or",
    "or": "and",
}
_OPERATOR = re.compile(rf"[\s()]*({'|'.join(re.escape(word) for word in sorted(SWAPS, key=len, reverse=True))})[\s()]*")


class Kind(str, Enum):
    """Kind of mistake."""

    COMPARISON = "a comparison is inverted"
    SIGN = "+ and - are swapped"
    CONNECTIVE = "`and` and `or` are swapped"
    NUMBER = "a number is off by one"
    RESULT = "None is returned"
    CONDITION = "a condition is negated"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake.

    Attributes:
        path: the file's, relative to the top of the repository.
        function: qualified name of the function.
        line: from 1.
        column: from 0, in bytes.
        old: text to replace.
        new: its replacement.
    """

    path: str
    function: str
    line: int
    column: int
    old: str
    new: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column} {self.old} -> {self.new}"

    def apply(self, text: bytes) -> bytes:
        """Return a file's text with the mistake in it; lines may have been added at its end.

        Raises:
            ValueError: the text to replace is not there.
        """
        lines, old = text.split(b"\n"), self.old.encode()
        line = lines[self.line - 1]
        if line[self.column : self.column + len(old)] != old:
            raise ValueError(f"no {self.old} at {self.path}:{self.line}:{self.column}")
        lines[self.line - 1] = line[: self.column] + self.new.encode() + line[self.column + len(old) :]
        return b"\n".join(lines)


def own_modules(top: Path) -> list[str]:
    """Return the paths of a project's own modules: those in packages, without tests."""
    paths = (path.relative_to(top) for path in sorted(top.rglob("*.py")) if (path.parent / "__init__.py").exists())
    return [path.as_posix() for path in paths if not any(part.startswith(("test", ".")) for part in path.parts)]


def find_mutations(text: bytes, path: str, *, in_functions: bool = True) -> list[Mutation]:
    """Return all mistakes that can be planted into the bodies of a file's functions, or into the rest of the file."""
    lines = text.split(b"\n")
    mutations = []
    for function, node, is_body in _walk(ast.parse(text).body, "", within=False):
        if is_body is not in_functions:
            continue
        for kind, span, template in _list_edits(node):
            if span is not None:
                old = lines[span.line - 1][span.begin : span.end].decode()
                mutations += _create_mutation(path, function, span, old, (kind, template))
    return mutations


@dataclass(frozen=True, slots=True)
class _Span:
    """Part of one line; columns in bytes."""

    line: int
    begin: int
    end: int


def _walk(nodes: Iterable[ast.AST], name: str, *, within: bool) -> Iterator[tuple[str, ast.AST, bool]]:
    """Yield every node, the name of the function or class that it is in, and whether it is in a function's body.

    Defaults, annotations and decorators are no part of the body.
    """
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _walk([node.args, *node.decorator_list], name, within=within)
                yield from _walk(node.body, f"{name}.{node.name}", within=True)
            case ast.ClassDef():
                yield from _walk(node.body, f"{name}.{node.name}", within=False)
            case ast.JoinedStr():
                pass  # before Python 3.12 its parts have no positions
            case _:
                yield name, node, within
                yield from _walk(ast.iter_child_nodes(node), name, within=within)


def _list_edits(node: ast.AST) -> Iterator[tuple[Kind, _Span | None, str]]:
    """Yield the possible edits of a node: kind, place, and template (``{}`` is the old text; "" to use ``SWAPS``)."""
    match node:
        case ast.Compare(left=left, comparators=[right]):
            yield Kind.COMPARISON, _between(left, right), ""
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            yield Kind.SIGN, _between(left, right), ""
        case ast.BoolOp(values=[left, right, *_]):
            yield Kind.CONNECTIVE, _between(left, right), ""
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            yield Kind.NUMBER, _whole(node), str(number + 1)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant) or value.value is not None:
            yield Kind.RESULT, _whole(value), "None"
        case ast.If(test=test):
            yield Kind.CONDITION, _whole(test), "not ({})"
        case _:
            pass


def _whole(node: ast.expr) -> _Span | None:
    if node.end_lineno != node.lineno or node.end_col_offset is None:
        return None
    return _Span(node.lineno, node.col_offset, node.end_col_offset)


def _between(left: ast.expr, right: ast.expr) -> _Span | None:
    if left.end_lineno != right.lineno or left.end_col_offset is None:
        return None
    return _Span(right.lineno, left.end_col_offset, right.col_offset)


def _create_mutation(path: str, function: str, span: _Span, old: str, edit: tuple[Kind, str]) -> list[Mutation]:
    """Return one mutation; none if the text is not what the syntax tree suggests."""
    kind, template = edit
    column, new = span.begin, template.format(old)
    if not template:
        operator = _OPERATOR.fullmatch(old)
        if operator is None:
            return []
        column += operator.start(1)
        old, new = operator[1], SWAPS[operator[1]]
    if kind is Kind.NUMBER and not old.isdecimal():
        return []
    return [Mutation(path, function.lstrip("."), span.line, column, old, new, kind)]
