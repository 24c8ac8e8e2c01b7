"""Diff coverage: of the lines that changes added or modified and that still stand, those that tests run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from batchhook.core.coverage.line_owners import LineOwners
from batchhook.core.coverage.model import CoverageTotals, FileCoverage, SuiteCoverage, line_ranges


@dataclass(frozen=True, slots=True)
class FileGap:
    """Lines of a file that a change touched.

    Attributes:
        path: relative to the top of the checkout.
        lines: number of the executable ones.
        uncovered: those that no test runs, as ranges, which may hold lines of the change that are not executable.
        uncovered_lines: their number.
    """

    path: str
    lines: int
    uncovered: tuple[tuple[int, int], ...]
    uncovered_lines: int


@dataclass(frozen=True, slots=True)
class ChangeCoverage:
    """Coverage of the lines that a change touched.

    Attributes:
        oid: of the change.
        files: those with executable lines, by path.
    """

    oid: str
    files: tuple[FileGap, ...]

    @property
    def lines(self) -> int:
        """Return the number of executable lines."""
        return sum(file.lines for file in self.files)

    @property
    def uncovered_lines(self) -> int:
        """Return the number of those that no test runs."""
        return sum(file.uncovered_lines for file in self.files)

    @property
    def gaps(self) -> tuple[FileGap, ...]:
        """Return the files with such lines."""
        return tuple(file for file in self.files if file.uncovered)


@dataclass(frozen=True, slots=True)
class DiffCoverage:
    """Coverage of the lines that several changes touched; ``changes`` are those with executable lines, in order."""

    changes: tuple[ChangeCoverage, ...]

    @property
    def lines(self) -> int:
        """Return the number of executable lines."""
        return sum(change.lines for change in self.changes)

    @property
    def uncovered_lines(self) -> int:
        """Return the number of those that no test runs."""
        return sum(change.uncovered_lines for change in self.changes)

    @property
    def gaps(self) -> tuple[tuple[ChangeCoverage, FileGap], ...]:
        """Return each file with uncovered lines, and the change that they stem from."""
        return tuple((change, file) for change in self.changes for file in change.gaps)


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Coverage as it is shown.

    Attributes:
        totals: of the run.
        remark: why nothing was measured, or not everything, and what to do; empty if all is well.
        diff: of the changes under test; None if they are not known.
        previous: totals of an earlier run; None if there is none.
        previous_batch: that it belongs to.
    """

    totals: CoverageTotals
    remark: str = ""
    diff: DiffCoverage | None = None
    previous: CoverageTotals | None = None
    previous_batch: int = 0

    @property
    def is_measured(self) -> bool:
        """Return whether there is anything to report."""
        return self.totals.lines > 0


def compare_lines(coverage: SuiteCoverage, owners: Mapping[str, LineOwners], changes: Sequence[str]) -> DiffCoverage:
    """Return the diff coverage of changes.

    Args:
        coverage: of a run on the tree after the changes.
        owners: of that tree's lines, by path.
        changes: their names, in order.
    """
    files: dict[str, list[FileGap]] = {change: [] for change in changes}
    for file in coverage.files:
        for change, lines in _by_owner(owners.get(file.path, {})).items():
            gap = _find_gap(file, lines)
            if gap.lines and change in files:
                files[change].append(gap)
    return DiffCoverage(tuple(ChangeCoverage(change, tuple(gaps)) for change, gaps in files.items() if gaps))


def _by_owner(owners: LineOwners) -> dict[str, set[int]]:
    lines: dict[str, set[int]] = {}
    for line, owner in owners.items():
        lines.setdefault(owner, set()).add(line)
    return lines


def _find_gap(file: FileCoverage, lines: Iterable[int]) -> FileGap:
    touched = frozenset(lines)
    covered, missing = touched & file.covered, touched & file.missing
    ranges = line_ranges(missing, passable=touched - covered)
    return FileGap(file.path, len(covered) + len(missing), ranges, len(missing))
