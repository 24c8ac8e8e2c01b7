"""Lint of words and names that ruff does not know: private vocabulary, docstrings that ask, one name for two things."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = sorted(path for path in (ROOT / "batchhook").rglob("*.py") if "demo/project" not in path.as_posix())
PROSE = [
    *PACKAGE,
    *sorted((ROOT / "hooks").iterdir()),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / ".pre-commit-hooks.yaml",
]

ARCHAIC = re.compile(
    r"\b(nobody|somebody|whoever|lest|anew|meanwhile|(?:is|are) to be|taken as given)\b", re.IGNORECASE
)
PRIVATE = re.compile(r"\b(strangers|teller|quest|hunt|troubles|mend(?:s|ed|ing)?|ways? back)\b", re.IGNORECASE)
ASKING = re.compile(r"(What|Whether|How|Who|Whom|Whose|Which|Where|Why)\b")
PRONOUNS = frozenset({"found", "said", "told", "asked", "heard", "standing", "kept", "these", "those", "seen"})
"""Participles and pronouns that name nothing: no module, class, function, parameter or variable is called so."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def documented(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and docstring of a module, its classes and functions, and strings that document an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


@pytest.mark.parametrize("pattern", [ARCHAIC, PRIVATE], ids=["archaic", "private"])
def test_words_that_are_not_used(pattern: re.Pattern[str]) -> None:
    uses = [
        f"{relative(path)}:{number}: {match.group()}"
        for path in PROSE
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for match in pattern.finditer(line)
    ]
    assert not uses, "\n".join(uses)


def test_no_docstring_asks() -> None:
    """A docstring says what is done, and who does it; it does not open with a question word."""
    asking = [
        f"{relative(path)}:{line}: {text.splitlines()[0]}"
        for path in PACKAGE
        for line, text in documented(ast.parse(path.read_text("utf-8")))
        if ASKING.match(text)
    ]
    assert not asking, "\n".join(asking)


def test_names_are_nouns_and_verbs() -> None:
    bare: list[str] = []
    for path in PACKAGE:
        if path.stem in PRONOUNS:
            bare.append(relative(path))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name, line = node.name, node.lineno
            elif isinstance(node, ast.arg):
                name, line = node.arg, node.lineno
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name, line = node.id, node.lineno
            else:
                continue
            if name.strip("_").lower() in PRONOUNS:
                bare.append(f"{relative(path)}:{line}: {name}")
    assert not bare, "\n".join(bare)


def test_a_class_name_stands_for_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in PACKAGE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(relative(path))
    twice = {name: paths for name, paths in places.items() if len(paths) > 1}
    assert not twice
