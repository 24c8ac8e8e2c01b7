from __future__ import annotations

from array import array
from collections.abc import Collection

import pytest

from batchhook.core.impact.code_map import (
    DYNAMIC_IMPORT,
    FILE,
    FOLDER,
    PROGRAM,
    CodeMap,
    CodePart,
    CodeRecord,
    Sureness,
    TreeChanges,
    describe_part,
    find_affected,
)
from batchhook.core.impact.source_code import TOP_LEVEL, parse_source
from batchhook.core.impact.tree_changes import FileDifference, compare_trees

MONEY, SHARE, ROUND = CodePart("money.py", TOP_LEVEL), CodePart("money.py", "share"), CodePart("money.py", "round")
DATA = CodePart("data/rates.json", FILE)


def code_map(**records: tuple[Collection[CodePart], Collection[CodePart]]) -> CodeMap:
    parts = sorted({part for groups in records.values() for group in groups for part in group})
    numbers = {part: number for number, part in enumerate(parts, start=1)}
    return CodeMap(
        numbers,
        {
            test: CodeRecord("tree", *(array("I", sorted(numbers[part] for part in group)) for group in groups))
            for test, groups in records.items()
        },
    )


MAP = code_map(
    runs_share=({SHARE}, {MONEY}),
    runs_both=({SHARE, ROUND}, {MONEY}),
    imports=(set(), {MONEY}),
    opens=({DATA}, set()),
    starts=({PROGRAM}, set()),
    guesses=(set(), {DYNAMIC_IMPORT}),
)


def affected(changes: TreeChanges) -> dict[str, Sureness]:
    return {each.test_id: each.sureness for each in find_affected(MAP, MAP.records, changes)}


def test_a_body_affects_the_tests_that_run_it() -> None:
    changes = TreeChanges(frozenset({SHARE}), has_code=True)
    assert affected(changes) == {
        "runs_share": Sureness.RUNS,
        "runs_both": Sureness.RUNS,
        "starts": Sureness.POSSIBLE,
    }


def test_a_top_level_affects_the_tests_that_import_it_and_those_that_may() -> None:
    changes = TreeChanges(frozenset({MONEY}), has_code=True)
    assert affected(changes) == {
        "runs_share": Sureness.IMPORTS,
        "runs_both": Sureness.IMPORTS,
        "imports": Sureness.IMPORTS,
        "starts": Sureness.POSSIBLE,
        "guesses": Sureness.POSSIBLE,
    }


def test_configuration_affects_all() -> None:
    changes = TreeChanges(frozenset({CodePart("setup.cfg", FILE)}), ("setup.cfg",), has_code=True)
    assert set(affected(changes)) == set(MAP.records)


def test_documents_affect_nothing() -> None:
    assert not affected(TreeChanges(frozenset({CodePart("README.md", FILE)})))


def test_tests_that_few_others_resemble_come_first() -> None:
    changes = TreeChanges(frozenset({SHARE, ROUND}), has_code=True)
    first, second, *_ = find_affected(MAP, MAP.records, changes)
    assert (first.test_id, second.test_id) == ("runs_both", "runs_share")
    assert first.parts == (ROUND, SHARE), "the rarer one first"


def difference(path: str, old: str | None, new: str | None, mentions: Collection[str] = ()) -> FileDifference:
    before, after = (
        parse_source(text.encode(), path) if text is not None and path.endswith(".py") else None for text in (old, new)
    )
    return FileDifference(path, old is None, new is None, before, after, frozenset(mentions))


def test_a_conftest_concerns_all_tests_below() -> None:
    body = difference("tests/conftest.py", "def helper():\n    return 1\n", "def helper():\n    return 2\n")
    assert CodePart("tests/conftest.py", TOP_LEVEL) in compare_trees([body], {}).parts
    assert compare_trees([difference("tests/conftest.py", None, "")], {}).everything


def test_a_comment_in_a_module_changes_only_the_file() -> None:
    changes = compare_trees([difference("money.py", "x = 1\n", "x = 1  # one\n")], MAP.numbers)
    assert changes.parts == {CodePart("money.py", FILE)}


def test_a_new_module_concerns_those_that_mention_it() -> None:
    changes = compare_trees([difference("extra.py", None, "x = 1\n", mentions=["money.py"])], MAP.numbers)
    assert MONEY in changes.parts
    assert CodePart(".", FOLDER) in changes.parts
    assert not changes.everything


def test_a_deleted_module_concerns_those_that_import_or_run_it() -> None:
    changes = compare_trees([difference("money.py", "def share():\n    pass\n", None)], MAP.numbers)
    assert {MONEY, SHARE} <= changes.parts
    assert changes.deleted == {"money.py"}


@pytest.mark.parametrize(
    ("path", "old", "new", "concerns_all"),
    [
        ("data/rates.json", "1", "2", False),  # tests were seen to open it
        ("data/other.json", "1", "2", True),  # no test was
        ("data/other.json", "1", None, True),
        ("data/new.json", None, "1", False),  # only tests that read this folder can find it
        ("elsewhere/new.json", None, "1", True),
        ("new.toml", None, "1", True),
        ("requirements.txt", "1", "2", True),
        ("README.md", "1", "2", False),
        (".github/workflows/ci.yml", "1", "2", False),
    ],
)
def test_data_that_no_test_was_seen_to_open_concerns_all(
    path: str, old: str | None, new: str | None, *, concerns_all: bool
) -> None:
    assert bool(compare_trees([difference(path, old, new)], MAP.numbers).everything) is concerns_all


def test_a_new_file_concerns_tests_that_read_its_folder() -> None:
    changes = compare_trees([difference("data/new.json", None, "1")], MAP.numbers)
    assert affected(changes) == {"opens": Sureness.RUNS, "starts": Sureness.POSSIBLE}


def test_parts_are_described_as_a_reader_would_write_them() -> None:
    assert describe_part(CodePart("src/parcel/money.py", "Price.share#2")) == "parcel.money.Price.share"
    assert describe_part(CodePart("parcel/__init__.py", TOP_LEVEL)) == "parcel"
    assert describe_part(DATA) == "data/rates.json"
    assert describe_part(CodePart("data", FOLDER)) == "data/"
