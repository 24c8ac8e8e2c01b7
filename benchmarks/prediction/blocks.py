"""Functions of a file, to tell which of them a change touched."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

REST = "*"
"""Name of everything in a file that is in no function: imports, constants, the bodies of classes."""


def changed_blocks(path: str, before: bytes | None, after: bytes | None) -> frozenset[str]:
    """Return the functions of a Python file whose code differs, as ``path:Class.method``; comments do not count."""
    first, second = _blocks(before), _blocks(after)
    names = (name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return frozenset(f"{path}:{name}" for name in names)


def _blocks(text: bytes | None) -> dict[str, str]:
    try:
        tree = ast.parse(text or b"")
    except (SyntaxError, ValueError):
        return {REST: repr(text)}
    blocks: dict[str, str] = {}
    rest = list(_walk(tree.body, "", blocks))
    return blocks | {REST: "\n".join(rest)}


def _walk(nodes: Iterable[ast.stmt], prefix: str, blocks: dict[str, str]) -> Iterator[str]:
    """Enter functions into ``blocks``, and yield all other statements."""
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                blocks[prefix + name] = blocks.get(prefix + name, "") + ast.dump(node)
                list(_walk(node.body, f"{prefix}{name}.", blocks))
            case ast.ClassDef(name=name, bases=bases, body=body):
                yield f"{name} {[ast.dump(base) for base in bases]}"
                yield from _walk(body, f"{prefix}{name}.", blocks)
            case _:
                yield ast.dump(node)
