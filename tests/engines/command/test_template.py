"""Templates of commands."""

from __future__ import annotations

import pytest

from batchhook.engines.command.template import MAX_SELECTION, SelectedTest, expand, expand_selection, selects
from batchhook.errors import SuiteError

PLACES = {"report": "/private/a b/report", "jobs": "2"}
TESTS = [
    SelectedTest("tests/a.js", "adds (1 + 1)"),
    SelectedTest("tests/a.js", "it's"),
    SelectedTest("tests/b.js", "a|b"),
]


def select(template: str, tests: list[SelectedTest] | None = None) -> list[str] | None:
    return expand_selection(template, PLACES, TESTS if tests is None else tests, str)


def test_places_are_filled_in_after_the_line_is_split() -> None:
    assert expand("run --out={report} '-j {jobs}' {other}", PLACES) == [
        "run",
        "--out=/private/a b/report",
        "-j 2",
        "{other}",
    ]


def test_a_word_with_a_name_is_repeated() -> None:
    assert select("run --only={name} {class} end") == [
        "run",
        "--only=adds (1 + 1)",
        "--only=it's",
        "--only=a|b",
        "tests/a.js",
        "tests/b.js",
        "end",
    ]


def test_class_and_name_in_one_word_stay_together() -> None:
    assert select("{class}.{name}", TESTS[1:]) == ["tests/a.js.it's", "tests/b.js.a|b"]


def test_names_are_escaped_in_a_regular_expression() -> None:
    assert select("-t ^({regex})$") == ["-t", r"^(adds \(1 \+ 1\)|it's|a\|b)$"]


def test_names_are_joined_by_any_text() -> None:
    assert select("-k '{names  or }' F={names |F=} {classes ,}", TESTS[1:]) == [
        "-k",
        "it's or a|b",
        "F=it's|F=a|b",
        "tests/a.js,tests/b.js",
    ]


def test_a_name_with_a_placeholder_is_not_expanded_again() -> None:
    assert select("run {name}", [SelectedTest("a", "{report} {class}")]) == ["run", "{report} {class}"]


def test_a_selection_that_is_too_long_is_none() -> None:
    assert select("run {name}", [SelectedTest("a", str(number) * 50) for number in range(MAX_SELECTION)]) is None


def test_an_open_quotation_is_reported() -> None:
    with pytest.raises(SuiteError, match="No closing quotation"):
        expand("run 'it", PLACES)


@pytest.mark.parametrize(
    ("template", "is_selecting"),
    [("run {name}", True), ("run {regex}", True), ("run {names ,}", True), ("run {report}", False), ("run", False)],
)
def test_only_placeholders_for_tests_select(template: str, is_selecting: bool) -> None:  # noqa: FBT001 - as parametrized
    assert selects(template) is is_selecting


def test_a_misspelt_placeholder_is_reported() -> None:
    with pytest.raises(SuiteError, match=r"there is no placeholder \{reprot\}") as raised:
        expand("run {reprot}", PLACES)
    assert raised.value.hint == "did you mean {report}?"
    assert expand("sh -c 'for x in ${y}; do {a} {}; done'", PLACES)[-1] == "for x in ${y}; do {a} {}; done"
