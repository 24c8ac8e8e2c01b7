"""Files that no test runs or reads, judging by their names: documents, and what describes the repository."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

_DOCUMENT_SUFFIXES = frozenset({".md", ".markdown", ".rst", ".adoc", ".png", ".jpg", ".jpeg", ".gif", ".svg"})
_DOCUMENT_NAMES = frozenset(
    {"authors", "changelog", "changes", "contributing", "copying", "license", "notice", "readme"}
)
_METADATA = frozenset({".editorconfig", ".gitattributes", ".gitignore", ".mailmap", ".pre-commit-config.yaml"})
_METADATA_FOLDERS = frozenset({(".github",), (".gitlab",), (".vscode",), (".idea",)})


def are_documents(paths: Iterable[str]) -> bool:
    """Return whether no test runs or reads any of some files.

    Args:
        paths: relative to the top.
    """
    return all(map(is_document, paths))


def is_document(path: str) -> bool:
    """Return whether no test runs or reads a file.

    Args:
        path: relative to the top.
    """
    file = PurePosixPath(path)
    has_document_name = file.suffix.lower() in _DOCUMENT_SUFFIXES or (
        file.suffix.lower() in {"", ".txt"} and file.stem.lower() in _DOCUMENT_NAMES
    )
    is_test_data = any("test" in part.lower() for part in file.parts[:-1])
    is_metadata = file.name in _METADATA or file.parts[:1] in _METADATA_FOLDERS
    return is_metadata or (has_document_name and not is_test_data)
