"""``doctor`` names files with tests that discovery does not reach."""

from __future__ import annotations

from tests.driving import TESTS, Repository


def test_folders_and_names_that_are_passed_over(project: Repository) -> None:
    assert "not discovered" not in project.batchhook("doctor")
    project.write("tests/unit/test_more.py", TESTS)
    project.write("web/__init__.py", "")
    project.write("web/web_test.py", TESTS)
    project.write("web/testing.py", "def test_helper(): pass\n")
    project.write(".git/info/exclude", "ignored/\n")
    project.write("ignored/test_x.py", TESTS)
    project.git("init", "-q", "nested")
    project.write("nested/test_x.py", TESTS)
    printed = project.batchhook("doctor", code=3)
    assert "1 file with tests below tests, which has no __init__.py: tests/unit/test_more.py" in printed
    assert "1 file with tests in web with names that test*.py does not match: web/web_test.py" in printed
    assert 'pattern = "*_test.py"' in printed
    assert printed.count("not discovered") == 2
    project.write(".batchhook.toml", 'start_dir = "web"\npattern = "*_test.py"\n')
    assert "outside of start_dir web" in project.batchhook("doctor")


def test_an_error_is_reported_once(project: Repository) -> None:
    project.write(".batchhook.toml", "bad = 1\n")
    assert project.batchhook("doctor", code=3).count("unknown setting 'bad'") == 1
