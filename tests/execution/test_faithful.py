"""Every kind of test has the same result as under unittest itself."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from batchhook.core.results import Outcome
from tests.driving import other_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.execution.conftest import Project

BASIC = """
    import unittest
    class A(unittest.TestCase):
        def test_ok(self): pass
        def test_fails(self): self.assertEqual([1, 2], [1, 3])
        def test_errs(self): {}["missing"]
        def test_exits(self): raise SystemExit(4)
        @unittest.skip("not now")
        def test_skipped(self): pass
        def test_skips(self): self.skipTest("no \\u2028 need \\udc80")
        @unittest.expectedFailure
        def test_expected(self): self.fail("as foreseen")
        @unittest.expectedFailure
        def test_unexpected(self): pass
        def test_chain(self):
            try: 1 / 0
            except ZeroDivisionError as error: raise ValueError("caf\\u00e9 \\x00 \\ud800") from error
    @unittest.skipIf(True, "whole class")
    class B(unittest.TestCase):
        def test_x(self): pass
    class Named(unittest.TestCase):
        def test_case(self): pass
        def test_fails(self): self.fail("a test called test_case is beside this one")
    class TearDown(unittest.TestCase):
        def tearDown(self): raise OSError("after")
        def test_fails(self): self.fail("first")
        def test_ok(self): self.addCleanup(lambda: 1 / 0)
