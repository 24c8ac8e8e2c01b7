"""Addresses of pages."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from batchhook.report.site.links import FileLinks, Links, NoLinks, ServerLinks, file_name


def test_addresses_on_a_server() -> None:
    links = ServerLinks()
    assert links.overview() == "/"
    assert (links.batches(), links.batches(2), links.batch(3)) == ("/batches", "/batches?page=2", "/batches/3")
    assert links.tests("a&b", "slowest", 2) == "/tests?q=a%26b&sort=slowest&page=2"
    assert links.tests() == "/tests"
    assert links.changes("recent", 3) == "/changes?sort=recent&page=3"
    assert links.operations(2) == "/operations?page=2"
    assert links.compare("1", "HEAD~2") == "/compare?before=1&after=HEAD~2"
    assert links.asset("style.css") == "/static/style.css"


@given(st.text(st.characters(exclude_categories=())))
def test_any_id_comes_back_from_its_address(name: str) -> None:
    address = ServerLinks().test(name)
    assert address.isascii()
    assert not set(address) & set("\"'<> \n")
    if name and name.isprintable():
        assert parse_qs(urlsplit(address).query)["id"] == [name]
    assert set(file_name(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(file_name(name)) < 60


def test_files_are_named_relatively_and_only_if_they_exist() -> None:
    links = FileLinks(1, {"index.html", "batches/3.html"})
    assert links.overview() == "../index.html"
    assert links.batch(3) == "../batches/3.html"
    assert links.batch(4) == ""
    assert links.tests("query") == ""
    assert FileLinks().test("a.B.c") != FileLinks().test("a.B.C")


@pytest.mark.parametrize("links", [NoLinks(), FileLinks(0, ())])
def test_no_page_no_link(links: Links) -> None:
    for address in (links.overview(), links.batches(), links.batch(1), links.tests(), links.test("a")):
        assert address == ""
    for address in (links.changes(), links.operations(), links.compare("1", "2"), links.asset("style.css")):
        assert address == ""
