"""What a failure shows: the cause, its place in the checkout, and what the test printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.engines.pytest.conftest import PytestProject

SUITE = '''\
import logging, sys, unittest
import pytest
import lib
@pytest.mark.parametrize("n", [1, 2])
def test_parameters(n):
    print("printed", n)
    sys.stderr.write("written\\n")
    logging.warning("logged")
    assert lib.half(n) == 1
@pytest.fixture
def broken():
    print("in the fixture")
    lib.fails()
def test_fixture(broken): pass
class TestA(unittest.TestCase):
    def test_method(self):
        print("by a method")
        self.assertEqual(lib.half(2), 3)
def documented():
    """
    >>> lib.half(2)
    2
    """
@pytest.mark.xfail(strict=True, reason="should fail")
def test_strict(): pass
def test_caused():
    try: lib.fails()
    except OSError as error: raise RuntimeError("outer") from error
def test_unknown(no_such_fixture): pass
'''
LIBRARY = """\
def half(n):
    if n == 2:
        return n / 2
    return n / 2
def fails():
    raise OSError("of the library")
"""


INDENTED = """\
def test_function():
    values = [1]
    assert values == []
def test_lines():
    assert list(range(50)) == list("abcdefghijklmnopqrstuvwxyz" * 2)[:50] + [0]
"""


def test_tracebacks_keep_their_indentation_and_messages_name_no_options_of_pytest(
    project: PytestProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)  # there, pytest shortens nothing
    project.write({"test_t.py": INDENTED})
    results = project.by_name(project.run())
    function, lines = results["test_function"], results["test_lines"]
    assert function.traceback.splitlines()[:3] == [
        "    def test_function():",
        "        values = [1]",
        ">       assert values == []",
    ]
    assert "Use -v" in function.traceback
    assert "-v" not in function.message + lines.message
    assert function.message.startswith("assert [1] == []\n")


def test_texts(project: PytestProject) -> None:
    project.write({"test_t.py": SUITE, "lib.py": LIBRARY, "pytest.ini": "[pytest]\naddopts = --doctest-modules\n"})
    results = project.by_name(project.run())
    shown = {name: (result.error_type, result.location) for name, result in results.items() if result.error_type}
    assert shown == {
        "test_parameters[1]": ("AssertionError", "test_t.py:9"),
        "test_fixture": ("OSError", "lib.py:6"),
        "TestA::test_method": ("AssertionError", "test_t.py:18"),
        "test_t.documented": ("DocTestFailure", "test_t.py:21"),
        "test_caused": ("OSError", "lib.py:6"),
        "test_unknown": ("FixtureLookupError", "test_t.py:29"),
    }
    parameters = results["test_parameters[1]"]
    assert parameters.message.splitlines()[0] == "assert 0.5 == 1"
    for text in ("printed 1", "written", "logged", "Captured stdout call", "Captured stderr call", "Captured log call"):
        assert text in parameters.traceback
    assert "in the fixture" in results["test_fixture"].traceback
    assert results["test_fixture"].message == "of the library"
    assert "by a method" in results["TestA::test_method"].traceback
    assert results["test_t.documented"].message == "lib.half(2): expected 2, got 1.0"
    assert "Expected:" in results["test_t.documented"].traceback
    assert "should fail" in results["test_strict"].message
    assert "raised as RuntimeError: outer" in results["test_caused"].message
    assert "no_such_fixture" in results["test_unknown"].message
    assert "fixture 'no_such_fixture' not found" in results["test_unknown"].traceback
    assert not any("_batchhook_engines" in result.traceback for result in results.values())
