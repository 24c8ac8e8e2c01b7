"""The files that a CI run leaves in its output folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.ci import CiRun
from batchhook.core.results import Outcome, TestResult
from batchhook.lazy import Late
from batchhook.report.ci import markdown_summary
from batchhook.report.files.junit import junit

if TYPE_CHECKING:
    from pydantic import BaseModel

    from batchhook.report import json_models
    from batchhook.report.ci import gitlab
    from batchhook.report.files import regressions
else:
    json_models, gitlab = Late("batchhook.report.json_models"), Late("batchhook.report.ci.gitlab")
    regressions = Late("batchhook.report.files.regressions")

OF_SOME_RUNS = ("regressions.json", "culprits.json")
"""Files that not each run writes: those of an earlier one must not be taken for this one's."""


def write(folder: Path, run: CiRun) -> tuple[Path, ...]:
    """Write all reports of a run; gives their paths.

    Raises:
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = dict(_reports(run))
    for name in OF_SOME_RUNS:
        if name not in written:
            (folder / name).unlink(missing_ok=True)
    for name, content in written.items():
        temporary = folder / f"{name}.new"
        temporary.write_bytes(content)
        temporary.replace(folder / name)
    return tuple(folder / name for name in written)


def _reports(run: CiRun) -> Iterator[tuple[str, bytes]]:
    outcome, started_at, duration = run.outcome, run.started_at, run.outcome.duration
    success = run.verdict.is_good
    results = json_models.ci_results_document(
        outcome.results, started_at=started_at, duration=duration, success=success
    )
    yield "ci_test_results.json", _json(results)
    yield "junit.xml", junit(_for_junit(run), name="batchhook", started_at=started_at, duration=duration)
    yield "summary.md", markdown_summary.markdown(run).encode()
    issues = [issue.model_dump() for issue in gitlab.code_quality(run)]
    yield "gl-code-quality-report.json", f"{json.dumps(issues, indent=2)}\n".encode()
    if run.baseline is not None and run.compared is not None:
        yield "regressions.json", _json(regressions.regressions_of_ci(run, run.baseline, run.compared))
    if run.found is not None:
        yield "culprits.json", _json(json_models.bisect_document(run.found))


def _for_junit(run: CiRun) -> Sequence[TestResult]:
    """The results; an error in their place where the suite could not run, lest its absence be taken for success."""
    outcome = run.outcome
    if not outcome.broken:
        return outcome.results
    why = f"{outcome.broken}\n{outcome.hint}".strip()
    return [TestResult("batchhook.suite", "batchhook", Outcome.ERRORED, error_type="Broken", message=why)]


def _json(document: BaseModel) -> bytes:
    return f"{document.model_dump_json(indent=2)}\n".encode()
