"""Changes that cannot make a test slower, judging by the files that they touch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

_DOCUMENT_SUFFIXES = frozenset({".md", ".markdown", ".rst", ".adoc", ".png", ".jpg", ".jpeg", ".gif", ".svg"})
_DOCUMENT_NAMES = frozenset(
    {"authors", "changelog", "changes", "contributing", "copying", "license", "notice", "readme"}
)
_METADATA = frozenset({".editorconfig", ".gitattributes", ".gitignore", ".mailmap", ".pre-commit-config.yaml"})
_METADATA_FOLDERS = frozenset({(".github",), (".gitlab",), (".vscode",), (".idea",)})


def can_affect_durations(paths: Iterable[str]) -> bool:
    """Return whether a change may make a test slower: it touches more than documents and files about the repository.

    Args:
        paths: of the files that it touches, relative to the top.
    """
    return not all(map(_is_document, paths))


def _is_document(path: str) -> bool:
    file = PurePosixPath(path)
    is_document = file.suffix.lower() in _DOCUMENT_SUFFIXES or (
        file.suffix.lower() in {"", ".txt"} and file.stem.lower() in _DOCUMENT_NAMES
    )
    is_test_data = any("test" in part.lower() for part in file.parts[:-1])
    is_metadata = file.name in _METADATA or file.parts[:1] in _METADATA_FOLDERS
    return is_metadata or (is_document and not is_test_data)
