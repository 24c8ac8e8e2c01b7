"""Detection of missing files and modules in the texts of a failure."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.missing_items import (
    MAX_ITEMS,
    MissingFile as File,
    MissingItem,
    MissingModule as Module,
    find_missing,
)
from batchhook.core.results import Outcome, TestResult

# Output of Python 3.8 to 3.13 with their unittest; paths are shortened.
LOADER_3_8 = """\
ImportError: Failed to import test module: p.test_a
Traceback (most recent call last):
  File "/lib/python3.8/unittest/loader.py", line 436, in _find_test_path
    module = self._get_module_from_name(name)
  File "/lib/python3.8/unittest/loader.py", line 377, in _get_module_from_name
    __import__(name)
  File "/checkout/p/test_a.py", line 2, in <module>
    from p import helper
ImportError: cannot import name 'helper' from 'p' (/checkout/p/__init__.py)

"""
LOADER_3_13 = """\
ImportError: Failed to import test module: p.test_a
Traceback (most recent call last):
  File "/lib/python3.13/unittest/loader.py", line 396, in _find_test_path
    module = self._get_module_from_name(name)
  File "/lib/python3.13/unittest/loader.py", line 339, in _get_module_from_name
    __import__(name)
    ~~~~~~~~~~^^^^^^
  File "/checkout/p/test_a.py", line 2, in <module>
    import p.missing.deep
ModuleNotFoundError: No module named 'p.missing'

"""
CHAINED = """\
Traceback (most recent call last):
  File "/checkout/p/test_b.py", line 5, in test_c
    open("one.json")
    ~~~~^^^^^^^^^^^^
FileNotFoundError: [Errno 2] No such file or directory: 'one.json'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/checkout/p/test_b.py", line 7, in test_c
    from d import nope
ImportError: cannot import name 'nope' from 'd' (unknown location)
"""
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/checkout/test_g.py", line 9, in test_g
  |     raise ExceptionGroup("No such file or directory: 'not me'", errors)
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/checkout/test_g.py", line 6, in test_g
    |     open("one")
    | FileNotFoundError: [Errno 2] No such file or directory: 'one'
    +---------------- 2 ----------------
    | ModuleNotFoundError: No module named 'two'
    +------------------------------------
"""
SUBPROCESS = """\
AssertionError: 'Traceback (most recent call last):\\n  File[90 chars]on'
- Traceback (most recent call last):
-   File "<string>", line 1, in <module>
- FileNotFoundError: [Errno 2] No such file or directory: 'of_the_process.json'
+ the end
"""
CODE = """\
Traceback (most recent call last):
  File "/checkout/test_it.py", line 5, in test_it
    self.assertIn("No such file or directory: 'expected'", "No module named 'expected'")
AssertionError: 1 != 2
"""


def failure(message: str = "", traceback: str = "") -> TestResult:
    return TestResult("t.T.test", "t", Outcome.ERRORED, message=message, traceback=traceback)


@pytest.mark.parametrize(
    ("message", "items"),
    [
        ("[Errno 2] No such file or directory: 'config.json'", [File("config.json")]),
        ("[Errno 2] No such file or directory: '/checkout/a b/ü.json'", [File("/checkout/a b/ü.json")]),
        ("[Errno 2] No such file or directory: b'x\\xe9'", [File("x\udce9")]),
        ("[Errno 2] No such file or directory: b'\\xc3\\xbc'", [File("ü")]),
        ("[Errno 2] No such file or directory: PosixPath('x')", [File("x")]),
        ("[Errno 2] No such file or directory: \"a'b\" -> 'b'", [File("a'b"), File("b")]),
        ("[Errno 2] No such file or directory: b'a' -> b'b'", [File("a"), File("b")]),
        ("[Errno 2] No such file or directory: 'q\"\\''", [File("q\"'")]),
        ("[Errno 2] No such file or directory: 'caf\\udce9\\n\\x1b\\\\'", [File("caf\udce9\n\x1b\\")]),
        ("[Errno 2] No such file or directory: './run.sh'", [File("./run.sh")]),
        ("[Errno 2] No such file or directory: ''", []),
        ("[Errno 2] No such file or directory: '\\UFFFFFFFF'", []),
        ("[Errno 2] No such file or directory: 'cut in the mid", []),
        ("No such file or directory", []),
        ("No module named 'a'", [Module("a")]),
        ("No module named 'a.b'", [Module("a.b")]),
        ("No module named 'os.b'; 'os' is not a package", [Module("os.b")]),
        ("No module named '..'", []),
        ("No module named '../../etc'", []),
        ("cannot import name 'x' from 'pkg' (/checkout/pkg/__init__.py)", [Module("pkg.x")]),
        ("cannot import name 'x' from 'pkg.sub' (unknown location)", [Module("pkg.sub.x")]),
        (
            "cannot import name 'x' from partially initialized module 'pkg' (most likely due to a circular import)",
            [Module("pkg.x")],
        ),
        ("cannot import name 'x' from '<unknown module name>' (unknown location)", []),
        ("1 != 2", []),
    ],
)
def test_message(message: str, items: list[MissingItem]) -> None:
    assert list(find_missing(failure(message))) == items


@pytest.mark.parametrize(
    ("traceback", "items"),
    [
        (LOADER_3_8, [Module("p.helper")]),
        (LOADER_3_13, [Module("p.missing")]),
        (CHAINED, [File("one.json"), Module("d.nope")]),
        (GROUP, [File("one"), Module("two")]),
        (SUBPROCESS, [File("of_the_process.json")]),
        (CODE, []),
    ],
)
def test_traceback(traceback: str, items: list[MissingItem]) -> None:
    assert list(find_missing(failure(traceback=traceback))) == items


def test_items_in_both_message_and_traceback_are_reported_once() -> None:
    message = "cannot import name 'nope' from 'd' (unknown location)"
    assert list(find_missing(failure(message, CHAINED))) == [Module("d.nope"), File("one.json")]


def test_number_of_items_is_bounded() -> None:
    message = "\n".join(f"No module named 'm{number}'" for number in range(MAX_ITEMS + 5))
    assert [item for item in find_missing(failure(message)) if isinstance(item, Module)] == [
        Module(f"m{number}") for number in range(MAX_ITEMS)
    ]


PHRASES = ["No such file or directory: ", "No module named ", "cannot import name 'x' from ", " -> ", "PosixPath("]
SIGNS = ["'", '"', "b'", "\\", "\\x", "\\U0011", ")", "a", ".", "/", "\n", "    ", "\0", "\udce9", "é", "0000"]
PIECES = st.sampled_from([*PHRASES, *SIGNS])
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=15).map("".join)


@given(TEXTS, TEXTS)
def test_any_text_is_handled(message: str, traceback: str) -> None:
    items = find_missing(failure(message, traceback))
    assert len(items) == len(set(items)) <= MAX_ITEMS
    assert all(item.path if isinstance(item, File) else item.name for item in items)


@given(st.text(min_size=1, max_size=40) | st.binary(min_size=1, max_size=40))
def test_every_name_is_parsed_as_python_prints_it(name: str | bytes) -> None:
    expected = name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
    assert find_missing(failure(str(FileNotFoundError(2, "No such file or directory", name)))) == (File(expected),)


def test_long_texts_take_linear_time() -> None:
    quotes = "No such file or directory: '" * 2_000
    assert find_missing(failure(quotes, "\\" * 100_000 + quotes)) == find_missing(failure(quotes))
