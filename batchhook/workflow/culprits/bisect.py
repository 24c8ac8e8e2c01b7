"""Finding what broke tests, or a command, in any range of history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.changes import Commit, FileEdit
from batchhook.core.culprits.attribution import Kind, Sight
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.progress import Progress
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError, GitError
from batchhook.lazy import Late
from batchhook.store import observations
from batchhook.store.observations import Runs
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import named
from batchhook.workflow.culprits import merges
from batchhook.workflow.culprits.command_probe import CommandVisits, command_visits
from batchhook.workflow.culprits.first_parent import Line, line_to
from batchhook.workflow.culprits.probe_cache import Looks
from batchhook.workflow.culprits.probes import Visits, visiting
from batchhook.workflow.culprits.range_search import Quest, looking_at
from batchhook.workflow.culprits.request import Asked, check_failing
from batchhook.workflow.culprits.seeding import command_subjects, subjects_of
from batchhook.workflow.suite.fingerprint import find_suite

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
else:
    backends = Late("batchhook.git.backends")
    object_db = Late("batchhook.git.object_db")


def bisect(project: Project, asked: Asked, tell: Callable[[Progress], None], scratch: Path) -> Bisection:
    """Find out which commit broke tests, or a command, in any range of history.

    The user's work tree, index and HEAD are not touched. It may be killed at any moment: every visit is stored when it
    was made, so that the same search goes on from there.

    Args:
        project: the repository.
        asked: for what.
        tell: is told how far it is.
        scratch: a folder for the files of visits.

    Raises:
        BatchhookError: there is no such range, nothing fails at its end, or the command cannot be run.
    """
    good, bad = named(project, asked.good), named(project, asked.bad)
    line = line_to(project.git, bad, [good])
    if line is None:
        raise BatchhookError(
            f"there is nothing to search: {asked.good} has all that {asked.bad} has",
            "the older commit comes first: batchhook bisect TEST GOOD BAD",
        )
    with _visits(project, asked, scratch) as places:
        return _search(project, asked, places, line, tell)


@contextmanager
def _visits(project: Project, asked: Asked, scratch: Path) -> Iterator[Visits]:
    if asked.command is not None:
        with command_visits(project, asked.command, asked.environment, scratch) as visits:
            yield visits
        return
    if project.settings.isolation is Isolation.IN_PLACE:
        raise BatchhookError("tests run in place here, where other commits cannot be tested", "--exec CMD can")
    with visiting(project, find_suite(project, asked.environment), scratch) as made:
        yield made


def _search(project: Project, asked: Asked, places: Visits, line: Line, tell: Callable[[Progress], None]) -> Bisection:
    these = Runs(places.description, after=observations.latest(project.database) if asked.fresh else 0)
    looks = Looks(project.database, places, these, lambda states: tell(looking_at(states)))
    bad = line.states[-1]
    seen = looks.once(bad, asked.names)
    check_failing(asked, bad, seen)
    sound = {name: look.sight for name, look in seen.items() if look.sight is not Sight.FAILED}
    failed = observations.failures_in(project.database, bad.tree, these, seen.keys() - sound.keys())
    begin = subjects_of if asked.command is None else command_subjects
    quest = Quest(project, looks, bad, begin, tell, asked.budget)
    found = merges.search(quest, line, [failed[name] for name in asked.names if name in failed], {})
    return Bisection(
        good=line.hidden[0],
        bad=bad.oid,
        base=line.states[0].oid,
        size=len(line.commits),
        visits=looks.visits + quest.visits,
        findings={name: _explained(asked, line, found[name]) for name in asked.names if name in found},
        sound=sound,
        commits=quest.commits,
        edits=_edits(project, [quest.commits[one.attribution.change] for one in found.values() if one.is_solved]),
        remarks=_remarks(asked, places),
    )


def _explained(asked: Asked, line: Line, finding: Finding) -> Finding:
    """A finding that says what it means where the test failed before the range."""
    if finding.attribution.kind is not Kind.PRE_EXISTING:
        return finding
    base = line.states[0].oid
    if base in line.hidden:
        return replace(finding, note=f"it fails at {asked.good} already")
    common = f"it fails at {base[:8]}, which {asked.good} and {asked.bad} have in common"
    return replace(finding, note=f"{common}: the failure is older than the range, or {asked.good} mended it")


def _edits(project: Project, commits: list[Commit]) -> Mapping[str, tuple[FileEdit, ...]]:
    """The files that commits touched; none where libgit2 cannot read the repository."""
    try:
        repository = backends.open_repository(project.location.common_dir)
    except GitError:
        return {}
    return {commit.oid: object_db.file_edits(repository, commit) for commit in commits}


def _remarks(asked: Asked, places: Visits) -> tuple[str, ...]:
    if asked.command is None or not isinstance(places, CommandVisits):
        return ()
    seconds = f"it did not end within {asked.command.timeout:g} s at"
    return tuple(f"{seconds} {oid[:8]}: that was skipped" for oid in places.overdue)
