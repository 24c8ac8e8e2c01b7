"""Tests that had another name before: a renamed test is the same one, and what it did then counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

SIMILAR = 0.6
"""How much the names of two methods of one class have to agree to be taken for names of one test, 0 to 1."""
MOST = 20
"""Tests that are taken for possible former names of one."""


class Names:
    """The names of the tests that there are in one state.

    Args:
        there: their ids.
    """

    def __init__(self, there: Iterable[str]) -> None:
        self._by_method: defaultdict[str, list[str]] = defaultdict(list)
        self._by_class: defaultdict[str, list[str]] = defaultdict(list)
        for name in there:
            owner, _, method = name.rpartition(".")
            self._by_method[method].append(name)
            self._by_class[owner].append(name)

    def alike(self, name: str) -> tuple[str, ...]:
        """Tests that may be the same as one that is not there: its method in another class, or a similar one in its."""
        owner, _, method = name.rpartition(".")
        similar = (other for other in self._by_class[owner] if _likeness(method, other) >= SIMILAR)
        return tuple(dict.fromkeys((*self._by_method[method][:MOST], *similar)))[:MOST]


def former_name(name: str, alike: Sequence[str], here: Iterable[str]) -> str:
    """What a test was called in another state; empty where nothing, or too much, comes into question.

    Args:
        name: its id here.
        alike: tests of the other state that may be it.
        here: all tests that there are here: what exists in both has not been renamed.
    """
    gone = set(alike).difference(here)
    ranked = sorted(gone, key=lambda other: _closeness(name, other), reverse=True)
    if not ranked or (len(ranked) > 1 and _closeness(name, ranked[0]) == _closeness(name, ranked[1])):
        return ""
    return ranked[0]


def former_names(absent: Mapping[str, Sequence[str]], here: Iterable[str]) -> dict[str, str]:
    """Former names of those tests that have one; no name is given to two."""
    known = frozenset(here)
    found = {name: former for name, alike in absent.items() if (former := former_name(name, alike, known))}
    taken = list(found.values())
    return {name: former for name, former in found.items() if taken.count(former) == 1}


def _closeness(name: str, other: str) -> float:
    return SequenceMatcher(None, name, other).ratio()


def _likeness(method: str, other: str) -> float:
    return SequenceMatcher(None, method, other.rpartition(".")[2]).ratio()
