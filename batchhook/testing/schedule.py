"""Which tests run together, and in which order they are handed out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

UNKNOWN_DURATION = 0.05
"""Seconds that a test without history is taken to last."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One test of the discovered suite.

    Attributes:
        test_id: as unittest says it; not always unique.
        module: that it belongs to.
        class_name: the class with its module, as fixtures are named.
        group: the fixtures that it shares with others, and must be run together with; empty for none.
    """

    test_id: str
    module: str
    class_name: str
    group: str


def selected(units: Sequence[Unit], only: Iterable[str]) -> list[int]:
    """Numbers of the units that were asked for by test id, or by the id of a fixture of theirs; all if none were."""
    wanted = frozenset(only)
    if not wanted:
        return list(range(len(units)))
    return [
        number
        for number, unit in enumerate(units)
        if unit.test_id in wanted or any(fixture in wanted for fixture in fixtures_of(unit))
    ]


def fixtures_of(unit: Unit) -> tuple[str, ...]:
    """Ids under which unittest reports the fixtures around a test."""
    return (*set_ups_of(unit), f"tearDownClass ({unit.class_name})", f"tearDownModule ({unit.module})")


def set_ups_of(unit: Unit) -> tuple[str, str]:
    """Ids of the fixtures without which a test is not run."""
    return f"setUpClass ({unit.class_name})", f"setUpModule ({unit.module})"


def batches(
    units: Sequence[Unit], numbers: Sequence[int], jobs: int, durations: Mapping[str, float]
) -> list[list[int]]:
    """Cut the wanted units into batches for the workers.

    One worker gets everything in one batch, in unittest's order. Several get one group of shared fixtures, or else one
    class, at a time, the longest first (among equals, in unittest's order).
    """
    if jobs <= 1:
        return [list(numbers)] if numbers else []
    groups: defaultdict[str, list[int]] = defaultdict(list)
    seconds: defaultdict[str, float] = defaultdict(float)
    for number in numbers:
        unit = units[number]
        key = unit.group or f"class {unit.class_name} in {unit.module}"
        groups[key].append(number)
        seconds[key] += durations.get(unit.test_id, UNKNOWN_DURATION)
    return [groups[key] for key in sorted(groups, key=lambda key: -seconds[key])]


def translation(ours: Sequence[Unit], theirs: Sequence[Unit]) -> dict[int, int]:
    """Where each unit of one discovery is in another: equal ids go together in their order."""
    if list(ours) == list(theirs):
        return {number: number for number in range(len(ours))}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number in reversed(range(len(theirs))):
        places[theirs[number].test_id].append(number)
    return {number: places[unit.test_id].pop() for number, unit in enumerate(ours) if places[unit.test_id]}
