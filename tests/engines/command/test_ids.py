"""Ids of reported tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from batchhook.core.results import Outcome
from batchhook.core.test_ids import IdKind, is_unloaded_module, parse_id
from batchhook.engines.command.ids import as_results, selected_test
from batchhook.engines.command.reports.case import ReportedCase


def ids(*cases: ReportedCase) -> list[str]:
    return [result.test_id for result in as_results(cases, Path("/project"))]


def case(class_name: str, name: str, **others: object) -> ReportedCase:
    return ReportedCase(class_name, name, Outcome.FAILED, **others)  # type: ignore[arg-type]


def test_class_and_name_are_kept() -> None:
    assert ids(case("cart.Cart", "adds"), case("", "adds"), case("src/lib.rs", "money::adds")) == [
        "cart.Cart::adds",
        "tests::adds",
        "src/lib.rs::money::adds",
    ]


def test_repeated_names_are_numbered() -> None:
    assert ids(case("a", "x"), case("b", "x"), case("a", "x"), case("a", "x")) == [
        "a::x",
        "b::x",
        "a::x #2",
        "a::x #3",
    ]
    assert selected_test("a::x #3").name == "x"


def test_what_cannot_be_built_is_no_test() -> None:
    (package, file, everything) = ids(case("example.org/cart", ""), case("cart", ""), case("", ""))
    assert (package, file, everything) == ("example.org/cart", "./cart", ".")
    assert all(is_unloaded_module(name) for name in (package, file, everything))
    assert parse_id(package).kind is IdKind.MODULE


def test_a_class_that_looks_like_the_name_of_a_suite_is_none() -> None:
    (name,) = ids(case("Basket: empty", "has no price"))
    assert parse_id(name).suite == ""
    assert selected_test(name).class_name == "Basket: empty"


def test_long_names_are_told_apart() -> None:
    first, second = ids(case("a", "x" * 900), case("a", "x" * 901))
    assert first != second
    assert len(first) < 450


@pytest.mark.parametrize(
    ("file", "line", "location"),
    [
        ("/project/src/cart.js", 3, "src/cart.js:3"),
        ("src/cart.js", 0, "src/cart.js"),
        ("/usr/lib/node/internal.js", 3, ""),
        ("../outside.js", 1, ""),
        ("", 0, ""),
    ],
)
def test_locations_are_inside_of_the_project(file: str, line: int, location: str) -> None:
    (result,) = as_results([case("a", "x", file=file, line=line)], Path("/project"))
    assert result.location == location


PARTS = st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs")), min_size=1, max_size=30)


@given(st.lists(st.tuples(PARTS, PARTS), max_size=8))
def test_ids_are_distinct_and_stable(parts: list[tuple[str, str]]) -> None:
    cases = [case(class_name, name) for class_name, name in parts]
    assert len(set(ids(*cases))) == len(cases)
    assert ids(*cases) == ids(*cases)
    for test_id in ids(*cases):
        assert parse_id(test_id).kind is not IdKind.MODULE
        assert not parse_id(test_id).suite


def test_a_file_is_found_in_the_folder_of_its_package(tmp_path: Path) -> None:
    for name in ("total/total_test.go", "main_test.go"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    cases = [
        case("example.org/cart/total", "TestTotal", file="total_test.go", line=7),
        case("example.org/cart", "TestMain", file="main_test.go", line=3),
        case("example.org/cart/none", "TestNone", file="none_test.go", line=3),
    ]
    locations = [result.location for result in as_results(cases, tmp_path)]
    assert locations == ["total/total_test.go:7", "main_test.go:3", "none_test.go:3"]
