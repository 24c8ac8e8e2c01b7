"""Ids, outcomes and reasons of all kinds of tests, compared with pytest's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engines.pytest.conftest import PytestProject

PARAMETERS = r"""
import enum, pytest
class Colour(enum.Enum): RED = 1
class Thing: pass
@pytest.mark.parametrize("value", ["", " ", "a::b", "a/b.py::c", "[x]", "]", "\n\t", "\0", "é", "\U0001f600", "\ud800",
    b"\xff", 1.5, None, True, Colour.RED, Thing, Thing(), {"a": 1}, "x" * 3000, "same", "same", "-k", "a b", "%s",
    "{}"])
def test_odd(value): pass
@pytest.mark.parametrize("value", [1, 2], ids=["é::\U0001f600", "a\nb"])
def test_named(value): assert value == 1
@pytest.mark.parametrize("value", [pytest.param(1, id="one"), pytest.param(2, marks=pytest.mark.xfail(reason="no")),
    pytest.param(3, marks=pytest.mark.skip(reason="not now"))])
def test_marked(value): assert value == 1
@pytest.mark.parametrize("value", {"pear", "apple", "quince", "lemon", "fig", "plum"})
def test_set(value): assert value != "fig"
@pytest.mark.parametrize("a", range(20))
@pytest.mark.parametrize("b", range(10))
def test_many(a, b): assert (a, b) != (3, 4)
@pytest.mark.parametrize("value", [])
def test_empty(value): pass
"""

MARKS = """
import pytest
def test_pass(): pass
def test_fail(): assert 0
def test_raise(): raise ValueError("x")
@pytest.mark.skip
def test_skip(): pass
@pytest.mark.skip(reason="a reason")
def test_skip_reason(): pass
@pytest.mark.skipif(True, reason="some condition")
def test_skipif(): pass
def test_skip_call(): pytest.skip("in the call")
def test_importorskip(): pytest.importorskip("no_such_module_anywhere")
@pytest.mark.xfail(reason="known")
def test_xfail(): assert 0
@pytest.mark.xfail
def test_xfail_bare(): assert 0
@pytest.mark.xfail(reason="known")
def test_xpass(): pass
@pytest.mark.xfail(strict=True, reason="strictly")
def test_xpass_strict(): pass
@pytest.mark.xfail(raises=KeyError, reason="of this kind")
def test_xfail_other(): raise ValueError
@pytest.mark.xfail(run=False, reason="never")
def test_xfail_norun(): raise SystemExit
def test_xfail_call(): pytest.xfail("by a call")
def test_pytest_fail(): pytest.fail("plainly", pytrace=False)
@pytest.fixture
def broken(): raise OSError("setup")
@pytest.fixture
def breaks_after():
    yield
    raise OSError("teardown")
@pytest.fixture
def skips(): pytest.skip("in a fixture")
@pytest.fixture(scope="module")
def broken_module(): raise OSError("module")
def test_setup_error(broken): pass
def test_teardown_error(breaks_after): pass
def test_fail_and_teardown_error(breaks_after): assert 0
@pytest.mark.skip(reason="and so no teardown")
def test_skip_and_teardown_error(breaks_after): pass
@pytest.mark.xfail(reason="the setup, too")
def test_xfail_setup(broken): pass
@pytest.mark.xfail(reason="but not the teardown")
def test_xfail_teardown(breaks_after): assert 0
def test_skips(skips): pass
def test_module_1(broken_module): pass
def test_module_2(broken_module): pass
def test_unknown_fixture(no_such_fixture): pass
def test_exit(): raise SystemExit(3)
def test_recursion():
    def f(): f()
    f()
def test_group():
    try: raise KeyError("inner")
    except KeyError as error: raise RuntimeError("outer") from error
class TestPlain:
    @classmethod
    def setup_class(cls): cls.value = 1
    def setup_method(self): self.own = 2
    def test_1(self): assert (self.value, self.own) == (1, 2)
    def test_2(self): assert 0
    class TestNested:
        def test_3(self): pass
class TestBrokenSetup:
    def setup_class(cls): raise OSError("class")
    def test_1(self): pass
    def test_2(self): pass
@pytest.mark.xfail(reason="all of it")
class TestExpected:
    def test_1(self): pass
    def test_2(self): assert 0
class TestWithInit:
    def __init__(self): pass
    def test_uncollected(self): pass
def test_xfail_added(request):
    request.applymarker(pytest.mark.xfail(reason="added"))
    assert 0
