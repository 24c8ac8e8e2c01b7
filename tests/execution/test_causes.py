"""Errors are named by their cause: of modules that cannot be imported, of fixtures, and of chained exceptions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.execution.conftest import Project


@pytest.mark.parametrize(
    ("source", "error_type", "message", "location"),
    [
        ("from library import f\n", "ImportError", "cannot import name 'f' from 'library' (library.py)", "test_m.py:1"),
        ("x = 1\ndef (:\n", "SyntaxError", "invalid syntax", "test_m.py:2"),
        ("import library\nlibrary.fail('a\\n  b: c')", "ValueError", "a\n  b: c", "library.py:1"),
        (
            "try: import nowhere\nexcept ImportError as error: raise RuntimeError('optional') from error",
            "ModuleNotFoundError",
            "No module named 'nowhere' (raised as RuntimeError: optional)",
            "test_m.py:1",
        ),
        ("class E(Exception): pass\nraise E", "E", "", "test_m.py:2"),
        ("def f():\n  class E(Exception): pass\n  raise E('local')\nf()", "E", "local", "test_m.py:3"),
        ("def load_tests(*_): raise OSError('no tests')", "OSError", "no tests", "test_m.py:1"),
    ],
)
def test_modules(project: Project, source: str, error_type: str, message: str, location: str) -> None:
    project.write(library="def fail(text): raise ValueError(text)\n", test_m=source)
    (result,) = project.run().results
    assert (result.error_type, result.message, result.location) == (error_type, message, location)
    assert result.traceback.startswith(("ImportError: Failed to import test module: test_m\n", "Failed", "Traceback"))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_exception_groups(project: Project) -> None:
    project.write(
        test_m="""
            import unittest
            class T(unittest.TestCase):
                def test(self): raise ExceptionGroup("tasks", [ValueError("first"), OSError("second")])
        """
    )
    (result,) = project.run().results
    assert (result.error_type, result.message) == (
        "ValueError",
        "first (raised as ExceptionGroup: tasks (2 sub-exceptions))",
    )


def test_fixtures_and_tests(project: Project) -> None:
    project.write(
        test_m="""
            import unittest
            def fail(): raise ValueError("root")
            class A(unittest.TestCase):
                @classmethod
                def setUpClass(cls):
                    try: fail()
                    except ValueError as error: raise RuntimeError("wrapped") from error
                def test(self): pass
            class B(unittest.TestCase):
                def test_handled(self):
                    try: {}["key"]
                    except KeyError: raise OSError("while")
                def test_suppressed(self):
                    try: {}["key"]
                    except KeyError: raise OSError("alone") from None
                def test_assertion(self):
                    try: {}["key"]
                    except KeyError as error: raise AssertionError("bad") from error
                def test_circle(self):
                    first, second = ValueError("first"), ValueError("second")
                    first.__cause__, second.__cause__ = second, first
                    raise first
                def test_unprintable(self):
                    class Silent(Exception):
                        def __str__(self): raise OSError
                    raise RuntimeError("printable") from Silent()
        """
    )
    summaries = {
        result.test_id: (result.outcome.value, result.error_type, result.message) for result in project.run().results
    }
    assert summaries == {
        "setUpClass (test_m.A)": ("errored", "ValueError", "root (raised as RuntimeError: wrapped)"),
        "test_m.B.test_handled": ("errored", "OSError", "while (while handling KeyError: 'key')"),
        "test_m.B.test_suppressed": ("errored", "OSError", "alone"),
        "test_m.B.test_assertion": ("failed", "AssertionError", "bad (caused by KeyError: 'key')"),
        "test_m.B.test_circle": ("errored", "ValueError", "second (raised as ValueError: first)"),
        "test_m.B.test_unprintable": (
            "errored",
            "Silent",
            "<str() of the exception failed> (raised as RuntimeError: printable)",
        ),
    }
