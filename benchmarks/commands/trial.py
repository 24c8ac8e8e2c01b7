"""Two batches of real commits in a project, and what batchhook says of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.commands.cost import Cost
from benchmarks.commands.project import Counts, Fault, Project, find_version
from benchmarks.commands.repository import LIMIT, Repository

_WITHOUT_CHANCE = {"COIN": "heads"}


@dataclass(slots=True)
class Trial:
    """A trial of one tool.

    Attributes:
        project: of the tool.
        version: of the tool.
        right: tests whose culprit is right.
        wrong: what is wrong, a line each.
        coin: what is said of the test that fails by chance; empty as long as it has not failed.
        counts: of the last commit, without chance.
        by_hand: the same from the tool's own summary; None if there is none.
        cost: of one run; None if it was not measured.
    """

    project: Project
    version: str
    right: int = 0
    wrong: list[str] = field(default_factory=list)
    coin: str = ""
    counts: Counts | None = None
    by_hand: Counts | None = None
    cost: Cost | None = None

    @property
    def expected(self) -> int:
        """Number of tests and findings that have a culprit."""
        faults = (*self.project.faults, *([self.project.unbuildable] if self.project.unbuildable else []))
        return sum(len(fault.broken) for fault in faults)


def create(trial: Trial, repository: Repository) -> None:
    """Make the first commit of a project, install batchhook, and what the tests need in the work tree."""
    project = trial.project
    for command in project.prepare:
        repository.run(command)
    repository.commit("Begin")
    installed = repository.run([sys.executable, "-m", "batchhook", "install"])
    if not any(sign in installed for sign in (f"({project.tool}: ", f'(preset = "{project.tool}")')):
        trial.wrong.append(f"the preset was not found: {installed}")
    for command in project.before:
        repository.run(command)
    if project.own_version:
        trial.version = find_version(repository.run(project.own_version))


def run_trial(trial: Trial, repository: Repository) -> None:
    """Commit two batches, and judge what is said of them."""
    project = trial.project
    culprits = _commit_faults(project, repository)
    report = _await_batch(repository, 1)
    trial.wrong += _judge(trial, report, culprits)
    _compare_counts(trial, repository)
    if project.unbuildable is not None:
        culprits = _commit_unbuildable(project.unbuildable, repository)
        trial.wrong += _judge(trial, _await_batch(repository, 2), culprits)


def _commit_faults(project: Project, repository: Repository) -> dict[str, str]:
    """Commit the first batch; return the culprit of each test that it breaks."""
    _harmless(repository, 1)
    repository.edit(project.faults[0].edit)
    culprits = dict.fromkeys(project.faults[0].broken, repository.commit("Break a function"))
    repository.write(*project.coin)
    repository.commit("Toss a coin")
    repository.edit(project.faults[1].edit)
    culprits |= dict.fromkeys(project.faults[1].broken, repository.commit("Break another function"))
    _harmless(repository, 5)
    return culprits


def _commit_unbuildable(fault: Fault, repository: Repository) -> dict[str, str]:
    """Commit the second batch; return the culprit of each finding."""
    for number in (1, 2):
        _harmless(repository, 10 + number)
    repository.edit(fault.edit)
    culprits = dict.fromkeys(fault.broken, repository.commit("Break the build"))
    for number in (4, 5):
        _harmless(repository, 10 + number)
    return culprits


def _harmless(repository: Repository, number: int) -> str:
    repository.write("NOTES.md", f"Note {number}.\n")
    return repository.commit(f"Write note {number}")


def _await_batch(repository: Repository, number: int) -> Any:  # noqa: ANN401 - as json.loads
    return repository.json("wait", str(number), "--timeout", str(LIMIT))


def _judge(trial: Trial, report: Any, culprits: Mapping[str, str]) -> Iterator[str]:  # noqa: ANN401 - as json.loads
    """Yield what is wrong with the culprits of a batch; note what is right."""
    if report["verdict"] not in {"failed", "critical"}:
        yield f"the verdict is {report['verdict']}: {report['broken']}"
    found: set[str] = set()
    for failure in report["failures"]:
        test_id, attribution = failure["test_id"], failure["attribution"]
        kind, change = attribution["kind"], attribution["change"]
        if test_id == trial.project.coin_id:
            trial.coin = trial.coin or kind
            if kind == "culprit":
                yield f"{test_id} fails by chance, and {change[:8]} is named"
        elif test_id in culprits and (kind, change) == ("culprit", culprits[test_id]):
            found.add(test_id)
        elif test_id in culprits or kind != "pre-existing":
            yield f"{test_id}: {kind} {change[:8]} {attribution['reason']}, not {culprits.get(test_id, 'none')[:8]}"
    trial.right += len(found)
    for test_id in sorted(set(culprits) - found - {failure["test_id"] for failure in report["failures"]}):
        yield f"{test_id} did not fail"


def _compare_counts(trial: Trial, repository: Repository) -> None:
    """Compare the numbers of tests at the last commit with those of the tool's own summary."""
    report = repository.json("test", "--fresh", **_WITHOUT_CHANCE)
    totals = report["totals"]
    trial.counts = Counts(totals["tests"], totals["failed"] + totals["errored"], totals["skipped"])
    summary = repository.run(trial.project.by_hand, *range(256), **_WITHOUT_CHANCE)
    trial.by_hand = trial.project.count(summary)
    if trial.by_hand is None:
        trial.wrong.append(f"there is no summary in: {summary[-300:]}")
    elif trial.by_hand != trial.counts:
        trial.wrong.append(f"{trial.counts}, and by its own summary {trial.by_hand}")
