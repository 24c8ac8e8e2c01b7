"""Links between documents, and the names of files that they mention."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
DOCUMENTS = [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").rglob("*.md"))]
FILES = sorted(path.relative_to(TOP).as_posix() for path in (TOP / "batchhook").rglob("*.*"))
"""Files of the package, by their path from the top."""
EXAMPLES = {"NAME.py", "NNNN_name.sql", "sqlite3.py"}
"""Names of files that are examples."""


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub derives them."""
    text = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(TOP).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(TOP).as_posix())
def test_files_that_are_named_exist(document: Path) -> None:
    for name in re.findall(r"`(?:batchhook/)?([\w/]+\.(?:py|sql|html))`", document.read_text("utf-8")):
        exists = (TOP / name).exists() or any(f"/{path}".endswith(f"/{name}") for path in FILES)
        is_example = document.parent == TOP / "docs" and document.name not in {"architecture.md", "glossary.md"}
        assert exists or is_example or Path(name).name in EXAMPLES or (TOP / "benchmarks" / name).exists(), name


def test_each_decision_is_listed() -> None:
    folder = TOP / "docs/decisions"
    records = sorted(path.name for path in folder.glob("0*.md"))
    listed = re.findall(r"\]\((0.*?\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == records
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
