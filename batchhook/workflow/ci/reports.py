"""The report files of a CI run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from batchhook.core.ci import CiRun
from batchhook.core.results import Outcome, TestResult
from batchhook.report import json_models
from batchhook.report.ci import gitlab, markdown_summary
from batchhook.report.files import regressions
from batchhook.report.files.junit import junit
from batchhook.store.files import replace_file

OPTIONAL_FILES = ("regressions.json", "culprits.json")
"""Files that only some runs write; those of an earlier run are deleted."""

COVERAGE_FILES = ("coverage.xml", "coverage.info", "coverage-*.xml", "coverage-*.info")
"""The same, of coverage: of the suite, or of each if there are several."""

_IGNORED = "# batchhook ci made this folder. Remove this file to commit what is in it.\n*\n"


def write(folder: Path, run: CiRun) -> tuple[Path, ...]:
    """Write all reports of a run and return their paths.

    Raises:
        OSError: they cannot be written.
    """
    _create_folder(folder)
    files = dict(_reports(run))
    earlier = [folder / name for name in OPTIONAL_FILES]
    for path in (*earlier, *(each for pattern in COVERAGE_FILES for each in folder.glob(pattern))):
        if path.name not in files:
            path.unlink(missing_ok=True)
    for name, content in files.items():
        replace_file(folder / name, content, mode=0o666, durable=False)
    return tuple(folder / name for name in files)


def _create_folder(folder: Path) -> None:
    """Create the folder and let git ignore it; one of the user's own is left as it is."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    (folder / ".gitignore").write_text(_IGNORED, "utf-8")


def _reports(run: CiRun) -> Iterator[tuple[str, bytes]]:
    started_at, duration = run.started_at, run.result.duration
    results = json_models.ci_results_document(
        run.result.results, started_at=started_at, duration=duration, success=run.verdict.is_good
    )
    yield "ci_test_results.json", _json(results)
    yield (
        "junit.xml",
        junit(_junit_results(run), name="batchhook", started_at=started_at, duration=duration, unrun=run.result.unrun),
    )
    yield "summary.md", markdown_summary.markdown(run).encode()
    issues = [issue.model_dump() for issue in gitlab.code_quality(run)]
    yield "gl-code-quality-report.json", f"{json.dumps(issues, indent=2)}\n".encode()
    if run.baseline is not None and run.comparison is not None:
        yield "regressions.json", _json(regressions.regressions_of_ci(run, run.baseline, run.comparison))
    if run.result.coverage is not None:
        for name, text in run.result.coverage.exports.items():
            yield name, text.encode()
    if run.bisection is not None:
        yield "culprits.json", _json(json_models.bisect_document(run.bisection))


def _junit_results(run: CiRun) -> Sequence[TestResult]:
    """Return the results; for a suite that could not run, an error, because an empty report would pass."""
    if not run.result.broken_reason:
        return run.result.results
    message = f"{run.result.broken_reason}\n{run.result.hint}".strip()
    return [TestResult("batchhook.suite", "batchhook", Outcome.ERRORED, error_type="Broken", message=message)]


def _json(document: BaseModel) -> bytes:
    return f"{document.model_dump_json(indent=2)}\n".encode()
