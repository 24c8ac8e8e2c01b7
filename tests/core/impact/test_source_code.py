from __future__ import annotations

import textwrap

from hypothesis import given, strategies

from batchhook.core.impact.source_code import TOP_LEVEL, SourceCode, parse_source

BASE = """\
import os
from . import sibling

LIMIT = 3


def outer(a, b=1):
    def inner():
        return a

    return inner() + LIMIT


class Account:
    rate = 2

    @property
    def balance(self):
        return self.rate
"""


def parse(text: str, path: str = "pkg/mod.py") -> SourceCode:
    return parse_source(textwrap.dedent(text).encode(), path)


def changed(before: str, after: str) -> set[str]:
    assert before != after
    return set(parse(before).changed_parts(parse(after)))


def test_the_body_of_a_function_is_a_part_of_its_own() -> None:
    assert changed(BASE, BASE.replace("inner() + LIMIT", "inner() - LIMIT")) == {"outer"}
    assert changed(BASE, BASE.replace("return a\n", "return -a\n")) == {"outer.inner"}
    assert changed(BASE, BASE.replace("return self.rate", "return 1")) == {"Account.balance"}


def test_everything_else_is_top_level() -> None:
    for old, new in (
        ("LIMIT = 3", "LIMIT = 4"),
        ("b=1", "b=2"),
        ("a, b", "b, a"),
        ("@property", "@staticmethod"),
        ("rate = 2", "rate = 3"),
        ("import os", "import sys"),
        ("class Account:", "class Account(dict):"),
    ):
        assert changed(BASE, BASE.replace(old, new)) == {TOP_LEVEL}, old


def test_a_signature_inside_of_a_function_belongs_to_what_is_around_it() -> None:
    assert changed(BASE, BASE.replace("def inner()", "def inner(c=2)")) == {"outer"}


def test_a_new_function_changes_the_top_level() -> None:
    assert changed(BASE, f"{BASE}\n\ndef more():\n    pass\n") == {"more", TOP_LEVEL}


def test_comments_and_formatting_do_not_count() -> None:
    other = BASE.replace("LIMIT = 3", "LIMIT = 3  # times").replace("inner() + LIMIT", "(inner()\n        + LIMIT)")
    assert not changed(BASE, f"# first\n\n{other}")


def test_functions_that_run_for_several_tests_belong_to_the_top_level() -> None:
    for decorator in (
        "@functools.lru_cache(maxsize=None)",
        "@pytest.fixture",
        "@fixture(scope='module')",
        "@app.register",
    ):
        text = f"{decorator}\ndef shared():\n    def inner():\n        return 1\n    return inner()\n"
        assert changed(text, text.replace("return 1", "return 2")) == {TOP_LEVEL}, decorator


def test_functions_of_one_name_are_told_apart() -> None:
    text = """\
        class A:
            @property
            def x(self):
                return 1

            @x.setter
            def x(self, value):
                self.y = value
    """
    code = parse(text)
    assert [body.name for body in code.functions] == ["A.x", "A.x#2"]
    assert code.changed_parts(parse(text.replace("self.y", "self.z"))) == {"A.x#2"}


def test_lines_belong_to_the_innermost_function() -> None:
    code = parse(BASE)
    names = {number: code.part_at(number) for number in range(1, BASE.count("\n") + 1)}
    assert names[1] == names[4] == names[13] == names[14] == TOP_LEVEL
    assert names[7] == names[11] == "outer"
    assert names[8] == names[9] == "outer.inner"
    assert names[17] == names[19] == "Account.balance", "a code object begins at its first decorator"


def test_imports_are_resolved_with_their_packages() -> None:
    code = parse("import a.b.c\nfrom ..up import x\nfrom . import y\ndef f():\n    import late\n", "pkg/sub/mod.py")
    assert {"a", "a.b", "a.b.c", "pkg.up", "pkg.up.x", "pkg.sub", "pkg.sub.y", "late"} <= code.imports
    assert not code.is_dynamic
    assert parse("import importlib\nm = importlib.import_module(name)\n").is_dynamic
    assert parse("m = __import__(name)\n").is_dynamic


def test_what_cannot_be_parsed_is_top_level() -> None:
    assert changed("def f(:\n", "def g(:\n") == {TOP_LEVEL}
    assert parse("def f(:\n").is_dynamic, "its imports are unknown"
    assert parse_source(b"\0", "x.py").functions == ()
    assert parse_source(b"# coding: nonsense\n", "x.py").functions == ()
    assert parse_source(b"x = 1\n" * 400_000, "x.py").is_dynamic, "too large"


STATEMENTS = strategies.sampled_from(["x = 1", "y = f(2)", "return 3", "pass", "for i in z:\n        pass"])


@given(
    strategies.lists(strategies.lists(STATEMENTS, min_size=1, max_size=3), min_size=1, max_size=5), strategies.data()
)
def test_changing_one_body_changes_one_part(bodies: list[list[str]], data: strategies.DataObject) -> None:
    def text() -> str:
        return "\n".join(
            f"def f{number}():\n" + "\n".join(f"    {line}" for line in body) for number, body in enumerate(bodies)
        )

    before = parse(text())
    number = data.draw(strategies.integers(0, len(bodies) - 1))
    bodies[number] = [*bodies[number], "changed = True"]
    assert before.changed_parts(parse(text())) == {f"f{number}"}
