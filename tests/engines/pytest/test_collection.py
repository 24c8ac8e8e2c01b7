"""Modules and folders that cannot be loaded: the rest runs, and each shows its own cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batchhook.core.results import Outcome
from batchhook.engines.pytest.engine import PytestEngine

if TYPE_CHECKING:
    from tests.engines.pytest.conftest import PytestProject

LONG = """
    import pytest
    @pytest.mark.parametrize("a", [1, 2], ids=["x" * 2000 + middle + "x" * 2000 for middle in "ab"])
    def test_1(a): assert a == 1
"""


def test_long_ids_stay_apart_on_one_line_and_the_same_in_each_run(project: PytestProject) -> None:
    project.write({"test_a.py": LONG})
    first, second = (project.run() for _ in range(2))
    names = [result.test_id for result in first.results]
    assert len(set(names)) == 2
    assert names == [result.test_id for result in second.results]
    assert all(len(name) <= 1024 and name.isprintable() and name.endswith("x]") for name in names)
    failed = project.run(only=(names[1],))
    assert [(result.test_id, result.outcome) for result in failed.results] == [(names[1], Outcome.FAILED)]


BROKEN = {
    "test_import.py": "import lib\nimport no_such_module_anywhere\ndef test_1(): pass\n",
    "test_through.py": "import through\ndef test_1(): pass\n",
    "through.py": "\nfrom lib import missing\n",
    "lib.py": "",
    "test_syntax.py": "def test_1(:\n    pass\n",
    "test_class.py": "class TestA:\n    value = 1 / 0\n    def test_1(self): pass\n",
    "test_call.py": "import pytest\n@pytest.mark.parametrize('a,b', [(1,)])\ndef test_1(a, b): pass\n",
    "test_generate.py": """
        class TestA:
            def pytest_generate_tests(self, metafunc): raise KeyError("generating")
            def test_1(self): pass
        def test_2(): pass
    """,
    "test_skips.py": "import pytest\npytest.skip('all of it', allow_module_level=True)\n",
    "test_importorskip.py": "import pytest\npytest.importorskip('no_such_module_anywhere')\n",
    "test_unittest_skip.py": "import unittest\nraise unittest.SkipTest('by unittest')\n",
    "test_plain_skip.py": "import pytest\npytest.skip('not allowed here')\n",
    "test_fine.py": "def test_1(): pass\ndef test_2(): assert 0\n",
    "test_null.py": "x = 1\0",
}
CAUSES = {
    "test_import.py": ("ModuleNotFoundError", "No module named 'no_such_module_anywhere'", "test_import.py:2"),
    "test_through.py": ("ImportError", "cannot import name 'missing' from 'lib'", "through.py:2"),
    "test_syntax.py": ("SyntaxError", "invalid syntax", "test_syntax.py:1"),
    "test_class.py": ("ZeroDivisionError", "division by zero", "test_class.py:2"),
}


def test_broken_modules(project: PytestProject) -> None:
    project.write(BROKEN).compare()
    results = {result.test_id: result for result in project.run().results}
    for name, (error_type, message, location) in CAUSES.items():
        assert results[name].error_type == error_type
        assert message in results[name].message
        assert results[name].location == location
        assert results[name].module == name
    generated = next(result for result in results.values() if "generating" in result.message)
    assert (generated.error_type, generated.module) == ("KeyError", "test_generate.py")


def test_broken_root_conftest(project: PytestProject) -> None:
    """Pytest runs nothing; neither does batchhook, which shows the cause as a result."""
    project.write({"conftest.py": "\nimport no_such_module_anywhere\n", "test_a.py": "def test_1(): pass\n"})
    for jobs in (1, 2):
        (result,) = project.run(jobs).results
        assert (result.test_id, result.outcome, result.error_type) == (
            "conftest.py",
            Outcome.ERRORED,
            "ModuleNotFoundError",
        )
        assert result.location == "conftest.py:2"


def test_broken_nested_conftest(project: PytestProject) -> None:
    project.write(
        {
            "a/deep/conftest.py": "\nraise ValueError('nested')\n",
            "a/deep/test_a.py": "def test_1(): pass\n",
            "b/test_b.py": "def test_1(): pass\ndef test_2(): assert 0\n",
        }
    )
    for jobs in (1, 2):
        outcome = project.run(jobs)
        results = {result.test_id: result for result in outcome.results}
        broken = next(result for result in results.values() if "nested" in result.message)
        assert (broken.error_type, broken.location) == ("ValueError", "a/deep/conftest.py:2")
        if project.version >= (8,):  # earlier ones end there
            assert results["b/test_b.py::test_1"].outcome is Outcome.PASSED
            assert results["b/test_b.py::test_2"].outcome is Outcome.FAILED


def test_usage_errors_are_no_failing_tests(project: PytestProject) -> None:
    project.write({"pytest.ini": "[pytest]\naddopts = --no-such-option\n", "test_a.py": "def test_1(): pass\n"})
    outcome = project.run()
    assert "--no-such-option" in outcome.broken_reason


@pytest.mark.parametrize("files", [{}, {"test_a.py": "def nothing(): pass"}], ids=["no files", "no tests"])
def test_no_tests(project: PytestProject, files: dict[str, str]) -> None:
    assert project.write(files).run().broken_reason == "pytest collects no tests."


def test_plugins_that_change_the_collection(project: PytestProject) -> None:
    project.write(
        {
            "conftest.py": """
                def pytest_collection_modifyitems(config, items):
                    out = [item for item in items if "drop" in item.name]
                    config.hook.pytest_deselected(items=out)
                    items[:] = [item for item in reversed(items) if item not in out]
                def pytest_generate_tests(metafunc):
                    if "given" in metafunc.fixturenames: metafunc.parametrize("given", "xyz")
                def pytest_ignore_collect(%s): return True if "ignored" in str(%s) else None
                collect_ignore = ["test_listed.py"]
            """.replace("%s", "collection_path" if project.version >= (7,) else "path"),
            "test_a.py": "def test_renamed(): pass\ndef test_drop(): pass\ndef test_g(given): assert given != 'y'\n",
            "test_ignored.py": "import nothing_at_all\n",
            "test_listed.py": "import nothing_at_all\n",
        }
    )
    assert len(project.compare()) == 4


def test_loop_of_the_projects_own(project: PytestProject) -> None:
    """A plug-in that owns the loop is passed over; one that owns the protocol of a test is not."""
    project.write(
        {
            "conftest.py": """
                import pytest
                @pytest.hookimpl(tryfirst=True)
                def pytest_runtestloop(session):
                    for number, item in enumerate(session.items):
                        following = session.items[number + 1] if number + 1 < len(session.items) else None
                        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                    return True
                @pytest.hookimpl(tryfirst=True)
                def pytest_runtest_protocol(item, nextitem):
                    if "twice" not in item.name: return None
                    from _pytest.runner import runtestprotocol
                    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
                    for report in runtestprotocol(item, log=False, nextitem=nextitem):
                        if report.failed: report.outcome, report.longrepr = "skipped", ("f", 1, "Skipped: forgiven")
                        item.ihook.pytest_runtest_logreport(report=report)
                    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
                    return True
            """,
            "test_a.py": "def test_1(): pass\ndef test_twice(): assert 0\ndef test_2(): assert 0\n",
        }
    )
    assert ("test_a.py::test_twice", "skipped", "forgiven") in project.compare()


def test_restricted_collections(project: PytestProject) -> None:
    project.write(
        {
            "pytest.ini": "[pytest]\nmarkers = slow: it takes long\naddopts = -m 'not slow'\n",
            "tests/test_a.py": "import pytest\n@pytest.mark.slow\ndef test_1(): pass\ndef test_2(): assert 0\n",
            "tests/sub/test_b.py": "import pytest\n@pytest.mark.slow\ndef test_3(): pass\ndef test_4(): assert 0\n",
        }
    )
    assert len(project.compare()) == 2
    assert len(project.compare("-m", "slow", engine=PytestEngine(markers="slow"))) == 2
    assert len(project.compare("-k", "test_2 or 3", engine=PytestEngine(keyword="test_2 or 3"))) == 1
    assert len(project.compare("tests/sub", engine=PytestEngine(start_dir="tests/sub"), jobs=(1,))) == 1
    only = project.run(modules=frozenset({"tests/sub/test_b.py"}))
    assert [result.test_id for result in only.results] == ["tests/sub/test_b.py::test_4"]
