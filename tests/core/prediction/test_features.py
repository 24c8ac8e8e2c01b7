"""Features tell what was known before a change, and nothing of what came later."""

from __future__ import annotations

import pytest

from batchhook.core.prediction.examples import MAX_OTHERS, TrainingSet
from batchhook.core.prediction.features import CHANGE_FEATURES, TEST_FEATURES, HistoryRecord
from batchhook.core.prediction.history import ChangeFacts, TestedBatch
from batchhook.core.prediction.words import file_of_test, is_file_of, is_test_file, words_in

PARSER = "tests/test_parser.py::test_comments"
PRINTER = "tests/test_printer.py::test_width"


def change(oid: str, *paths: str, subject: str = "Change", at: int = 0) -> ChangeFacts:
    return ChangeFacts(oid, subject, at, dict.fromkeys(paths, 10))


def batch(*changes: ChangeFacts, culprits: dict[str, str] | None = None, number: int = 1) -> TestedBatch:
    culprits = culprits or {}
    return TestedBatch(number, changes, {PARSER: 0.1, PRINTER: 0.2}, frozenset(culprits), culprits)


def values(
    record: HistoryRecord, facts: ChangeFacts, test: str, affected: frozenset[str] | None = None
) -> dict[str, float]:
    context = record.context(facts, {} if affected is None else {facts.oid: affected})
    return dict(zip((*TEST_FEATURES, *CHANGE_FEATURES), record.test_values(context, test), strict=True))


def test_a_first_change_is_known_by_its_names_only() -> None:
    row = values(HistoryRecord(), change("a", "src/parser.py", subject="Skip comments"), PARSER)
    assert (row["named like a touched file"], row["named in the subject"], row["new"]) == (1, 1, 1)
    assert row["broken often"] == row["fails already"] == row["the change can affect it"] == 0
    assert row["no map of its code"] == 1


def test_the_map_tells_the_affected_tests() -> None:
    facts = change("a", "src/core.py")
    assert values(HistoryRecord(), facts, PARSER, frozenset({PARSER}))["the change can affect it"] == 1
    row = values(HistoryRecord(), facts, PRINTER, frozenset({PARSER}))
    assert (row["the change can affect it"], row["no map of its code"]) == (0, 0)


def test_what_a_file_broke_before_counts_for_its_next_change() -> None:
    record = HistoryRecord()
    record.add(batch(change("a", "src/core.py"), change("b", "src/other.py"), culprits={PARSER: "a"}))
    row = values(record, change("c", "src/core.py"), PARSER)
    assert row["broken by these files before"] > 0
    assert row["fails already"] == 1
    assert values(record, change("c", "src/other.py"), PARSER)["broken by these files before"] == 0
    assert values(record, change("c", "src/core.py"), PRINTER)["broken by these files before"] == 0


def test_features_of_a_batch_do_not_depend_on_its_own_outcome() -> None:
    """Nor on that of later ones: the examples of a history are those of its beginning, and more."""
    first = batch(change("a", "src/core.py"), change("b", "src/parser.py"))
    broken = batch(change("c", "src/core.py"), culprits={PARSER: "c"}, number=2)
    sound = batch(change("c", "src/core.py"), number=2)
    rows = []
    for last in (broken, sound):
        record, training = HistoryRecord(), TrainingSet()
        for each in (first, last):
            training.add(record, each, {})
            record.add(each)
        rows.append(set(training.tests.rows) | set(training.changes.rows))
    assert rows[0] == rows[1]


def test_a_sample_stands_for_all_tests() -> None:
    tests = {f"tests/test_x.py::test_{number}": 0.0 for number in range(500)}
    training = TrainingSet()
    training.add(HistoryRecord(), TestedBatch(1, (change("a", "src/core.py"),), tests), {})
    assert len(training.tests.rows) == MAX_OTHERS
    assert sum(training.tests.weights) == pytest.approx(500)


def test_an_unclear_failure_is_no_example() -> None:
    unclear = TestedBatch(
        1, (change("a", "x.py"),), {PARSER: 0.1, PRINTER: 0.1}, frozenset({PARSER}), unclear=frozenset({PARSER})
    )
    training = TrainingSet()
    training.add(HistoryRecord(), unclear, {})
    assert training.changes.rows == []
    assert len(training.tests.rows) == 1


def test_names() -> None:
    assert words_in("tests/test_HTTPServer_caches.py") == {"http", "server", "cache"}
    assert file_of_test("tests/test_a.py::Test::test_x[1]") == "tests/test_a"
    assert file_of_test("tests.test_a.Test.test_x") == "tests/test_a"
    assert is_file_of("lib/tests/test_a.py", "tests/test_a")
    assert not is_file_of("tests/test_ab.py", "tests/test_a")
    assert is_test_file("pkg/tests/data.txt")
    assert not is_test_file("src/attest.py")
