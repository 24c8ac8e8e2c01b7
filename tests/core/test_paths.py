"""Safe relative paths."""

from __future__ import annotations

import pytest

from batchhook.core.paths import is_safe_path, parent_dirs


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
