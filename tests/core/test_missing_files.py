"""What a failure's texts say is missing."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.missing_files import MOST, Missing, MissingFile as File, MissingModule as Module, missing_in
from batchhook.core.results import Outcome, TestResult

# As Python 3.8 to 3.13 and their unittest print them, with the paths made shorter.
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
OF_A_PROCESS = """\
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
    ("message", "things"),
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
def test_a_message(message: str, things: list[Missing]) -> None:
    assert list(missing_in(failure(message))) == things


@pytest.mark.parametrize(
    ("traceback", "things"),
    [
        (LOADER_3_8, [Module("p.helper")]),
        (LOADER_3_13, [Module("p.missing")]),
        (CHAINED, [File("one.json"), Module("d.nope")]),
        (GROUP, [File("one"), Module("two")]),
        (OF_A_PROCESS, [File("of_the_process.json")]),
        (CODE, []),
    ],
)
def test_a_traceback(traceback: str, things: list[Missing]) -> None:
    assert list(missing_in(failure(traceback=traceback))) == things


def test_what_message_and_traceback_both_say_is_told_once() -> None:
    message = "cannot import name 'nope' from 'd' (unknown location)"
    assert list(missing_in(failure(message, CHAINED))) == [Module("d.nope"), File("one.json")]


def test_no_more_than_the_bound_are_told() -> None:
    said = "\n".join(f"No module named 'm{number}'" for number in range(MOST + 5))
    assert [thing for thing in missing_in(failure(said)) if isinstance(thing, Module)] == [
        Module(f"m{number}") for number in range(MOST)
    ]


PHRASES = ["No such file or directory: ", "No module named ", "cannot import name 'x' from ", " -> ", "PosixPath("]
SIGNS = ["'", '"', "b'", "\\", "\\x", "\\U0011", ")", "a", ".", "/", "\n", "    ", "\0", "\udce9", "é", "0000"]
PIECES = st.sampled_from([*PHRASES, *SIGNS])
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=15).map("".join)


@given(TEXTS, TEXTS)
def test_any_text_is_read(message: str, traceback: str) -> None:
    things = missing_in(failure(message, traceback))
    assert len(things) == len(set(things)) <= MOST
    assert all(thing.path if isinstance(thing, File) else thing.name for thing in things)


@given(st.text(min_size=1, max_size=40) | st.binary(min_size=1, max_size=40))
def test_every_name_is_read_as_python_writes_it(name: str | bytes) -> None:
    expected = name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
    assert missing_in(failure(str(FileNotFoundError(2, "No such file or directory", name)))) == (File(expected),)


def test_long_texts_take_no_long_time() -> None:
    quotes = "No such file or directory: '" * 2_000
    assert missing_in(failure(quotes, "\\" * 100_000 + quotes)) == missing_in(failure(quotes))
