"""Baselines of CI runs: kept in a file or in a git note, or the outcomes of a commit that is tested now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import pydantic

from batchhook.core.ci import CiBaseline, CiRun
from batchhook.core.events import RunListener
from batchhook.errors import BatchhookError, UsageError
from batchhook.git import notes
from batchhook.report import json_models
from batchhook.workflow.ci import shallow
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.run import RunRequest, run_suite_on_commit

FILE_NAME = "baseline_results.json"
"""The baseline's name in the output folder."""


class BaselineSource(Enum):
    """The kinds of places that hold a baseline."""

    FILE = "file"
    NOTE = "note"
    COMMIT = "ref"


@dataclass(frozen=True, slots=True)
class BaselineLocation:
    """The place of a baseline.

    Attributes:
        value: a path or a revision; empty for a note.
    """

    source: BaselineSource
    value: str = ""


def parse_location(text: str, default: Path, base: Path) -> BaselineLocation:
    """Parse the value of ``--compare``.

    Args:
        text: ``note``, ``file:PATH``, ``ref:REV``, or a bare path or revision: a path if that file exists or the text
            ends in ``.json``. Empty for the default file.
        default: the file in the output folder.
        base: the folder that paths are relative to.
    """
    location = _parse_unambiguous(text, default, base)
    if location is None and ((base / text).is_file() or text.endswith(".json")):
        return BaselineLocation(BaselineSource.FILE, str(base / text))
    return location or BaselineLocation(BaselineSource.COMMIT, text)


def parse_target(text: str, default: Path, base: Path) -> BaselineLocation:
    """Parse the value of ``--set-baseline``: as ``parse_location``, but a bare text is always a path.

    Raises:
        UsageError: it is a revision, which cannot be set.
    """
    location = _parse_unambiguous(text, default, base) or BaselineLocation(BaselineSource.FILE, str(base / text))
    if location.source is BaselineSource.COMMIT:
        raise UsageError(
            f"--set-baseline {text}: a baseline is written to a file or a note",
            "a commit needs no baseline to compare with: batchhook ci --compare REF",
        )
    return location


def _parse_unambiguous(text: str, default: Path, base: Path) -> BaselineLocation | None:
    if text == BaselineSource.NOTE.value:
        return BaselineLocation(BaselineSource.NOTE)
    if not text:
        return BaselineLocation(BaselineSource.FILE, str(default))
    prefix, colon, value = text.partition(":")
    if colon and prefix == BaselineSource.FILE.value:
        return BaselineLocation(BaselineSource.FILE, str(base / value))
    return BaselineLocation(BaselineSource.COMMIT, value) if colon and prefix == BaselineSource.COMMIT.value else None


def read(project: Project, location: BaselineLocation, tip: str) -> CiBaseline:
    """Read a baseline from a file, or from the nearest note.

    Args:
        project: the checkout.
        location: of the baseline.
        tip: the commit from which the nearest note is searched backwards.

    Raises:
        BatchhookError: there is no baseline, or it cannot be read.
    """
    if location.source is BaselineSource.NOTE:
        return _read_note(project, tip)
    path = Path(location.value)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        hint = f"where the tests pass: batchhook ci --set-baseline; then keep {path.name} between runs"
        raise BatchhookError(f"there is no baseline {path} yet", hint) from error
    except UnicodeDecodeError as error:
        raise _not_a_baseline(f"the file {path}") from error
    return _parse(text, f"the file {path}")


def _read_note(project: Project, tip: str) -> CiBaseline:
    note = notes.nearest(project.git, shallow.resolve_revision(project.git, tip))
    if note is None:
        fetch = f"git fetch origin {notes.REF}:{notes.REF}"
        hint = shallow.hint(project.git) or f"{fetch}; or, where the tests pass: batchhook ci --set-baseline note"
        raise BatchhookError(f"neither {tip} nor any commit before it has a note with a baseline", hint)
    commit, text = note
    return replace(_parse(text, f"the note at {commit[:8]}"), commit=commit)


def _parse(text: str, name: str) -> CiBaseline:
    try:
        document = json_models.BaselineResultsDocument.model_validate_json(text)
    except pydantic.ValidationError as error:
        raise _not_a_baseline(name) from error
    return CiBaseline(name, document.commit, json_models.results_of_baseline(document), document.tests is None)


def _not_a_baseline(name: str) -> BatchhookError:
    return BatchhookError(
        f"{name} is not a baseline", "write one with batchhook ci --set-baseline; ci_test_results.json is one, too"
    )


def test_commit(project: Project, revision: str, environment: Mapping[str, str], listener: RunListener) -> CiBaseline:
    """Run the suite on a commit, in a private work tree, for a baseline.

    Raises:
        BatchhookError: there is no such commit, or it cannot be tested.
    """
    commit = shallow.resolve_revision(project.git, revision)
    scratch = project.state.run("baseline")
    run = run_suite_on_commit(project.with_worktrees(), RunRequest(commit), environment, listener, scratch)
    if run.result.broken_reason:
        message = f"{revision} ({commit[:8]}) cannot be tested: {run.result.broken_reason}"
        raise BatchhookError(message, run.result.hint)
    return CiBaseline(f"{revision} ({commit[:8]})", commit, run.result.results)


def refusal(run: CiRun, location: BaselineLocation, *, force: bool) -> str:
    """Return why a run must not become the baseline; empty if it may. ``force`` overrides all but a broken suite."""
    failing = run.result.totals.failures
    if run.result.broken_reason:
        return "the suite could not be run"
    if failing and not force:
        return f"{failing} of {run.result.totals.tests} tests fail"
    if location.source is BaselineSource.NOTE and run.includes_uncommitted and not force:
        return f"files differ from {run.commit[:8]}, the commit of the note"
    return ""


def save(project: Project, location: BaselineLocation, run: CiRun) -> str:
    """Make a run the baseline.

    Returns:
        a description of its location, for users.

    Raises:
        BatchhookError: it cannot be written, or there is no commit for the note.
    """
    is_note = location.source is BaselineSource.NOTE
    document = json_models.baseline_results_document(
        run.result.results,
        commit=run.commit,
        started_at=run.started_at,
        duration=run.result.duration,
        tracebacks=not is_note,
    )
    if is_note:
        if not run.commit:
            raise BatchhookError("there is no commit yet to add a note to", "git commit")
        notes.write(project.git, run.commit, document.model_dump_json())
        return f"a note at {run.commit[:8]}; share it: git push origin {notes.REF}"
    path = Path(location.value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document.model_dump_json(indent=2) + "\n", "utf-8")
    return str(path)