"""

FIXTURES = """
    import unittest
    log = []
    def setUpModule(): log.append("up")
    def tearDownModule(): raise RuntimeError(f"module down {log}")
    class Bad(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise ValueError("no class")
        def test_never(self): pass
    class Good(unittest.TestCase):
        @classmethod
        def setUpClass(cls): log.append("class"); cls.addClassCleanup(lambda: 1 / 0)
        @classmethod
        def tearDownClass(cls): log.append("down")
        def test_1(self): self.assertEqual(log, ["up", "class"])
        def test_2(self): pass
    class Skip(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise unittest.SkipTest("class skipped")
        def test_never(self): pass
"""

MODULE_FIXTURE = """
    import unittest
    def setUpModule(): raise OSError("no module")
    class C(unittest.TestCase):
        def test_never(self): pass
    class D(unittest.TestCase):
        def test_never(self): pass
"""

LOAD_TESTS = """
    import doctest, unittest
    def double(n):
        '''
        >>> double(2)
        4
        >>> double(3)
        7
        '''
        return 2 * n
    class Same(unittest.TestCase):
        def __init__(self, name="test_n", n=0): super().__init__(name); self.n = n
        def test_n(self): self.assertNotEqual(self.n, 2)
    class Around(unittest.TestSuite):
        active = False
        def run(self, result, debug=False):
            Around.active = True
            try: return super().run(result, debug)
            finally: Around.active = False
    class Inside(unittest.TestCase):
        def test_inside(self): self.assertTrue(Around.active)
        def test_inside_2(self): self.assertTrue(Around.active)
    def load_tests(loader, tests, pattern):
        suite = unittest.TestSuite(Same(n=n) for n in range(4))
        suite.addTest(doctest.DocTestSuite(__name__))
        suite.addTest(unittest.FunctionTestCase(double.__call__.__class__ and (lambda: None), description="f"))
        suite.addTest(Around(loader.loadTestsFromTestCase(Inside)))
        return suite
"""

ASYNC = """
    import asyncio, unittest
    class Async(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self): self.value = 1
        async def test_ok(self): await asyncio.sleep(0); self.assertEqual(self.value, 1)
        async def test_fails(self): await asyncio.sleep(0); self.assertEqual(self.value, 2)
    def make(n):
        def test(self): self.assertLess(n, 3)
        return test
    class Generated(unittest.TestCase): pass
    for n in range(5): setattr(Generated, f"test_{n}", make(n))
"""

SUBTESTS = """
    import unittest
    class S(unittest.TestCase):
        def test_some(self):
            for n in range(4):
                with self.subTest(n=n): self.assertTrue(n % 2)
        def test_thousands(self):
            for n in range(3000):
                with self.subTest(n=n): self.fail(f"number {n}")
        def test_errors(self):
            for n in range(7):
                with self.subTest(n=n): raise KeyError(n)
        def test_skips(self):
            for n in range(3):
                with self.subTest(n=n): self.skipTest(f"skip {n}")
"""

# Until Python 3.12.1 the loader remembers the top folder, and testtools fails over it.
LOADER = """
    import sys, unittest
    given = []
    def load_tests(loader, tests, pattern):
        given.append(loader)
        return tests
    class Loader(unittest.TestCase):
        def test_it_is_the_default_one(self): self.assertIs(given[0], unittest.defaultTestLoader)
        def test_it_is_untouched(self):
            self.assertEqual([name for name in vars(given[0]) if callable(getattr(given[0], name))], [])
        def test_it_remembers_the_top_folder(self): self.assertIsNone(unittest.defaultTestLoader._top_level_dir)
        def test_it_loads(self):
            suite = unittest.defaultTestLoader.discover(sys.path[0], pattern="no_such_test_*.py")
            self.assertEqual(suite.countTestCases(), 0)
"""

SUITES = {
    "basic": BASIC,
    "loader": LOADER,
    "fixtures": FIXTURES,
    "module_fixture": MODULE_FIXTURE,
    "load_tests": LOAD_TESTS,
    "asynchronous": ASYNC,
}


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("name", sorted(SUITES))
def test_equals_unittest(project: Project, name: str, jobs: int) -> None:
    project.write(test_it=SUITES[name])
    assert project.rows(project.run(jobs=jobs)) == project.unittest()


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_suites_together_with_modules_that_cannot_be_imported(project: Project, jobs: int) -> None:
    project.write(
        test_broken="import no_such_module",
        test_syntax="def (:",
        test_skip="import unittest\nraise unittest.SkipTest('all')",
    )
    for name, text in SUITES.items():
        project.write(**{f"test_{name}": text})
    outcome = project.run(jobs=jobs)
    assert project.rows(outcome) == project.unittest()
    broken = project.by_id(outcome)["test_broken"]
    assert (broken.test_id, broken.module) == ("unittest.loader._FailedTest.test_broken", "test_broken")
    assert (broken.outcome, broken.location) == (Outcome.ERRORED, "test_broken.py:1")
    assert project.by_id(outcome)["test_syntax"].location == "test_syntax.py:1"


def test_order_is_unittests(project: Project) -> None:
    project.write(test_b=BASIC, test_a=ASYNC)
    project.run()
    assert project.listener.started_ids[0].startswith("test_a.Async")
    assert len(project.listener.started_ids) == project.listener.total == 21


def test_subtests_are_one_result(project: Project) -> None:
    results = project.by_id(project.write(test_s=SUBTESTS).run())
    thousands = results["test_thousands"]
    assert (thousands.outcome, thousands.subtests_failed) == (Outcome.FAILED, 3000)
    assert thousands.traceback.count("AssertionError: number") == 5
    assert "2995 more" in thousands.traceback
    assert (results["test_errors"].outcome, results["test_errors"].subtests_failed) == (Outcome.ERRORED, 7)
    assert results["test_some"].subtests_failed == 2
    assert results["test_skips"].outcome is Outcome.SKIPPED


@pytest.mark.parametrize("layout", [("tests", ""), ("tests", "."), (".", "")])
def test_start_and_top_folders(project: Project, layout: tuple[str, str]) -> None:
    start, top = layout
    project.write(tests____init__="", tests__test_x=BASIC, pkg____init__="value = 1")
    (project.root / "src").mkdir()
    (project.root / "src" / "inner.py").write_text("where = __file__")
    project.write(tests__test_y="import unittest, inner, pkg\nclass T(unittest.TestCase):\n  def test(self): pass")
    expected = project.unittest("-s", start, *(["-t", top] if top else []))
    assert project.rows(project.run(start_dir=start, top_level_dir=top)) == expected


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("arguments", [["-s", "unit"], ["-s", "unit", "-t", "."], ["-s", "pkg.sub"], ["-s", "pkg/sub"]])
def test_folders_that_are_not_packages(project: Project, arguments: list[str], jobs: int) -> None:
    """Versions of unittest treat namespace packages differently."""
    test = "import unittest, {0}\nclass T(unittest.TestCase):\n  def test(self): self.assertEqual({0}.N, 1)"
    project.write(unit__test_a=test.format("helper"), unit__helper="N = 1", helper="N = 1")
    (project.root / "pkg").mkdir()
    project.write(pkg____init__="")
    (project.root / "pkg/sub").mkdir()
    (project.root / "pkg/sub/test_b.py").write_text(test.format("helper"))
    start = arguments[1]
    outcome = project.run(start_dir=start, top_level_dir="." if "-t" in arguments else "", jobs=jobs)
    try:
        expected = project.unittest(*arguments)
    except AssertionError:  # unittest itself gives up
        assert outcome.broken_reason
    else:
        assert (project.rows(outcome) if not outcome.broken_reason else []) == expected


@pytest.mark.parametrize("jobs", [1, 2])
def test_tests_that_share_fixtures_stay_together(project: Project, jobs: int) -> None:
    project.write(
        test_m="""
            import os, unittest
            pids = set()
            def setUpModule(): pids.add(os.getpid())
            class A(unittest.TestCase):
                def test_1(self): self.assertEqual(pids, {os.getpid()})
            class B(unittest.TestCase):
                def test_1(self): self.assertEqual(pids, {os.getpid()})
        """,
        test_c="""
            import unittest
            class A(unittest.TestCase):
                seen = []
                @classmethod
                def setUpClass(cls): cls.seen.append("up")
                def test_1(self): self.assertEqual(self.seen, ["up"])
                def test_2(self): self.assertEqual(self.seen, ["up"])
            class Last(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise KeyboardInterrupt("stop")
                def test_1(self): pass
        """,
    )
    outcome = project.run(jobs=jobs)
    assert {result.test_id: result.outcome.value for result in outcome.results} == {
        "test_c.A.test_1": "passed",
        "test_c.A.test_2": "passed",
        "setUpClass (test_c.Last)": "errored",
        "test_m.A.test_1": "passed",
        "test_m.B.test_1": "passed",
    }
    assert len(outcome.results) == 5


def test_tests_with_a_different_name_in_every_process(project: Project) -> None:
    project.write(
        test_r="""
            import os, unittest
            class T(unittest.TestCase):
                def test_a(self): pass
            setattr(T, f"test_{os.getpid()}", lambda self: os._exit(1))
        """,
    )
    outcome = project.run(jobs=2)
    assert sorted(result.outcome.value for result in outcome.results) == ["crashed", "passed"]


def test_details_of_a_failure(project: Project) -> None:
    project.write(pkg____init__="", pkg__helper="def check(n):\n    assert n == 1, 'x' * 100_000\n")
    project.write(
        test_d="import unittest\nfrom pkg.helper import check\nclass T(unittest.TestCase):\n  def test(self): check(2)",
    )
    result = project.by_id(project.run())["test"]
    assert (result.error_type, result.location, result.module) == ("AssertionError", "pkg/helper.py:2", "test_d")
    assert "characters omitted" in result.message
    assert len(result.message) < 2200
    assert len(result.traceback) < 17_000


def test_selected_tests_including_those_without_a_loadable_name(project: Project) -> None:
    project.write(test_l=LOAD_TESTS, test_f=FIXTURES, test_broken="import nothing_like_it")
    only = (
        "test_l.double",
        "test_l.Inside.test_inside",
        "test_l.Same.test_n",
        "unittest.loader._FailedTest.test_broken",
    )
    outcome = project.run(only=only)
    assert sorted(result.test_id for result in outcome.results) == sorted([*only, *["test_l.Same.test_n"] * 3])
    assert [row for row in project.unittest() if row[0] in only] == project.rows(outcome)
    outcome = project.run(only=("setUpClass (test_f.Bad)",))
    assert "setUpClass (test_f.Bad)" in {result.test_id for result in outcome.results}


def test_environment_is_the_same_as_under_unittest(project: Project) -> None:
    project.write(
        engines="mine = True",
        harness="mine = True",
        json="mine = True",
        test_w="""
            import engines, harness, json, multiprocessing, os, signal, sys, threading, unittest
            def child(queue): queue.put(7)
            class T(unittest.TestCase):
                def test_path(self): self.assertEqual(sys.path[0], os.getcwd())
                def test_modules(self): self.assertTrue(engines.mine and harness.mine and json.mine)
                def test_argv(self): self.assertEqual(sys.argv[1], "discover")
                def test_original_argv(self):
                    if hasattr(sys, "orig_argv"):
                        self.assertEqual(sys.orig_argv, [sys.executable, "-m", "unittest", *sys.argv[1:]])
                def test_main(self):
                    main = sys.modules["__main__"]
                    self.assertEqual((main.__spec__.name, main.__package__), ("unittest.__main__", "unittest"))
                    self.assertEqual(main.main, unittest.main)
                    self.assertTrue(main.__loader__.get_code("unittest.__main__"))
                def test_what_a_start_imports(self):
                    import importlib
                    self.assertTrue(importlib.util.find_spec("json") and importlib.machinery and sys.modules["runpy"])
                def run(self, result=None):
                    self.result = result
                    return super().run(result)
                def test_result(self):
                    self.assertIsInstance(self.result, unittest.TextTestResult)
                    self.result.stream.writeln(self.result.getDescription(self))
                def test_hash_seed(self):
                    self.assertEqual((os.environ.get("PYTHONHASHSEED"), sys.flags.hash_randomization), (None, 1))
                def test_folder(self):
                    self.assertEqual((os.environ["PWD"], os.environ.get("OLDPWD")), (os.getcwd(), None))
                def test_signals(self):
                    self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
                    numbers = [signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD]
                    self.assertEqual({signal.getsignal(number) for number in numbers}, {signal.SIG_DFL})
                    self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, ()), set())
                def test_threads(self): self.assertEqual(len(os.listdir("/proc/self/task")), 1)
                def test_stdin(self): self.assertEqual(sys.stdin.read(), "")
                def test_nothing_of_ours(self):
                    self.assertFalse([name for name in sys.modules if "batchhook" in name or "s.harness" in name])
        """,
    )
    with _signals_of_a_background_job():
        outcome = project.run(environment=dict(os.environ) | {"PWD": "/elsewhere", "OLDPWD": "/before"})
    assert {result.outcome for result in outcome.results} == {Outcome.PASSED}, outcome.results


def test_a_hash_seed_of_the_users_is_kept(project: Project) -> None:
    project.write(
        test_s="""
            import os, unittest
            class T(unittest.TestCase):
                def test_seed(self): self.assertEqual(os.environ.get("PYTHONHASHSEED"), "7")
        """,
    )
    outcome = project.run(environment=dict(os.environ) | {"PYTHONHASHSEED": "7"})
    assert {result.outcome for result in outcome.results} == {Outcome.PASSED}, outcome.results


@contextmanager
def _signals_of_a_background_job() -> Iterator[None]:
    """What a shell script without job control, or nohup, hands down to a command in the background."""
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def test_spawned_and_forked_children(project: Project) -> None:
    project.write(
        test_p="""
            import multiprocessing, unittest
            def square(n): return n * n
            class T(unittest.TestCase):
                def test_spawn(self):
                    with multiprocessing.get_context("spawn").Pool(1) as pool:
                        self.assertEqual(pool.map(square, [3]), [9])
                def test_fork(self):
                    with multiprocessing.get_context("fork").Pool(2) as pool:
                        self.assertEqual(pool.map(square, [3]), [9])
        """,
    )
    assert {result.outcome for result in project.run().results} == {Outcome.PASSED}


@pytest.mark.parametrize("minor", [8, 9, 10, 11, 12, 13, 14])
def test_every_python(project: Project, minor: int) -> None:
    interpreter = other_python(f"3.{minor}")
    for name, text in SUITES.items():
        project.write(**{f"test_{name}": text})
    expected = project.unittest(interpreter=str(interpreter))
    assert project.rows(project.run(interpreter=interpreter)) == expected
    assert project.rows(project.run(interpreter=interpreter, jobs=2)) == expected
