"""The code that tests of real suites run, recorded by the real harnesses."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from batchhook.core.results import Outcome, SuiteResult
from batchhook.engines.engine import HarnessEngine
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.execution.code_recording import CodeRecording
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec
from tests.driving import other_python

PACKAGE = {
    "parcel/__init__.py": "",
    "parcel/money.py": """
        RATES = {}

        def share(total, number):
            return total // number

        def convert(value):
            def rate():
                return 2
            return value * rate()

        def register():
            RATES["x"] = 1

        register()
    """,
    "parcel/data.py": """
        import json
        from pathlib import Path

        def load():
            return json.loads(Path("data/rates.json").read_text())
    """,
    "parcel/late.py": """
        def prepare():
            return 7

        VALUE = prepare()

        def use():
            return VALUE
    """,
    "data/rates.json": "{}",
}
UNITTEST = {
    **PACKAGE,
    "test_money.py": """
        import subprocess
        import sys
        import threading
        import unittest
        from parcel import data, money

        class MoneyTest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.value = money.convert(2)

            def test_share(self):
                self.assertEqual(money.share(6, 3), 2)

            def test_value(self):
                self.assertEqual(self.value, 4)

        class OtherTest(unittest.TestCase):
            def test_load(self):
                data.load()

            def test_program(self):
                subprocess.run([sys.executable, "-c", ""], check=True)

            def test_late(self):
                from parcel import late
                self.assertEqual(late.use(), 7)

            def test_thread(self):
                thread = threading.Thread(target=money.share, args=(4, 2))
                thread.start()
                thread.join()

            def test_failure(self):
                self.assertEqual(money.share(6, 2), 2)

            def test_replaced_code(self):
                changed = type(money.share)(money.share.__code__.replace(co_name="other"), {})
                self.assertEqual(changed(4, 2), 2)
    """,
}
PYTEST = {
    **PACKAGE,
    "conftest.py": """
        import pytest
        from parcel import money

        @pytest.fixture(scope="session")
        def converted():
            return money.convert(2)

        @pytest.fixture
        def shared():
            return money.share(6, 3)
    """,
    "test_money.py": """
        import pytest

        def test_first(converted):
            assert converted == 4

        def test_second(converted, shared):
            assert converted == 4 and shared == 2

        def test_third(shared):
            assert shared == 2

        def test_dynamic(request):
            assert request.getfixturevalue("converted") == 4
    """,
}


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def record(
    tmp_path: Path, engine: HarnessEngine, python: Path, jobs: int = 1
) -> tuple[SuiteResult, dict[str, set[str]], set[str]]:
    """Run a suite; return its result, and ``path:name`` of what each test has run, and of what ran outside of them."""
    (tmp_path / "scratch").mkdir(exist_ok=True)
    recording = CodeRecording()
    spec = SuiteSpec(
        python, tmp_path / "root", dict(os.environ), tmp_path / "scratch", engine, jobs=jobs, recording=recording
    )
    result = run_suite(spec)
    names = [f"{path}:{name}" for path, _, name in recording.places]
    tests: dict[str, set[str]] = {}
    for test_id, numbers in recording.tests():
        name = test_id.replace("::", ".").rpartition(".")[2]
        tests.setdefault(name, set()).update(names[number] for number in numbers)
    return result, tests, {names[number] for number in recording.outside}


@pytest.mark.parametrize("version", ["", "3.8", "3.12", "3.13"])
def test_unittest_by_each_means_of_python(tmp_path: Path, version: str) -> None:
    write(tmp_path / "root", UNITTEST)
    python = other_python(version) if version else Path(sys.executable)
    result, tests, outside = record(tmp_path, UnittestEngine(), python)
    outcomes = {each.test_id.rpartition(".")[2]: each.outcome for each in result.results}
    assert [name for name, outcome in outcomes.items() if outcome is not Outcome.PASSED] == ["test_failure"]
    assert {"test_money.py:test_share", "parcel/money.py:share", "parcel/money.py:convert", "parcel/money.py:rate"} <= (
        tests["test_share"]
    ), "the fixture of the class, too"
    assert "parcel/money.py:share" not in tests["test_value"]
    assert "parcel/money.py:convert" in tests["test_value"]
    assert {"parcel/data.py:load", "data/rates.json:<file>"} <= tests["test_load"]
    assert ":<program>" in tests["test_program"]
    assert ":<program>" not in tests["test_load"]
    assert {"parcel/late.py:<module>", "parcel/late.py:use", "parcel/late.py:prepare"} <= tests["test_late"]
    assert "parcel/late.py:prepare" in outside, "another test would have the module already"
    assert "parcel/late.py:use" not in outside
    assert "parcel/money.py:share" in tests["test_thread"]
    assert "parcel/money.py:share" in tests["test_failure"], "up to the failure"
    assert "parcel/money.py:other" in tests["test_replaced_code"]
    assert {"parcel/money.py:<module>", "parcel/money.py:register"} <= outside
    assert not any("convert" in name for name in outside)


@pytest.mark.parametrize("jobs", [1, 3])
def test_shared_fixtures_of_pytest_belong_to_the_tests_that_use_them(tmp_path: Path, jobs: int) -> None:
    write(tmp_path / "root", PYTEST)
    result, tests, outside = record(tmp_path, PytestEngine(), Path(sys.executable), jobs)
    assert result.totals.passed == 4
    for name in ("test_first", "test_second", "test_dynamic"):
        assert "parcel/money.py:convert" in tests[name], name
    assert "parcel/money.py:convert" not in tests["test_third"]
    assert "parcel/money.py:share" in tests["test_third"]
    assert "conftest.py:shared" in tests["test_third"]
    assert not any("test_third" in place for place in outside)


def test_a_test_that_takes_the_trace_function_has_no_record(tmp_path: Path) -> None:
    text = """
        import sys
        import unittest
        from parcel import money

        class TraceTest(unittest.TestCase):
            def test_a_trace(self):
                sys.settrace(None)
                sys.setprofile(None)
                money.share(4, 2)

            def test_b_after(self):
                money.share(4, 2)
    """
    write(tmp_path / "root", {**PACKAGE, "test_trace.py": text})
    _, tests, _ = record(tmp_path, UnittestEngine(), Path(sys.executable))
    if sys.version_info < (3, 12):
        assert "test_a_trace" not in tests
    assert "parcel/money.py:share" in tests["test_b_after"]


def test_hooks_that_fail_do_not_reach_the_project(tmp_path: Path) -> None:
    text = """
        import os
        import sys
        import unittest

        class AuditTest(unittest.TestCase):
            def test_events(self):
                for event in ("open", "exec", "subprocess.Popen", "os.listdir", "code.__new__", "sqlite3.connect"):
                    sys.audit(event, object(), object())

            def test_closed_folder(self):
                os.mkdir("gone")
                os.chdir("gone")
                os.rmdir("../gone")
                try:
                    open("nothing")
                except OSError:
                    pass
                finally:
                    os.chdir("/")
    """
    write(tmp_path / "root", {"test_audit.py": text})
    result, _, _ = record(tmp_path, UnittestEngine(), Path(sys.executable))
    assert result.totals.passed == 2
