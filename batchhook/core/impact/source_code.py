"""The parts of a Python file that a change to it can touch: the bodies of its functions, and everything else.

The checksum of a part covers its syntax tree, so comments and formatting do not count. The body of a nested function is
a part of its own. Some functions count as a part of what is around them, since one test may run their bodies for
others: those whose decorator makes a fixture of them, or keeps what they return.
"""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

TOP_LEVEL = "<module>"
"""Name of everything in a file that is not the body of a function."""
MAX_BYTES = 1024 * 1024
"""Larger files are not parsed."""

_SHARED = re.compile(r"fixture|cache|memo|singledispatch|register|lazy|once", re.IGNORECASE)
"""Decorators of functions whose bodies run once for several tests, or are called by what they were registered with."""
_DYNAMIC = frozenset(
    {
        *("__import__", "import_module", "load_module", "exec_module", "spec_from_file_location"),
        *("iter_modules", "walk_packages", "run_path", "run_module", "entry_points", "find_spec", "load_source"),
    }
)
"""Functions that import modules whose names are not in the text."""


@dataclass(frozen=True, slots=True)
class FunctionBody:
    """The body of a function.

    Attributes:
        name: qualified by the classes and functions around it; a number follows if the file has another of that name.
        first_line: of the function, its decorators included.
        last_line: of the function.
        checksum: of the body.
    """

    name: str
    first_line: int
    last_line: int
    checksum: str


@dataclass(frozen=True, slots=True)
class SourceCode:
    """The parts of a Python file.

    Attributes:
        top_level: checksum of everything that is no body of a function.
        functions: in the order of their first lines.
        imports: names of the modules that it may import, and of what may be modules.
        is_dynamic: whether it may also import modules that it does not name.
    """

    top_level: str
    functions: tuple[FunctionBody, ...] = ()
    imports: frozenset[str] = frozenset()
    is_dynamic: bool = False

    def part_at(self, line: int) -> str:
        """Return the name of the innermost function at a line; that of the top level if there is none."""
        inside = [each for each in self.functions if each.first_line <= line <= each.last_line]
        return max(inside, key=lambda each: each.first_line).name if inside else TOP_LEVEL

    def changed_parts(self, other: SourceCode) -> frozenset[str]:
        """Return the names of the parts that differ, or exist only in one of both."""
        mine = {(each.name, each.checksum) for each in self.functions}
        others = {(each.name, each.checksum) for each in other.functions}
        names = {name for name, _ in mine ^ others}
        return frozenset(names | ({TOP_LEVEL} if self.top_level != other.top_level else set()))


def parse_source(text: bytes, path: str) -> SourceCode:
    """Parse a file; one that this Python cannot parse, or that is very large, is all top level.

    Args:
        text: of the file.
        path: relative to the top; relative imports depend on it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text if len(text) <= MAX_BYTES else b"?")
        imports = frozenset(_imported_modules(tree, path))
        is_dynamic = any(map(_is_dynamic_import, ast.walk(tree)))
        functions = tuple(_take_functions(tree))
        return SourceCode(_checksum(tree), functions, imports, is_dynamic)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return SourceCode(hashlib.sha256(text).hexdigest()[:_DIGITS], is_dynamic=True)


_DIGITS = 20
"""Of a checksum."""


def _checksum(node: ast.AST) -> str:
    return hashlib.sha256(ast.dump(node).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _take_functions(tree: ast.Module) -> Iterator[FunctionBody]:
    """Return the functions of a file, outer ones first, and empty their bodies in the tree."""
    counts: dict[str, int] = {}
    functions: list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]] = []
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:
        prefix, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if any(_SHARED.search(ast.unparse(decorator)) for decorator in child.decorator_list):
                    continue
                functions.append((f"{prefix}{child.name}", child))
            is_named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            waiting.append((f"{prefix}{child.name}." if is_named else prefix, child))  # type: ignore[attr-defined]
    functions.sort(key=lambda entry: (entry[1].lineno, entry[1].col_offset))
    bodies: list[FunctionBody] = []
    for name, node in reversed(functions):  # those inside of others first
        inside = ast.Module(body=node.body, type_ignores=[])
        first_line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        bodies.append(FunctionBody(name, first_line, node.end_lineno or node.lineno, _checksum(inside)))
        node.body = []
    for body in reversed(bodies):
        counts[body.name] = counts.get(body.name, 0) + 1
        number = counts[body.name]
        name = body.name if number == 1 else f"{body.name}#{number}"
        yield FunctionBody(name, body.first_line, body.last_line, body.checksum)


def _imported_modules(tree: ast.Module, path: str) -> Iterator[str]:
    """Yield the names that a file imports anywhere in it, and their packages."""
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join((*above, *filter(None, (node.module,))))
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _is_dynamic_import(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _DYNAMIC
    return isinstance(node, ast.Attribute) and node.attr in _DYNAMIC
