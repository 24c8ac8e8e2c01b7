from __future__ import annotations

import pytest

from batchhook.core.documents import are_documents


@pytest.mark.parametrize(
    ("paths", "is_code"),
    [
        (["README.md"], False),
        (["docs/guide.rst", "CHANGELOG", "LICENSE.txt", ".github/workflows/ci.yml", ".gitignore"], False),
        (["README.md", "pkg/money.py"], True),
        (["requirements.txt"], True),
        (["tests/data/sample.md"], True),
        (["pyproject.toml"], True),
    ],
)
def test_documents_are_told_from_what_tests_read(paths: list[str], *, is_code: bool) -> None:
    assert are_documents(paths) is not is_code
