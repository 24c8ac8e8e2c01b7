"""Renamed tests: a test that exists under another name at another revision is the same test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from batchhook.core.test_ids import parse_id

MIN_SIMILARITY = 0.6
"""Similarity of two method names of one class, 0 to 1, from which one may be the other's former name."""
MAX_CANDIDATES = 20
"""Candidates that are considered for one test."""


class NameIndex:
    """Index of the test ids of one revision, by method and by class."""

    def __init__(self, test_ids: Iterable[str]) -> None:
        self._by_method: defaultdict[str, list[str]] = defaultdict(list)
        self._by_class: defaultdict[str, list[str]] = defaultdict(list)
        for test_id in test_ids:
            test = parse_id(test_id)
            self._by_method[test.name].append(test_id)
            self._by_class[test.owner].append(test_id)

    def similar(self, test_id: str) -> tuple[str, ...]:
        """Return ids that may be a missing test: the same method elsewhere, or a similar method of its class."""
        test = parse_id(test_id)
        similar = (
            other
            for other in self._by_class[test.owner]
            if _similarity(test.name, parse_id(other).name) >= MIN_SIMILARITY
        )
        return tuple(dict.fromkeys((*self._by_method[test.name][:MAX_CANDIDATES], *similar)))[:MAX_CANDIDATES]


def former_name(test_id: str, candidates: Sequence[str], current_ids: Iterable[str]) -> str:
    """Return the id of a test at another revision; empty if there is no candidate, or a tie.

    Args:
        test_id: id at the current revision.
        candidates: ids of the other revision that may be the test.
        current_ids: all ids of the current revision; a test that exists in both was not renamed.
    """
    removed = set(candidates).difference(current_ids)
    ranked = sorted(removed, key=lambda other: _similarity(test_id, other), reverse=True)
    if not ranked or (len(ranked) > 1 and _similarity(test_id, ranked[0]) == _similarity(test_id, ranked[1])):
        return ""
    return ranked[0]


def former_names(candidates: Mapping[str, Sequence[str]], current_ids: Iterable[str]) -> dict[str, str]:
    """Return the former names of all tests that have one; a name that fits two tests is dropped."""
    known = frozenset(current_ids)
    names = {test_id: name for test_id, similar in candidates.items() if (name := former_name(test_id, similar, known))}
    claimed = list(names.values())
    return {test_id: name for test_id, name in names.items() if claimed.count(name) == 1}


def _similarity(name: str, other: str) -> float:
    return SequenceMatcher(None, name, other).ratio()
