"""Outcomes of tests on a single revision: from the store if it has them, else from a probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set as AbstractSet
from dataclasses import dataclass, field

from batchhook.core.culprits.attribution import ProbeOutcome
from batchhook.core.culprits.renames import former_names
from batchhook.store import observations
from batchhook.store.database import Database
from batchhook.store.observations import RunFilter
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.culprits.probes import Prober, ProbeRequest, ProbeResult

_PRECEDENCE = (ProbeOutcome.FAILED, ProbeOutcome.PASSED, ProbeOutcome.SKIPPED, ProbeOutcome.UNTESTABLE)
"""Of several stored outcomes, the first of these counts."""


@dataclass(frozen=True, slots=True)
class TestProbe:
    """The outcome of a test on a revision.

    Attributes:
        outcome: stored, or of a probe.
        name: the id under which the test was searched for.
        similar: if it is absent, ids of tests that may be the same one.
        error, hint: the reason why nothing could be tested there, and a next step; empty if it could.
    """

    outcome: ProbeOutcome
    name: str
    similar: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""


@dataclass(slots=True)
class ProbeCache:
    """A prober behind the stored observations.

    Attributes:
        database: of the repository.
        prober: for what is not stored.
        runs: the stored runs to use.
        on_probe: called before each probe with its revision.
        probe_count: probes made so far.
    """

    database: Database
    prober: Prober
    runs: RunFilter
    on_probe: Callable[[Sequence[Revision]], None]
    probe_count: int = 0
    _known_ids: dict[str, frozenset[str]] = field(default_factory=dict)

    def probe(
        self, revision: Revision, names: Iterable[str], list_current_tests: Callable[[], frozenset[str]]
    ) -> dict[str, TestProbe]:
        """Return the outcomes of tests, which may have had other names on the revision.

        Args:
            revision: to probe.
            names: current ids of the tests.
            list_current_tests: returns the ids of all tests that exist where the names are from.

        Returns:
            the outcomes, by current id.
        """
        probes = self.probe_by_name(revision, names)
        similar = {name: probe.similar for name, probe in probes.items() if probe.similar}
        former = former_names(similar, list_current_tests()) if similar else {}
        renamed = self.probe_by_name(revision, former.values())
        return probes | {name: renamed[former_name] for name, former_name in former.items()}

    def probe_by_name(self, revision: Revision, names: Iterable[str]) -> dict[str, TestProbe]:
        """Return the outcomes of tests under exactly the given ids."""
        wanted = frozenset(names)
        stored: dict[str, set[ProbeOutcome]] = {}
        for name, outcome in observations.list_observations(self.database, revision.tree, self.runs, wanted):
            stored.setdefault(name, set()).add(outcome)
        probes = {
            name: TestProbe(next(outcome for outcome in _PRECEDENCE if outcome in outcomes), name)
            for name, outcomes in stored.items()
            if not outcomes.isdisjoint(_PRECEDENCE)
        }
        return probes | self._probe_missing(revision, wanted - probes.keys())

    def _probe_missing(self, revision: Revision, names: AbstractSet[str]) -> dict[str, TestProbe]:
        if not names:
            return {}
        probe = self._probe(ProbeRequest(revision, tuple(sorted(names))))
        result = probe.result
        return {
            name: TestProbe(outcome, name, result.absent.get(name, ()), result.broken_reason, result.hint)
            for name, outcome in probe.outcomes.items()
        }

    def list_tests(self, revision: Revision) -> frozenset[str]:
        """Return the ids of all tests that exist on a revision."""
        if revision.oid not in self._known_ids:
            stored = observations.list_tests(self.database, revision.tree, self.runs)
            self._known_ids[revision.oid] = stored or self._probe(ProbeRequest(revision, ())).result.known_ids
        return self._known_ids[revision.oid]

    def _probe(self, request: ProbeRequest) -> ProbeResult:
        self.on_probe([request.revision])
        self.probe_count += 1
        (probe,) = self.prober.probe([request])
        if probe.result.known_ids:
            self._known_ids[request.revision.oid] = probe.result.known_ids
        return probe
