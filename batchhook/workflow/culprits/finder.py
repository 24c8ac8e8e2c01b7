"""The driver of ``core/culprits/search.py``: runs the probes it asks for and feeds their outcomes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from batchhook.core.culprits.attribution import Attribution, ProbeOutcome
from batchhook.core.culprits.priors import FailureHistory, estimate_priors
from batchhook.core.culprits.probe_choice import Probe
from batchhook.core.culprits.renames import NameIndex, former_names
from batchhook.core.culprits.search import MAX_ERROR, PROBES_PER_BIT, CulpritSearch, FailingTest
from batchhook.core.failure_groups import failure_signature
from batchhook.core.results import Outcome, TestResult
from batchhook.store import attributions, durations, observations
from batchhook.store.database import Database
from batchhook.store.observations import RunFilter
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.culprits.probes import Prober, ProbeRequest, ProbeResult
from batchhook.workflow.culprits.relevance import RelevanceScores
from batchhook.workflow.impact.suspicion import ChangeImpact
from batchhook.workflow.prediction.suspicion import load_suspicion

INITIAL_SETUP_SECONDS = 0.5
"""Assumed overhead of a probe, besides its tests, before the first one."""
SETUP_SMOOTHING = 0.5
"""Weight of the latest probe in the estimated overhead (exponential smoothing)."""


def estimate_failing_tests(
    project: Project,
    revisions: Sequence[Revision],
    failures: Sequence[TestResult],
    impact: ChangeImpact | None,
    *,
    by_relevance: bool = True,
) -> list[FailingTest]:
    """Return the failing tests with their priors: from their history, and from what each change touched.

    Args:
        project: the repository.
        revisions: of the search, oldest first.
        failures: results on the last revision.
        impact: of the changes on the code that tests run; None if that is unknown.
        by_relevance: False if nothing is known about the files that a test uses: for a command.
    """
    relevance = RelevanceScores(
        project.git, revisions[-1].oid, [revision.oid for revision in revisions[1:]], project.settings.source_roots
    )
    weigh = load_suspicion(project, [revision.oid for revision in revisions[1:]]) if by_relevance else None
    histories = attributions.load_failure_histories(
        project.database, ((result.test_id, result.module) for result in failures)
    )
    pass_seconds = durations.load_passes(project.database, [result.test_id for result in failures])
    irrelevant = [0.0] * (len(revisions) - 1)
    return [
        FailingTest(
            test_id=result.test_id,
            signature=failure_signature(result),
            priors=estimate_priors(
                histories.get((result.test_id, result.module), FailureHistory()),
                weigh(result.test_id, relevance.scores(result)) if weigh is not None else irrelevant,
                impact.weights(result.test_id) if impact is not None else None,
            ),
            seconds=result.duration,
            pass_seconds=pass_seconds.get(result.test_id),
            hangs=result.outcome is Outcome.TIMED_OUT,
        )
        for result in failures
    ]


@dataclass(slots=True)
class CulpritFinder:
    """A search for the changes that broke some tests, along a line of revisions.

    A *position* is the index of a revision.

    Attributes:
        revisions: oldest first.
        failing_tests: tests that fail on the last revision.
        list_current_tests: returns the ids of all tests of the last revision, which were not renamed since; called
            only when needed.
        budget: seconds, after which undecided tests are reported as ambiguous.
        on_solved: called with the number of decided tests.
        on_probe: called before each round of probes with their revisions and the estimated number of probes left.
        max_error: tolerated probability that an attribution is wrong.
        setup_seconds: expected duration of a probe besides its tests, before the first one.
        is_selective: whether a probe can run some tests in less time than all; if not, all are asked for each time.
        started: when the budget began, by ``time.monotonic()``.
        probe_count: probes made so far.
    """

    revisions: Sequence[Revision]
    failing_tests: Sequence[FailingTest]
    list_current_tests: Callable[[], frozenset[str]]
    budget: float
    on_solved: Callable[[int], None] = lambda _: None
    on_probe: Callable[[Sequence[Revision], int], None] = lambda _revisions, _left: None
    max_error: float = MAX_ERROR
    setup_seconds: float = INITIAL_SETUP_SECONDS
    is_selective: bool = True
    started: float = field(default_factory=time.monotonic)
    probe_count: int = 0
    _search: CulpritSearch = field(init=False)
    _former_names: dict[tuple[str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tests = self.failing_tests
        if not self.is_selective:  # what each costs is part of the setup
            tests = [replace(test, seconds=0.0, pass_seconds=None, hangs=False) for test in tests]
        self._search = CulpritSearch(
            [revision.oid for revision in self.revisions],
            tests,
            setup_seconds=self.setup_seconds,
            max_error=self.max_error,
            budget=self.budget,
        )

    def observe(self, position: int, name: str, outcome: ProbeOutcome) -> None:
        """Add an observation that was made before this search."""
        self._search.observe(name, position, outcome)

    def add_former_names(self, position: int, former: Mapping[str, str]) -> None:
        """Set the names of tests, by current id, at a position and before it."""
        for name, former_name in former.items():
            for earlier in range(position + 1):
                self._former_names[name, earlier] = former_name

    def name_at(self, position: int, name: str) -> str:
        """Return the id of a test at a position."""
        return self._former_names.get((name, position), name)

    # --- stored observations ----------------------------------------------------------------------------------------

    def recall(self, database: Database, stored_runs: RunFilter) -> None:
        """Observe what stored runs say about the tests: manual and batch runs, and probes of interrupted searches."""
        for position in reversed(range(len(self.revisions))):
            for name, outcome in self._stored_observations(database, stored_runs, position):
                self.observe(position, name, outcome)

    def _stored_observations(
        self, database: Database, stored_runs: RunFilter, position: int
    ) -> Iterator[tuple[str, ProbeOutcome]]:
        tree = self.revisions[position].tree
        names = {test.test_id: self.name_at(position, test.test_id) for test in self.failing_tests}
        stored = list(observations.list_observations(database, tree, stored_runs, frozenset(names.values())))
        absent = {name for name, outcome in stored if outcome is ProbeOutcome.ABSENT}
        missing = [test_id for test_id, name in names.items() if name in absent]
        if missing:
            index = NameIndex(observations.list_known_tests(database, tree, stored_runs))
            similar = {test_id: index.similar(names[test_id]) for test_id in missing}
            former = former_names(similar, self.list_current_tests()) if any(similar.values()) else {}
            if former:
                self.add_former_names(position, former)
                yield from self._stored_observations(database, stored_runs, position)
                return
        test_ids = {name: test_id for test_id, name in names.items()}
        yield from ((test_ids[name], outcome) for name, outcome in stored)

    # --- probes -----------------------------------------------------------------------------------------------------

    def search(self, prober: Prober) -> Mapping[str, Attribution]:
        """Probe until each test is attributed or the budget is used up, and return the attributions by test id."""
        deadline = self.started + self.budget
        while probes := self._search.next_probes(prober.workers, deadline - time.monotonic()):
            self._run_probes(prober, probes)
            self.on_solved(len(self.failing_tests) - self._search.open_count)
        return self._search.attributions

    def _run_probes(self, prober: Prober, probes: Sequence[Probe]) -> None:
        probes_left = max(len(probes), ceil(PROBES_PER_BIT * self._search.remaining_bits))
        self.on_probe([self.revisions[probe.position] for probe in probes], probes_left)
        requests = [self._request(probe) for probe in probes]
        for probe, result in zip(probes, prober.probe(requests), strict=True):
            self._observe_result(probe, result)
            self.probe_count += 1

    def _request(self, probe: Probe) -> ProbeRequest:
        names = tuple(self.name_at(probe.position, test_id) for test_id in probe.tests)
        seconds = max(0.0, probe.seconds - self._search.setup_seconds)
        return ProbeRequest(
            self.revisions[probe.position],
            names,
            seconds,
            limit=probe.limit,
            is_decisive=probe.is_decisive,
            import_limit=probe.import_limit,
        )

    def _observe_result(self, probe: Probe, result: ProbeResult) -> None:
        test_ids = dict(zip(result.request.tests, probe.tests, strict=True))
        seconds = {test.test_id: test.duration for test in result.result.results}
        similar = {test_ids[name]: others for name, others in result.result.absent.items() if others}
        if similar:
            self.add_former_names(probe.position, former_names(similar, self.list_current_tests()))
        for name, outcome in result.outcomes.items():
            test_id = test_ids[name]
            # A test that is absent under this name may have a former one by now, found by this probe or by another of
            # the same round: then the search asks for it again.
            if outcome is not ProbeOutcome.ABSENT or name == self.name_at(probe.position, test_id):
                self._search.observe(test_id, probe.position, outcome, seconds.get(name, 0.0))
        for name in result.overruns:
            self._search.observe_overrun(test_ids[name], probe.position)
        if result.is_cut:  # the time of a hang is not that of other probes
            return
        tests_seconds = sum(test.duration for test in result.result.results) + len(result.overruns) * probe.limit
        overhead = max(0.0, result.seconds - (tests_seconds if self.is_selective else 0.0))
        self._search.setup_seconds += SETUP_SMOOTHING * (overhead - self._search.setup_seconds)