def test_duplicate(): assert 0
def test_duplicate(): pass
"""

UNITTEST = """
import unittest
class A(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.value = 1
    def setUp(self): self.own = 2
    def test_pass(self): self.assertEqual((self.value, self.own), (1, 2))
    def test_fail(self): self.fail("x")
    def test_error(self): raise KeyError
    @unittest.skip("not now")
    def test_skip(self): pass
    def test_skip_call(self): self.skipTest("in the call")
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_cleanup_error(self): self.addCleanup(lambda: 1 / 0)
class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError
    def test_1(self): pass
    def test_2(self): pass
class C(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): raise OSError
    def test_1(self): pass
    def test_2(self): pass
@unittest.skip("the class")
class D(unittest.TestCase):
    def test_1(self): pass
class E(unittest.TestCase):
    def setUp(self): raise unittest.SkipTest("in setUp")
    def test_1(self): pass
class F(unittest.IsolatedAsyncioTestCase):
    async def test_1(self): pass
    async def test_2(self): self.fail()
class G(unittest.TestCase):
    def tearDown(self): raise OSError
    def test_1(self): pass
    def test_2(self): self.fail()
"""

ITEMS = r"""
import pytest
class YamlFile(pytest.File):
    def collect(self):
        for name in ("plain", "a\nb", "a::b", "\ud800x", "\U0001f600", "y" * 900, "twice", "twice", "", " "):
            yield YamlItem.from_parent(self, name=name)
class YamlItem(pytest.Item):
    def runtest(self): assert self.name not in ("a::b", "\ud800x")
    def repr_failure(self, excinfo): return "it \ud800 fails"
    def reportinfo(self): return self.fspath, 0, "yaml"
def pytest_collect_file(parent, %s):
    path = %s
    if str(path).endswith(".yaml"):
        return YamlFile.from_parent(parent, **{"%s": path})
"""


def test_parameters(project: PytestProject) -> None:
    rows = project.write({"test_p.py": PARAMETERS, "tests/deep/test_q.py": PARAMETERS}).compare()
    assert len(rows) == 2 * (26 + 2 + 3 + 6 + 200 + 1)


def test_marks_classes_and_unittest(project: PytestProject) -> None:
    project.write({"test_m.py": MARKS, "pkg/__init__.py": "", "pkg/test_u.py": UNITTEST})
    outcomes = {outcome for _, outcome, _ in project.compare()}
    assert outcomes == {"passed", "failed", "errored", "skipped", "expected failure", "xpassed"}


def test_everything_strict(project: PytestProject) -> None:
    """Warnings are errors, and so are unknown marks and expected failures that pass: none is batchhook's."""
    project.write(
        {
            "pytest.ini": "[pytest]\naddopts = --strict-markers --strict-config -W error\nxfail_strict = true\n"
            "filterwarnings =\n    error\n",
            "test_m.py": MARKS,
            "test_w.py": "import warnings\ndef test_w(): warnings.warn('w')\n",
        }
    )
    rows = project.compare()
    assert ("test_w.py::test_w", "failed", "") in rows
    assert ("test_m.py::test_xpass", "failed", "") in rows


def test_items_of_other_kinds(project: PytestProject) -> None:
    argument = ("file_path", "file_path", "path") if project.version >= (7,) else ("path", "path", "fspath")
    project.write({"conftest.py": ITEMS % argument, "a.yaml": "", "data/b.yaml": "", "test_m.py": "def test_1(): pass"})
    assert len(project.compare()) == 21


def test_doctests(project: PytestProject) -> None:
    project.write(
        {
            "pytest.ini": "[pytest]\naddopts = --doctest-modules --doctest-glob=*.rst\n",
            "lib/__init__.py": '"""\n>>> 1 + 1\n2\n"""',
            "lib/mod.py": '''
                def f():
                    """
                    >>> f()
                    2
                    >>> f()
                    1
                    """
                    return 1
                def g():
                    """
                    >>> g()  # doctest: +SKIP
                    """
            ''',
            "docs/guide.rst": "Text.\n\n>>> 1\n1\n",
            "docs/broken.rst": ">>> 1 / 0\n1\n",
            "test_m.py": "def test_1(): pass",
        }
    )
    assert {outcome for _, outcome, _ in project.compare()} == {"passed", "failed", "skipped"}


def test_subtests(project: PytestProject, require: object) -> None:
    if project.version < (9,):
        require("pytest_subtests")  # type: ignore[operator]
    project.write(
        {
            "test_s.py": """
                import pytest, unittest
                def test_fine(subtests):
                    for i in range(3):
                        with subtests.test(msg="m", i=i): pass
                def test_some(subtests):
                    for i in range(9):
                        with subtests.test(i=i): assert i % 2
                def test_skips(subtests):
                    with subtests.test("a"): pytest.skip("inside")
                def test_then_fails(subtests):
                    with subtests.test("a"): pass
                    assert 0
                @pytest.mark.xfail(reason="expected")
                def test_xfail(subtests):
                    with subtests.test("a"): assert 0
                class A(unittest.TestCase):
                    def test_fine(self):
                        for i in range(3):
                            with self.subTest(i=i): pass
                    def test_some(self):
                        for i in range(9):
                            with self.subTest(i=i): self.assertTrue(i % 2)
                    def test_skips(self):
                        with self.subTest(i=1): self.skipTest("inside")
            """
        }
    )
    project.compare()
    failed = project.by_name(project.run())["test_some"]
    assert failed.subtests_failed == 5
    assert "i=0" in failed.traceback
    assert failed.location == "test_s.py:8"
