"""A static site: every page is there, every link leads to one, and nothing needs a server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from batchhook.api import Workflow
from batchhook.workflow.reports import site
from tests.driving import CALCULATOR, Repository
from tests.report.site.markup import ATTRIBUTES, FORM_ATTRIBUTES, KNOWN, Parsed

BROKEN = CALCULATOR.replace("a + b", "a * b")


@pytest.fixture
def history(project: Repository) -> Repository:
    for text, subject in ((CALCULATOR, "good"), (BROKEN, "<b>bad</b>")):
        for number in range(1, 6):
            project.commit(f"{subject} {number}", calculator__py=f"{text}# {number}\n")
        project.run("wait", "--timeout", "90")
    return project


def check_site(top: Path) -> set[str]:
    """Check all pages of a site; return the names of its files."""
    names = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()} - {".gitignore"}
    reached, queue = {"index.html"}, ["index.html"]
    while queue:
        name = queue.pop()
        page = (top / name).read_text("utf-8")
        parsed = Parsed(page)
        assert parsed.tags <= KNOWN - {"script", "form", "button"}, name
        assert set(parsed.attributes) <= ATTRIBUTES | FORM_ATTRIBUTES, name
        for link in parsed.attributes["href"]:
            if link.startswith(("#", "data:")):
                continue
            assert not re.match(r"/|\w+:", link), link
            target = ((top / name).parent / unquote(link)).resolve().relative_to(top.resolve()).as_posix()
            assert target in names, f"{name}: {link}"
            if target not in reached and target.endswith(".html"):
                queue.append(target)
            reached.add(target)
    assert reached == names, "every file can be reached"
    return names


def test_a_site_has_every_page_and_no_link_leads_nowhere(history: Repository, tmp_path: Path) -> None:
    document = json.loads(history.batchhook("--json", "export", "--site", str(tmp_path / "site")))
    assert document["batches"] == [1, 2]
    names = check_site(tmp_path / "site")
    assert names == set(document["files"])
    assert {"index.html", "batches/1.html", "batches/2.html", "compare/1-2.html", "static/style.css"} <= names
    assert sum(name.startswith("tests/") for name in names) == 2
    assert "&lt;b&gt;bad&lt;/b&gt; 1" in (tmp_path / "site/batches/2.html").read_text()
    assert "to be opened at" in history.batchhook("export", "--site", str(tmp_path / "site"))
    assert Workflow(history.top).export(tmp_path / "other", site=True).files == tuple(document["files"])
    assert "without further options" in history.batchhook("export", "--site", "--all", code=64)


def test_a_site_is_bounded_and_says_so(history: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(site, "MAX_BATCHES", 1)
    monkeypatch.setattr(site, "MAX_TESTS", 1)
    document = Workflow(history.top).export(tmp_path / "site", site=True)
    assert document.batches == (2,)
    names = check_site(tmp_path / "site")
    assert "batches/1.html" not in names
    assert sum(name.startswith("tests/") for name in names) == 1
