"""Which of several suites a batch can touch."""

from __future__ import annotations

import pytest

from batchhook.core.settings import SuiteSettings
from batchhook.core.suite_paths import find_untouched

WEB = SuiteSettings("web", folder="web", paths=("shared", "*.proto", "config/*.toml"))
API = SuiteSettings("api", folder="api")


@pytest.mark.parametrize("path", ["web/a.py", "shared/x/y.py", "deep/down/a.proto", "config/a.toml", "shared"])
def test_a_suite_runs_for_its_folder_and_paths(path: str) -> None:
    assert find_untouched([API, WEB], {path}, ()) == ()


@pytest.mark.parametrize("path", ["api/a.py", "sharedx/y.py", "config.toml", "web.py"])
def test_a_suite_does_not_run_for_other_files(path: str) -> None:
    assert find_untouched([API, WEB], {path}, ()) == ("web",)


def test_a_suite_that_failed_runs_again() -> None:
    assert find_untouched([WEB], {"api/a.py"}, {"web:tests/t.py::test_x"}) == ()
    assert find_untouched([WEB], {"api/a.py"}, {"api:tests/t.py::test_x"}) == ("web",)


def test_all_run_if_the_changed_files_are_unknown() -> None:
    assert find_untouched([WEB], (), ()) == ()
