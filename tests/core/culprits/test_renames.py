"""Former names of renamed tests."""

from __future__ import annotations

from batchhook.core.culprits.renames import MAX_CANDIDATES, NameIndex, former_name, former_names


def test_similar_names() -> None:
    index = NameIndex(["m.T.test_total", "m.T.test_quite_different", "n.U.test_sum", "m.T.test_sums"])
    assert index.similar("m.T.test_sum") == ("n.U.test_sum", "m.T.test_sums")
    assert index.similar("m.V.test_nothing_alike_xyz") == ()


def test_number_of_candidates_is_bounded() -> None:
    index = NameIndex([f"m.T{number}.test_a" for number in range(MAX_CANDIDATES + 5)])
    assert len(index.similar("n.T.test_a")) == MAX_CANDIDATES


def test_closest_removed_test_is_the_former_name() -> None:
    assert former_name("m.T.test_sums", ["m.T.test_sum", "m.T.test_total"], ["m.T.test_sums"]) == "m.T.test_sum"


def test_test_that_exists_in_both_was_not_renamed() -> None:
    assert former_name("m.T.test_b", ["m.T.test_a"], ["m.T.test_a", "m.T.test_b"]) == ""


def test_tie_has_no_former_name() -> None:
    assert former_name("m.T.test_x", ["a.T.test_x", "b.T.test_x"], ["m.T.test_x"]) == ""


def test_name_claimed_twice_is_dropped() -> None:
    candidates = {"m.T.test_a1": ["m.T.test_a"], "m.T.test_a2": ["m.T.test_a"], "m.T.test_c1": ["m.T.test_c"]}
    assert former_names(candidates, candidates) == {"m.T.test_c1": "m.T.test_c"}
