"""Where a CI run's baseline comes from and goes to: a file, a note at a commit, or a commit that is run now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.ci import Baseline, CiRun
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError, UsageError
from batchhook.git import notes
from batchhook.lazy import Late
from batchhook.workflow.ci import shallow
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.run import RunListener, Wanted, run_on_commit

if TYPE_CHECKING:
    import pydantic

    from batchhook.report import json_models
else:
    pydantic, json_models = Late("pydantic"), Late("batchhook.report.json_models")

FILE_NAME = "baseline_results.json"
"""The baseline's name in the output folder."""


class Kind(Enum):
    """Where a baseline is."""

    FILE = "file"
    NOTE = "note"
    COMMIT = "ref"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a baseline is.

    Attributes:
        value: a path or a revision; empty for a note.
    """

    kind: Kind
    value: str = ""


def place_of(said: str, default: Path, base: Path) -> Place:
    """What ``--compare`` means by a word.

    Args:
        said: ``note``, ``file:PATH``, ``ref:REV``, or a path or a revision as such: a file that exists goes first, and
            what ends in ``.json`` is one in any case. Empty: the file in the output folder.
        default: that file.
        base: the folder that paths are relative to.
    """
    plain = _plain_place(said, default, base)
    if plain is None and ((base / said).is_file() or said.endswith(".json")):
        return Place(Kind.FILE, str(base / said))
    return plain or Place(Kind.COMMIT, said)


def place_to_set(said: str, default: Path, base: Path) -> Place:
    """What ``--set-baseline`` means by a word: as above, but that all else is a path.

    Raises:
        UsageError: it is a revision, which cannot be set.
    """
    place = _plain_place(said, default, base) or Place(Kind.FILE, str(base / said))
    if place.kind is Kind.COMMIT:
        hint = "a commit's outcomes need not be set: batchhook ci --compare REF runs it"
        raise UsageError(f"--set-baseline {said}: a baseline is written to a file, or as a note", hint)
    return place


def _plain_place(said: str, default: Path, base: Path) -> Place | None:
    if said == Kind.NOTE.value:
        return Place(Kind.NOTE)
    if not said:
        return Place(Kind.FILE, str(default))
    kind, colon, value = said.partition(":")
    if colon and kind == Kind.FILE.value:
        return Place(Kind.FILE, str(base / value))
    return Place(Kind.COMMIT, value) if colon and kind == Kind.COMMIT.value else None


def read(project: Project, place: Place, tip: str) -> Baseline:
    """Read a baseline from a file, or from the nearest note.

    Args:
        project: the checkout.
        place: of the baseline.
        tip: the commit from which the nearest note is looked for, backwards.

    Raises:
        BatchhookError: there is none, or it cannot be read.
    """
    if place.kind is Kind.NOTE:
        return _of_note(project, tip)
    path = Path(place.value)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise BatchhookError(f"there is no baseline {path} yet", _set_it(path)) from error
    except UnicodeDecodeError as error:
        raise _unreadable(f"the file {path}") from error
    return _read(text, f"the file {path}")


def run(project: Project, revision: str, environment: Mapping[str, str], listener: RunListener) -> Baseline:
    """Make a baseline of a commit's outcomes, in a private work tree.

    Raises:
        BatchhookError: there is no such commit, or it cannot be tested.
    """
    commit = shallow.named(project.git, revision)
    made = run_on_commit(isolated(project), Wanted(commit), environment, listener, project.state.run("baseline"))
    if made.outcome.broken:
        raise BatchhookError(f"{revision} ({commit[:8]}) cannot be tested: {made.outcome.broken}", made.outcome.hint)
    return Baseline(f"{revision} ({commit[:8]})", commit, made.outcome.results)


def _set_it(path: Path) -> str:
    return f"batchhook ci --set-baseline makes it, where the tests pass; then keep {path.name} between runs"


def _of_note(project: Project, tip: str) -> Baseline:
    found = notes.nearest(project.git, shallow.named(project.git, tip))
    if found is None:
        fetch = f"git fetch origin {notes.REF}:{notes.REF}"
        hint = shallow.hint(project.git) or f"{fetch}; or batchhook ci --set-baseline note, where the tests pass"
        raise BatchhookError(f"neither {tip} nor any commit before it has a note with a baseline", hint)
    commit, text = found
    return replace(_read(text, f"the note at {commit[:8]}"), commit=commit)


def isolated(project: Project) -> Project:
    """The same with tests in private work trees: other commits can be tested nowhere else."""
    return replace(project, settings=replace(project.settings, isolation=Isolation.WORKTREE))


def _read(text: str, name: str) -> Baseline:
    try:
        document = json_models.BaselineResultsDocument.model_validate_json(text)
    except pydantic.ValidationError as error:
        raise _unreadable(name) from error
    return Baseline(name, document.commit, json_models.results_of_baseline(document), document.tests is None)


def _unreadable(name: str) -> BatchhookError:
    return BatchhookError(
        f"{name} is no baseline", "batchhook ci --set-baseline writes one; so does ci_test_results.json"
    )


def refusal(run: CiRun, place: Place, *, force: bool) -> str:
    """Why a run cannot be a baseline; empty where it can, as most can that are forced."""
    failing = run.outcome.totals.failures
    if run.outcome.broken:
        return "the suite could not be run"
    if failing and not force:
        return f"{failing} of {run.outcome.totals.tests} tests fail"
    if place.kind is Kind.NOTE and run.has_more and not force:
        return f"files differ from {run.commit[:8]}, whose note it would be"
    return ""


def save(project: Project, place: Place, run: CiRun) -> str:
    """Make a run the baseline; gives where it is, for people.

    Raises:
        BatchhookError: it cannot be written, or nothing is committed that could have a note.
    """
    note = place.kind is Kind.NOTE
    document = json_models.baseline_results_document(
        run.outcome.results,
        commit=run.commit,
        started_at=run.started_at,
        duration=run.outcome.duration,
        tracebacks=not note,
    )
    if note:
        if not run.commit:
            raise BatchhookError("nothing is committed here that could have a note", "git commit first")
        notes.put(project.git, run.commit, document.model_dump_json())
        return f"a note at {run.commit[:8]}; git push origin {notes.REF} shares it"
    path = Path(place.value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document.model_dump_json(indent=2) + "\n", "utf-8")
    return str(path)
