from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from batchhook.core.impact.code_map import CodePart
from batchhook.core.impact.source_code import parse_source
from batchhook.store import code_map
from batchhook.store.database import Database

SUITE = {"python": "3.11", "engine": "unittest"}
ADD, SUBTRACT, MODULE = CodePart("calc.py", "add"), CodePart("calc.py", "subtract"), CodePart("calc.py", "<module>")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "state.db", create=True)
    yield opened
    opened.close()


def load(
    database: Database, suite: dict[str, str] | None = None
) -> dict[str, tuple[str, set[CodePart], set[CodePart]]]:
    loaded = code_map.load(database, SUITE if suite is None else suite)
    parts = {number: part for part, number in loaded.numbers.items()}
    return {
        test: (record.tree, {parts[number] for number in record.runs}, {parts[number] for number in record.imports})
        for test, record in loaded.records.items()
    }


def test_records_are_loaded_as_stored(database: Database) -> None:
    assert not code_map.has_any(database)
    code_map.add(database, SUITE, "tree 1", {"a": ({ADD}, {MODULE}), "b": ({ADD, SUBTRACT}, {MODULE})})
    assert code_map.has_any(database)
    assert load(database) == {
        "a": ("tree 1", {ADD}, {MODULE}),
        "b": ("tree 1", {ADD, SUBTRACT}, {MODULE}),
    }
    assert not load(database, {"python": "3.12"})


def test_later_records_replace_earlier_ones(database: Database) -> None:
    code_map.add(database, SUITE, "tree 1", {"a": ({ADD}, {MODULE}), "b": ({ADD}, {MODULE})})
    code_map.add(database, SUITE, "tree 2", {"a": ({SUBTRACT}, set())})
    code_map.advance(database, SUITE, ["b", "unknown"], "tree 3")
    assert load(database) == {"a": ("tree 2", {SUBTRACT}, set()), "b": ("tree 3", {ADD}, {MODULE})}
    code_map.delete_tests(database, SUITE, ["b"])
    assert set(load(database)) == {"b"}


def test_names_that_are_no_text(database: Database) -> None:
    part = CodePart("a\udcff.py", "f")
    code_map.add(database, SUITE, "tree", {"test\udcff": ({part}, set())})
    ((tree, runs, _),) = load(database).values()
    assert tree == "tree"
    assert [each.name for each in runs] == ["f"]


def test_the_store_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_map, "MAX_TESTS", 3)
    monkeypatch.setattr(code_map, "MAX_SUITES", 2)
    monkeypatch.setattr(code_map, "MAX_PARTS", 2)
    for number in range(4):
        suite = {"python": str(number)}
        names = [CodePart("calc.py", f"f{number}{each}") for each in range(2)]
        code_map.add(database, suite, "tree", {f"t{each}": (names, names) for each in range(5)})
    assert [len(load(database, {"python": str(number)})) for number in range(4)] == [0, 0, 3, 3]
    assert {row["name"] for row in database.rows("SELECT name FROM code_parts")} == {"f20", "f21", "f30", "f31"}
    assert len(database.rows("SELECT * FROM code_sets")) == 2
    code_map.add(database, {"python": "3"}, "tree 2", {"t0": ({ADD}, set())})
    assert load(database, {"python": "3"})["t0"][0] == "tree 2", "a full map goes on for the tests that it has"


PARTS = strategies.frozensets(
    strategies.builds(CodePart, strategies.text(max_size=3), strategies.text(max_size=3)), max_size=5
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strategies.dictionaries(strategies.text(min_size=1, max_size=4), strategies.tuples(PARTS, PARTS), max_size=4))
def test_any_record_survives(
    tmp_path_factory: pytest.TempPathFactory, records: dict[str, tuple[frozenset[CodePart], frozenset[CodePart]]]
) -> None:
    database = Database(tmp_path_factory.mktemp("store") / "state.db", create=True)
    try:
        code_map.add(database, SUITE, "tree", records)
        assert load(database) == {test: ("tree", set(runs), set(imports)) for test, (runs, imports) in records.items()}
    finally:
        database.close()


def test_parsed_files(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    code = parse_source(b"import os\n\ndef f():\n    return 1\n", "pkg/a.py")
    code_map.add_parsed(database, {("pkg/a.py", "blob 1"): code})
    known = code_map.load_parsed(database, [("pkg/a.py", "blob 1"), ("pkg/b.py", "blob 1"), ("pkg/a.py", "blob 2")])
    assert known == {("pkg/a.py", "blob 1"): code}, "imports depend on the path"
    monkeypatch.setattr(code_map, "MAX_PARSED_FILES", 2)
    code_map.add_parsed(database, {(f"{number}.py", "blob"): code for number in range(5)})
    assert len(database.rows("SELECT * FROM parsed_files")) == 2
