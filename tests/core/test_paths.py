"""Safe relative paths."""

from __future__ import annotations

import pytest

from batchhook.core.paths import is_build_product, is_safe_path, is_within, parent_dirs


@pytest.mark.parametrize("path", ["a", "a/b.py", ".gitignore", "git", "a/.github/x", "...", "ünï/é", "a\nb", ".git1"])
def test_safe(path: str) -> None:
    assert is_safe_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../outside",
        "a/../../outside",
        "a//b",
        "a/",
        "./a",
        "a\0b",
        ".git/config",
        "a/.git/hooks/post-commit",
        ".GIT/config",
        "git~1/config",
        ".git./config",
        ".git /config",
        ".g\u200cit/config",
    ],
)
def test_unsafe(path: str) -> None:
    assert not is_safe_path(path)


def test_parent_dirs() -> None:
    assert parent_dirs("a/b/c.py") == ["a/b", "a"]
    assert parent_dirs("c.py") == []


@pytest.mark.parametrize("path", ["_fast.cpython-311-x86_64.so", "pkg/_fast.pyd", "lib/A.CLASS", "libx.dylib"])
def test_build_products(path: str) -> None:
    assert is_build_product(path)


@pytest.mark.parametrize("path", [".env", "data", "rates.csv", "so", "pkg/so/x.txt", "a.so.txt"])
def test_no_build_products(path: str) -> None:
    assert not is_build_product(path)


@pytest.mark.parametrize(
    ("path", "paths", "expected"),
    [
        ("a/b", ["a"], True),
        ("a", ["a"], True),
        ("ab", ["a"], False),
        ("a/b", [""], True),
        ("a/b", [], False),
        ("a", ["a/b"], False),
    ],
)
def test_is_within(path: str, paths: list[str], expected: bool) -> None:  # noqa: FBT001 - the expected result
    assert is_within(path, paths) is expected
