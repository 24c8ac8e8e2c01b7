"""What a search begins with: the failing tests, what is held likely of them, and what was seen of them already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from batchhook.core.culprits.attribution import Sight
from batchhook.core.culprits.priors import Record, priors
from batchhook.core.culprits.renames import Names, former_names
from batchhook.core.culprits.search import Subject
from batchhook.core.failure_signature import signature
from batchhook.core.results import TestResult
from batchhook.store import attributions, observations
from batchhook.store.database import Database
from batchhook.store.observations import Runs
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.finder import Hunt
from batchhook.workflow.culprits.relevance import Suspicion


def subjects_of(project: Project, states: Sequence[State], failing: Sequence[TestResult]) -> list[Subject]:
    """The failing tests of a search in a line of states, with what is held likely of them."""
    settings = project.settings
    roots = ("src", "", settings.top_level_dir, settings.start_dir)
    suspicion = Suspicion(project.git, states[-1].oid, [state.oid for state in states[1:]], roots)
    known = _records(project, failing)
    return [_subject(result, known, suspicion.scores(result)) for result in failing]


def command_subjects(project: Project, states: Sequence[State], failing: Sequence[TestResult]) -> list[Subject]:
    """The same of a command, of which nobody knows what it uses."""
    known = _records(project, failing)
    return [_subject(result, known, [0.0] * (len(states) - 1)) for result in failing]


def _records(project: Project, failing: Sequence[TestResult]) -> Mapping[tuple[str, str], Record]:
    return attributions.records(project.database, ((result.test_id, result.module) for result in failing))


def _subject(result: TestResult, known: Mapping[tuple[str, str], Record], scores: Sequence[float]) -> Subject:
    return Subject(
        test_id=result.test_id,
        likeness=signature(result),
        priors=priors(known.get((result.test_id, result.module), Record()), scores),
        seconds=result.duration,
    )


def recall(database: Database, these: Runs, hunt: Hunt) -> None:
    """Tell a search what runs have seen of its tests: by hand, for batches, in a search that was interrupted."""
    for position in reversed(range(len(hunt.states))):
        for name, sight in _stored(database, these, hunt, position):
            hunt.remember(position, name, sight)


def _stored(database: Database, these: Runs, hunt: Hunt, position: int) -> Iterator[tuple[str, Sight]]:
    """What is in the store about the failing tests in one state."""
    tree = hunt.states[position].tree
    names = {subject.test_id: hunt.name_at(position, subject.test_id) for subject in hunt.subjects}
    seen = list(observations.in_tree(database, tree, these, frozenset(names.values())))
    absent = {name for name, sight in seen if sight is Sight.ABSENT}
    missed = [name for name, called in names.items() if called in absent]
    if missed:
        there = Names(observations.met_in(database, tree, these))
        alike = {name: there.alike(names[name]) for name in missed}
        former = former_names(alike, hunt.here()) if any(alike.values()) else {}
        if former:
            hunt.rename(position, former)
            yield from _stored(database, these, hunt, position)
            return
    called = {old: name for name, old in names.items()}
    yield from ((called[name], sight) for name, sight in seen)
