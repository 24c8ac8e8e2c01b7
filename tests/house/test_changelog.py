"""The changelog's fragments can be built into a release."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import batchhook

ROOT = Path(__file__).parents[2]
FRAGMENT = re.compile(r"(\+[a-z0-9-]+|\d+)\.(added|changed|fixed|removed)\.md")


def test_fragments_are_named_for_their_type() -> None:
    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name not in {"README.md", ".gitignore"}]
    assert [name for name in names if not FRAGMENT.fullmatch(name)] == []


def test_a_release_can_be_built() -> None:
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", batchhook.__version__]
    draft = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert draft.returncode == 0, draft.stderr
    for path in (ROOT / "changelog.d").glob("*.*.md"):
        first = path.read_text("utf-8").split()[:3]
        assert " ".join(first) in " ".join(draft.stdout.split())


def test_the_package_has_the_changelogs_version_or_a_later_one() -> None:
    released = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert released is not None
    assert [int(part) for part in batchhook.__version__.split(".")] >= [int(part) for part in released[1].split(".")]
