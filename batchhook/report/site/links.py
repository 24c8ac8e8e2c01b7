"""Addresses of the pages: on a server, in a folder of files, or nowhere.

An empty address stands for a page that does not exist: its text is shown without a link.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Protocol
from urllib.parse import quote, urlencode

from batchhook.core.sanitize import escape_surrogates

_READABLE = 40
"""Characters of a test's id that its file's name shows."""


class Links(Protocol):
    """Addresses of the pages, as a page's links have them."""

    def overview(self) -> str:
        """Return the address of the overview."""

    def batches(self, page: int = 1) -> str:
        """Return the address of a page of the batches."""

    def batch(self, number: int) -> str:
        """Return the address of a batch."""

    def tests(self, query: str = "", sort: str = "flaky", page: int = 1) -> str:
        """Return the address of a page of the tests."""

    def test(self, test_id: str) -> str:
        """Return the address of a test."""

    def changes(self, sort: str = "broken", page: int = 1) -> str:
        """Return the address of a page of the changes."""

    def operations(self, page: int = 1) -> str:
        """Return the address of a page of the operations."""

    def compare(self, before: str = "", after: str = "") -> str:
        """Return the address of a comparison."""

    def asset(self, name: str) -> str:
        """Return the address of a file that pages load."""


class ServerLinks:
    """Addresses on a server, from its root."""

    def overview(self) -> str:
        """Return the address of the overview."""
        return "/"

    def batches(self, page: int = 1) -> str:
        """Return the address of a page of the batches."""
        return _with_query("/batches", {"page": page if page > 1 else ""})

    def batch(self, number: int) -> str:
        """Return the address of a batch."""
        return f"/batches/{number}"

    def tests(self, query: str = "", sort: str = "flaky", page: int = 1) -> str:
        """Return the address of a page of the tests."""
        shown_sort = sort if sort != "flaky" else ""
        return _with_query("/tests", {"q": query, "sort": shown_sort, "page": page if page > 1 else ""})

    def test(self, test_id: str) -> str:
        """Return the address of a test."""
        return _with_query("/tests/one", {"id": test_id})

    def changes(self, sort: str = "broken", page: int = 1) -> str:
        """Return the address of a page of the changes."""
        return _with_query("/changes", {"sort": sort if sort != "broken" else "", "page": page if page > 1 else ""})

    def operations(self, page: int = 1) -> str:
        """Return the address of a page of the operations."""
        return _with_query("/operations", {"page": page if page > 1 else ""})

    def compare(self, before: str = "", after: str = "") -> str:
        """Return the address of a comparison."""
        return _with_query("/compare", {"before": before, "after": after})

    def asset(self, name: str) -> str:
        """Return the address of a file that pages load."""
        return f"/static/{quote(name)}"


def _with_query(path: str, values: dict[str, object]) -> str:
    query = urlencode({name: escape_surrogates(str(value)) for name, value in values.items() if value != ""})
    return f"{path}?{query}" if query else path


class FileLinks:
    """Relative names of files in a static site.

    Args:
        depth: number of folders between the page and the top of the site.
        files: names of the files that the site has, from its top; links to others are left out. None for no limit.
    """

    def __init__(self, depth: int = 0, files: Collection[str] | None = None) -> None:
        self._prefix = "../" * depth
        self._files = files

    def overview(self) -> str:
        """Return the name of the overview."""
        return self._relative("index.html")

    def batches(self, page: int = 1) -> str:
        """Return the name of a page of the batches."""
        return self._relative(f"batches-{page}.html")

    def batch(self, number: int) -> str:
        """Return the name of a batch."""
        return self._relative(f"batches/{number}.html")

    def tests(self, query: str = "", sort: str = "flaky", page: int = 1) -> str:
        """Return the name of a page of the tests; files cannot be searched."""
        return "" if query else self._relative(f"tests-{sort}-{page}.html")

    def test(self, test_id: str) -> str:
        """Return the name of a test."""
        return self._relative(f"tests/{file_name(test_id)}.html")

    def changes(self, sort: str = "broken", page: int = 1) -> str:
        """Return the name of a page of the changes."""
        return self._relative(f"changes-{sort}-{page}.html")

    def operations(self, page: int = 1) -> str:
        """Return the name of a page of the operations."""
        return self._relative(f"operations-{page}.html")

    def compare(self, before: str = "", after: str = "") -> str:
        """Return the name of a comparison of two batches."""
        return self._relative(f"compare/{before}-{after}.html") if before and after else ""

    def asset(self, name: str) -> str:
        """Return the name of a file that pages load."""
        return self._relative(f"static/{name}")

    def _relative(self, name: str) -> str:
        return f"{self._prefix}{name}" if self._files is None or name in self._files else ""


class NoLinks:
    """No addresses: for a page that stands alone."""

    def overview(self) -> str:
        """Return nothing."""
        return ""

    def batches(self, page: int = 1) -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""

    def batch(self, number: int) -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""

    def tests(self, query: str = "", sort: str = "", page: int = 1) -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""

    def test(self, test_id: str) -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""

    def changes(self, sort: str = "", page: int = 1) -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""

    def operations(self, page: int = 1) -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""

    def compare(self, before: str = "", after: str = "") -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""

    def asset(self, name: str) -> str:  # noqa: ARG002 - as in Links
        """Return nothing."""
        return ""


def file_name(test_id: str) -> str:
    """Return a short name for a test's file, which no other test has: the end of its id, and a hash."""
    name = escape_surrogates(test_id)
    readable = re.sub(r"[^A-Za-z0-9]+", "-", name[-_READABLE:]).strip("-").lower()
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:12]}".lstrip("-")
