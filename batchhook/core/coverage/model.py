"""Lines and branches of a run that its tests have covered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from batchhook.core.plural import plural

Branch = tuple[int, int]
"""A line that may go on at several places, and one of these: a line, or a negative number for an exit."""


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """Coverage of one file.

    Attributes:
        path: relative to the top of the checkout.
        covered: executable lines that were run.
        missing: executable lines that were not.
        covered_branches, missing_branches: empty where only lines were measured.
    """

    path: str
    covered: frozenset[int]
    missing: frozenset[int]
    covered_branches: frozenset[Branch] = frozenset()
    missing_branches: frozenset[Branch] = frozenset()

    @property
    def partial_lines(self) -> frozenset[int]:
        """Return the lines that were run, and of which a branch was never taken."""
        return frozenset(line for line, _ in self.missing_branches if line in self.covered)

    def merged(self, other: FileCoverage) -> FileCoverage:
        """Return what this run and another one of the same file covered together."""
        covered = self.covered | other.covered
        branches = self.covered_branches | other.covered_branches
        return FileCoverage(
            self.path,
            covered,
            (self.missing | other.missing) - covered,
            branches,
            (self.missing_branches | other.missing_branches) - branches,
        )


@dataclass(frozen=True, slots=True)
class CoverageTotals:
    """Number of executable lines and of branches, and how many of them were run."""

    lines: int = 0
    covered_lines: int = 0
    branches: int = 0
    covered_branches: int = 0

    @property
    def line_rate(self) -> float:
        """Return the share of the lines that were run, 0 to 1; 1 if there are none."""
        return self.covered_lines / self.lines if self.lines else 1.0

    @property
    def branch_rate(self) -> float:
        """Return the share of the branches that were taken, 0 to 1; 1 if there are none."""
        return self.covered_branches / self.branches if self.branches else 1.0


@dataclass(frozen=True, slots=True)
class SuiteCoverage:
    """Coverage of a run.

    Attributes:
        files: by path; empty if details were not stored.
        problem: why nothing was measured, or not everything; empty if all is well.
        hint: what to do about that.
        exports: texts for other programs, by file name; only where they were asked for.
        totals: of the files.
    """

    files: tuple[FileCoverage, ...] = ()
    problem: str = ""
    hint: str = ""
    exports: Mapping[str, str] = field(default_factory=dict)
    totals: CoverageTotals = field(default_factory=CoverageTotals)

    @property
    def is_measured(self) -> bool:
        """Return whether there is anything to report."""
        return self.totals.lines > 0

    @property
    def remark(self) -> str:
        """Return problem and hint in one line; empty if all is well."""
        return ": ".join(filter(None, (self.problem, self.hint)))


def count_coverage(files: Iterable[FileCoverage]) -> CoverageTotals:
    """Return the totals of files."""
    lines = covered = branches = taken = 0
    for file in files:
        lines += len(file.covered) + len(file.missing)
        covered += len(file.covered)
        branches += len(file.covered_branches) + len(file.missing_branches)
        taken += len(file.covered_branches)
    return CoverageTotals(lines, covered, branches, taken)


def merge_coverage(suites: Sequence[SuiteCoverage]) -> SuiteCoverage:
    """Return the coverage of several suites as one; a file that several have run counts once."""
    files: dict[str, FileCoverage] = {}
    for suite in suites:
        for file in suite.files:
            known = files.get(file.path)
            files[file.path] = file if known is None else known.merged(file)
    ordered = tuple(files[path] for path in sorted(files))
    return SuiteCoverage(
        files=ordered,
        problem="; ".join(dict.fromkeys(suite.problem for suite in suites if suite.problem)),
        hint="; ".join(dict.fromkeys(suite.hint for suite in suites if suite.hint)),
        exports={name: text for suite in suites for name, text in suite.exports.items()},
        totals=count_coverage(ordered),
    )


def line_ranges(lines: Iterable[int], *, passable: frozenset[int] = frozenset()) -> tuple[tuple[int, int], ...]:
    """Return lines as ranges, first and last included.

    Args:
        lines: in any order.
        passable: further lines that may lie inside of a range, such as those that are not executable.
    """
    ranges: list[tuple[int, int]] = []
    for line in sorted(set(lines)):
        if ranges and all(between in passable for between in range(ranges[-1][1] + 1, line)):
            ranges[-1] = ranges[-1][0], line
        else:
            ranges.append((line, line))
    return tuple(ranges)


def range_text(first: int, last: int) -> str:
    """Return ``7`` or ``3-9``."""
    return str(first) if first == last else f"{first}-{last}"


def rate_text(part: int, whole: int) -> str:
    """Return a share in per cent, with one decimal and rounded down: only all is ``100.0%``."""
    thousandths = 1000 if not whole else 1000 * part // whole
    return f"{thousandths // 10}.{thousandths % 10}%"


def totals_text(totals: CoverageTotals) -> str:
    """Return ``87.2% of 1,240 lines, 74.0% of 310 branches``."""
    text = f"{rate_text(totals.covered_lines, totals.lines)} of {_count(totals.lines, 'line')}"
    if totals.branches:
        text += f", {rate_text(totals.covered_branches, totals.branches)} of {_count(totals.branches, 'branch')}"
    return text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {plural(number, noun).partition(' ')[2]}"
