"""Which tests run together, and in which order they are handed out. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from batchhook.core.test_stats import History

UNKNOWN_DURATION = 0.05
"""Seconds that a test without history is taken to last."""
PIECES_A_WORKER = 12
"""Into how many pieces of equal length each worker's share is cut: the more, the evener is the end of a run."""


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

    @property
    def company(self) -> str:
        """Those among whom unittest would run it: everything under its fixtures, or else its class."""
        return self.group or f"class {self.class_name} in {self.module}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Units that one worker runs one after the other.

    Attributes:
        units: their numbers, in unittest's order.
        seconds: how long they are likely to take.
        urgent: whether one of them failed lately or was changed.
    """

    units: tuple[int, ...]
    seconds: float
    urgent: bool


def selected(units: Sequence[Unit], only: Iterable[str]) -> list[int]:
    """Numbers of the units that were asked for by the id of the test, of its class or module, or of a fixture."""
    wanted = frozenset(only)
    if not wanted:
        return list(range(len(units)))
    return [number for number, unit in enumerate(units) if not wanted.isdisjoint(names_of(unit))]


def names_of(unit: Unit) -> tuple[str, ...]:
    """Ids by which a test can be asked for."""
    downs = (f"tearDownClass ({unit.class_name})", f"tearDownModule ({unit.module})")
    return (unit.test_id, unit.class_name, unit.module, *set_ups_of(unit), *downs)


def set_ups_of(unit: Unit) -> tuple[str, str]:
    """Ids of the fixtures without which a test is not run."""
    return f"setUpClass ({unit.class_name})", f"setUpModule ({unit.module})"


def planned(
    units: Sequence[Unit], numbers: Sequence[int], jobs: int, history: History, changed: Iterable[str] = ()
) -> list[Batch]:
    """Cut the wanted units into batches, in the order in which they are to be handed out.

    One worker gets everything in one batch, in unittest's order. For several, what shares fixtures stays together, a
    class without fixtures is cut where it would keep one worker longer than the others have to do, and what is short
    is put together by module. What failed lately or was changed comes first, then the longest: the order that keeps
    the end of a run even (Graham, Bounds on Multiprocessing Timing Anomalies, 1969).

    Args:
        units: the whole suite.
        numbers: of those that are wanted, in unittest's order.
        jobs: how many workers there will be.
        history: what earlier runs tell.
        changed: files that were changed.
    """
    estimate = _Estimate(units, history, changed)
    if jobs <= 1:
        return [estimate.batch(numbers)] if numbers else []
    limit = sum(map(estimate.seconds, numbers)) / (jobs * PIECES_A_WORKER)
    pieces = [piece for company in _companies(units, numbers) for piece in _cut(company, limit, estimate)]
    return sorted(_joined(pieces, limit, estimate), key=lambda batch: (not batch.urgent, -batch.seconds))


class _Estimate:
    """What is known of units before they run."""

    def __init__(self, units: Sequence[Unit], history: History, changed: Iterable[str]) -> None:
        self.units = units
        self._history = history
        self._changed = frozenset(_module(path) for path in changed if path.endswith(".py"))
        self._unsteady = {unit.company for unit in units if unit.test_id in history.unsteady}

    def seconds(self, number: int) -> float:
        """How long a unit is likely to take."""
        return self._history.durations.get(self.units[number].test_id, UNKNOWN_DURATION)

    def may_be_cut(self, number: int) -> bool:
        """Whether a unit may run in another process than those beside it."""
        unit = self.units[number]
        return not unit.group and unit.company not in self._unsteady

    def batch(self, numbers: Iterable[int]) -> Batch:
        """Some units as a batch."""
        units = tuple(numbers)
        return Batch(units, sum(map(self.seconds, units)), any(map(self._is_urgent, units)))

    def are_alike(self, one: Batch, other: Batch) -> bool:
        """Whether batches are of one module, and equally urgent."""
        same_module = self.units[one.units[0]].module == self.units[other.units[0]].module
        return same_module and one.urgent == other.urgent

    def _is_urgent(self, number: int) -> bool:
        unit = self.units[number]
        return unit.test_id in self._history.failing or any(
            path == unit.module or path.endswith(f".{unit.module}") for path in self._changed
        )


def _companies(units: Sequence[Unit], numbers: Iterable[int]) -> list[list[int]]:
    companies: defaultdict[str, list[int]] = defaultdict(list)
    for number in numbers:
        companies[units[number].company].append(number)
    return list(companies.values())


def _cut(company: list[int], limit: float, estimate: _Estimate) -> list[list[int]]:
    """Cut units that share nothing into pieces that take no longer than the limit, where single ones allow that."""
    if not estimate.may_be_cut(company[0]):
        return [company]
    pieces: list[list[int]] = [[]]
    filled = 0.0
    for number in company:
        seconds = estimate.seconds(number)
        if pieces[-1] and filled + seconds > limit:
            pieces.append([])
            filled = 0.0
        pieces[-1].append(number)
        filled += seconds
    return pieces


def _joined(pieces: Iterable[list[int]], limit: float, estimate: _Estimate) -> list[Batch]:
    """Put short neighbours of one module together: each batch costs a question and an answer."""
    joined: list[Batch] = []
    for piece in map(estimate.batch, pieces):
        last = joined[-1] if joined else None
        if last is not None and last.seconds + piece.seconds <= limit and estimate.are_alike(last, piece):
            joined[-1] = Batch(last.units + piece.units, last.seconds + piece.seconds, last.urgent)
        else:
            joined.append(piece)
    return joined


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def translation(ours: Sequence[Unit], theirs: Sequence[Unit]) -> dict[int, int]:
    """Where each unit of one discovery is in another: equal ids go together in their order."""
    if list(ours) == list(theirs):
        return {number: number for number in range(len(ours))}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number in reversed(range(len(theirs))):
        places[theirs[number].test_id].append(number)
    return {number: places[unit.test_id].pop() for number, unit in enumerate(ours) if places[unit.test_id]}
