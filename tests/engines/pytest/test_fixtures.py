"""Fixtures: their order, their teardown, and the time that they take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engines.pytest.conftest import PytestProject

CONFTEST = """
import os, pytest
def log(text):
    with open(os.environ["LOG"], "a") as file: file.write(f"{os.getpid()} {text}\\n")
def make(scope, name, autouse=False, params=None):
    @pytest.fixture(scope=scope, name=name, autouse=autouse, params=params)
    def fixture(request):
        value = f"{name}[{getattr(request, 'param', '')}]"
        log(f"+{value}")
        yield log
        log(f"-{value}")
    return fixture
session_auto = make("session", "session_auto", autouse=True)
session_params = make("session", "session_params", params=[1, 2])
package_one = make("package", "package_one")
module_one = make("module", "module_one")
module_params = make("module", "module_params", params=["x", "y"])
class_one = make("class", "class_one")
function_one = make("function", "function_one")
function_auto = make("function", "function_auto", autouse=True)
@pytest.fixture(scope="session")
def late(request):
    log("+late[]")
    request.addfinalizer(lambda: log("-late[]"))
@pytest.fixture(scope="module")
def breaks_after():
    log("+breaks_after[]")
    yield
    log("-breaks_after[]")
    raise OSError("teardown")
"""
NESTED = """
import pytest
@pytest.fixture(autouse=True)
def nested_auto(session_auto):
    session_auto("+nested[]")
    yield
    session_auto("-nested[]")
@pytest.fixture
def function_one(function_one): return function_one
"""
MODULE = """
import os, pytest, unittest
def log(text):
    with open(os.environ["LOG"], "a") as file: file.write(f"{os.getpid()} {text}\\n")
def setup_module(): log("+setup_module[%s]")
def teardown_module(): log("-setup_module[%s]")
def test_1(module_one, function_one): log("t1")
def test_2(session_params): log("t2")
def test_3(module_params, session_params): log("t3")
def test_4(module_params): log("t4")
def test_5(package_one): log("t5")
class TestA:
    def setup_class(cls): log("+setup_class[%s]")
    def teardown_class(cls): log("-setup_class[%s]")
    def setup_method(self): log("+setup_method[]")
    def teardown_method(self): log("-setup_method[]")
    def test_6(self, class_one): log("t6")
    def test_7(self, class_one, request): request.getfixturevalue("late"); assert 0
class TestB(unittest.TestCase):
    @classmethod
    def setUpClass(cls): log("+setUpClass[%s]")
    @classmethod
    def tearDownClass(cls): log("-setUpClass[%s]")
    def test_8(self): log("t8")
    def test_9(self): self.skipTest("x")
def test_10(module_one, breaks_after): log("t10")
def test_11(module_one): log("t11")
"""
FILES = {
    "conftest.py": CONFTEST,
    "test_a.py": MODULE.replace("%s", "a"),
    "pkg/__init__.py": "",
    "pkg/conftest.py": NESTED,
    "pkg/test_b.py": MODULE.replace("%s", "b"),
    "pkg/sub/__init__.py": "",
    "pkg/sub/test_c.py": MODULE.replace("%s", "c"),
    "other/test_d.py": MODULE.replace("%s", "d"),
}


def sequence(project: PytestProject) -> list[str]:
    return [line.partition(" ")[2] for line in project.log.read_text().splitlines()]


def test_order_in_one_process(project: PytestProject) -> None:
    expected = project.write(FILES).oracle()
    order = sequence(project)
    assert project.rows(project.run()) == expected
    assert sequence(project) == order


def test_order_in_two_processes(project: PytestProject) -> None:
    """In each process, fixtures are torn down as often as set up, and in the reverse order."""
    expected = project.write(FILES).oracle()
    assert project.rows(project.run(2)) == expected
    standing: dict[str, list[str]] = {}
    session: Counter[tuple[str, str]] = Counter()
    for line in project.log.read_text().splitlines():
        process, _, event = line.partition(" ")
        stack = standing.setdefault(process, [])
        if event.startswith("+"):
            session[process, event] += event == "+session_auto[]"
            stack.append(event[1:])
        elif event.startswith("-"):
            stack.remove(event[1:])
    assert standing
    assert not any(standing.values())
    assert set(session.values()) <= {0, 1}


def test_time_of_shared_fixtures(project: PytestProject) -> None:
    project.write(
        {
            "test_a.py": """
                import pytest, time
                @pytest.fixture(scope="session")
                def slow(): time.sleep(0.5)
                @pytest.fixture(scope="module")
                def slower(slow): time.sleep(0.3)
                def test_1(slower): pass
                def test_2(slower): time.sleep(0.2)
            """,
            "test_b.py": """
                import pytest, time
                @pytest.fixture(scope="module")
                def late(): time.sleep(0.5)
                def test_3(request): request.getfixturevalue("late")
                @pytest.fixture
                def own(): time.sleep(0.2)
                def test_4(own): pass
            """,
        }
    )
    durations = {name: result.duration for name, result in project.by_name(project.run()).items()}
    assert durations["test_1"] < 0.2
    assert 0.15 <= durations["test_2"] < 0.5
    assert durations["test_3"] < 0.3
    assert 0.15 <= durations["test_4"] < 0.5
