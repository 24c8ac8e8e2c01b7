"""Suites that a repository plainly has."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.workflow.context import config
from batchhook.workflow.context.suite_detection import detect_suites


def package(top: Path, name: str) -> None:
    (top / name / "tests").mkdir(parents=True)
    (top / name / "pyproject.toml").write_text("")


def names(top: Path) -> list[tuple[str, str]]:
    return [(suite.name, suite.folder) for suite in detect_suites(top)]


def test_packages_side_by_side(tmp_path: Path) -> None:
    package(tmp_path, "packages/api")
    package(tmp_path, "packages/web")
    package(tmp_path, "libs/web")
    (tmp_path / "packages" / "docs").mkdir()
    assert names(tmp_path) == [
        ("api", "packages/api"),
        ("packages-web", "packages/web"),
        ("libs-web", "libs/web"),
    ]
    settings = config.load(config.SettingsSources(tmp_path, {}), lambda: "")
    assert [suite.name for suite in settings.suites] == ["api", "packages-web", "libs-web"]
    chosen = config.load(config.SettingsSources(tmp_path, {"BATCHHOOK_START_DIR": "libs"}), lambda: "")
    assert chosen.suites == ()


@pytest.mark.parametrize("own", ["tests/", "conftest.py", "pytest.ini"])
def test_tests_at_the_top_are_one_suite(tmp_path: Path, own: str) -> None:
    package(tmp_path, "packages/api")
    package(tmp_path, "packages/web")
    if own.endswith("/"):
        (tmp_path / own).mkdir()
    else:
        (tmp_path / own).write_text("")
    assert names(tmp_path) == []


def test_a_configuration_of_pytest_at_the_top_is_one_suite(tmp_path: Path) -> None:
    package(tmp_path, "packages/api")
    package(tmp_path, "packages/web")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["packages"]\n')
    assert names(tmp_path) == []


def test_one_package_is_no_reason(tmp_path: Path) -> None:
    package(tmp_path, "packages/api")
    assert names(tmp_path) == []
