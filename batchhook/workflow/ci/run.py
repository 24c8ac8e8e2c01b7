"""A CI run from request to report files: ``batchhook ci``, and ``Workflow.ci``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from batchhook.core.ci import CiBaseline, CiRun
from batchhook.core.events import RunListener
from batchhook.core.progress import Progress
from batchhook.errors import UsageError
from batchhook.workflow.ci import baselines, ci_env, ranges, reports
from batchhook.workflow.ci.baselines import BaselineLocation, BaselineSource
from batchhook.workflow.ci.checkout import open_checkout, run_checkout
from batchhook.workflow.ci.ranges import RevisionRange, SearchOptions
from batchhook.workflow.context.project import Project


@dataclass(frozen=True, slots=True)
class CiRequest:
    """The options of a CI run; relative paths in them start at ``folder``.

    Attributes:
        folder: any folder inside the checkout.
        output: the folder for the report files.
        compare: the baseline to compare with, as ``baselines.parse_location`` reads it; None for none.
        set_baseline: the place to save it to as a baseline, as ``baselines.parse_target`` reads it; None for none.
        force: save it as a baseline even if tests fail, or if files differ from the commit of the note.
        revision_range: ``A..B``, whose culprits are searched; empty for the range that the CI service names; None to
            test the checkout as it is.
        budget: seconds for the search; None for the setting ``culprit_budget``, 0 for no search.
        settings: those that override the configuration; None for the values that do not.

    Raises:
        UsageError: ``force`` without ``set_baseline``.
    """

    folder: Path
    output: Path
    compare: str | None = None
    set_baseline: str | None = None
    force: bool = False
    revision_range: str | None = None
    budget: float | None = None
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.force and self.set_baseline is None:
            raise UsageError("--force needs --set-baseline", "batchhook ci --set-baseline --force")


@dataclass(frozen=True, slots=True)
class CiResult:
    """A CI run with its files.

    Attributes:
        files: the report files.
        baseline_set: a description of where the run was saved as a baseline; empty if it was not.
        baseline_refusal: the reason why it was not saved although that was requested; else empty.
    """

    run: CiRun
    files: tuple[Path, ...]
    baseline_set: str = ""
    baseline_refusal: str = ""


class StepReporter(Protocol):
    """Reports the steps of a CI run."""

    def step(self, title: str) -> AbstractContextManager[tuple[RunListener, Callable[[Progress], None]]]:
        """Report a step for the length of a block; yields what is notified of its tests and of its search."""


def run_ci(request: CiRequest, environment: Mapping[str, str], reporter: StepReporter) -> CiResult:
    """Run the whole suite on a checkout, compare it, search for culprits, and write the reports.

    Needs no installed batchhook, and leaves nothing behind in git but a note that was requested.

    Args:
        request: the options.
        environment: the caller's, with the variables of the CI service.
        reporter: is notified of each step.

    Raises:
        BatchhookError: there is no repository, commit range or baseline as requested; or the suite of the baseline's
            commit cannot be run.
        OSError: the reports cannot be written.
    """
    output = request.folder / request.output
    default = output / baselines.FILE_NAME
    target = source = None
    if request.set_baseline is not None:
        target = baselines.parse_target(request.set_baseline, default, request.folder)
    if request.compare is not None:
        source = baselines.parse_location(request.compare, default, request.folder)
    with open_checkout(request.folder, environment, request.settings) as project:
        revision_range = _revision_range(project, request.revision_range, environment)
        tip = "HEAD" if revision_range is None else revision_range.bad
        baseline = None if source is None else _load_baseline(project, source, tip, environment, reporter)
        if revision_range is None:
            with reporter.step("testing the checkout") as (listener, _):
                run = run_checkout(project, environment, listener, baseline)
        else:
            budget = project.settings.culprit_budget if request.budget is None else request.budget
            with reporter.step(f"testing {revision_range.bad}") as (listener, report_progress):
                options = SearchOptions(environment, listener, report_progress, budget)
                run = ranges.run_range(project, revision_range, options, baseline)
        files = reports.write(output, run)
        if target is None:
            return CiResult(run, files)
        refusal = baselines.refusal(run, target, force=request.force)
        return CiResult(run, files, "" if refusal else baselines.save(project, target, run), refusal)


def _revision_range(project: Project, text: str | None, environment: Mapping[str, str]) -> RevisionRange | None:
    if text is None:
        return None
    return ranges.parse_range(text) if text else ci_env.range_under_test(project.git, environment)


def _load_baseline(
    project: Project, location: BaselineLocation, tip: str, environment: Mapping[str, str], reporter: StepReporter
) -> CiBaseline:
    if location.source is not BaselineSource.COMMIT:
        return baselines.read(project, location, tip)
    with reporter.step(f"testing the baseline {location.value}") as (listener, _):
        return baselines.test_commit(project, location.value, environment, listener)
