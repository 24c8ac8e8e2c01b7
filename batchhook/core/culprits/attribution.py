"""Attribution of a failing test: the change that broke it, or why none is blamed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum


class AttributionKind(str, Enum):
    """Kind of an attribution."""

    CULPRIT = "culprit"
    """A change broke the test: it was seen failing there and passing just before."""

    INTRODUCED = "introduced failing"
    """A change added the test, which has not passed since."""

    PRE_EXISTING = "pre-existing"
    """The test already failed before the first change."""

    FLAKY = "flaky"
    """The test fails now and then, regardless of the changes."""

    AMBIGUOUS = "ambiguous"
    """No single change can be named; the attribution holds a range and the reason."""

    @property
    def has_culprit(self) -> bool:
        """Return whether one change is blamed."""
        return self in {AttributionKind.CULPRIT, AttributionKind.INTRODUCED}


class ProbeOutcome(Enum):
    """Outcome of one test in a probe of a revision."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "does not exist"
    """The revision does not have the test."""

    SKIPPED = "is skipped"

    UNTESTABLE = "cannot be tested"
    """The test may exist, but its module or the suite cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything observed of a test at one revision.

    Attributes:
        oid: commit of the revision.
        passed, failed: number of times.
        unobserved_reason: why the test could not run there; None if it ran or was not probed.
    """

    oid: str
    passed: int = 0
    failed: int = 0
    unobserved_reason: ProbeOutcome | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Result of the search for one failing test.

    Attributes:
        confidence: posterior probability of the attribution, 0 to 1 (``posterior.py``).
        suspects: oids of changes that may have broken the test, oldest first: the culprit, or a range.
        evidence: observations by revision, oldest first, without revisions that were not probed.
        reason: why no single change is named, as a phrase; empty if one is.
    """

    kind: AttributionKind
    confidence: float
    suspects: tuple[str, ...] = ()
    evidence: tuple[Observation, ...] = ()
    reason: str = ""

    @property
    def culprit(self) -> str:
        """Oid of the change to blame; empty if there is none."""
        return self.suspects[0] if self.kind.has_culprit else ""

    @property
    def run_count(self) -> int:
        """Number of times that the test ran."""
        return sum(observation.passed + observation.failed for observation in self.evidence)

    @property
    def failure_count(self) -> int:
        """Number of times that the test failed."""
        return sum(observation.failed for observation in self.evidence)


def group_by_culprit(attributions: Mapping[str, Attribution]) -> dict[str, list[str]]:
    """Return the ids of the tests that each culprit broke, by its oid; the culprit with most tests first."""
    by_culprit: dict[str, list[str]] = {}
    for test_id, attribution in attributions.items():
        if attribution.culprit:
            by_culprit.setdefault(attribution.culprit, []).append(test_id)
    return dict(sorted(by_culprit.items(), key=lambda item: -len(item[1])))


def complete(attributions: Mapping[str, Attribution], failing: Iterable[str]) -> dict[str, Attribution]:
    """Return the attributions with one for each failing test, so that their numbers add up.

    Args:
        attributions: of a finished search, by test id; none if nothing was searched for.
        failing: ids of all failing tests.
    """
    if not attributions:
        return {}
    unsearched = Attribution(AttributionKind.AMBIGUOUS, 0.0, reason="it was not searched for")
    return {**attributions, **{test_id: unsearched for test_id in failing if test_id not in attributions}}


def summarize_attributions(attributions: Mapping[str, Attribution]) -> str:
    """Return the attributions as a one-line phrase: ``89abcdef broke 2 tests, 1 flaky``."""
    parts = []
    for oid, test_ids in group_by_culprit(attributions).items():
        parts.append(f"{oid[:8]} broke {len(test_ids)} test{'' if len(test_ids) == 1 else 's'}")
    for kind, label in (
        (AttributionKind.PRE_EXISTING, "failed before"),
        (AttributionKind.FLAKY, "flaky"),
        (AttributionKind.AMBIGUOUS, "ambiguous"),
    ):
        count = sum(attribution.kind is kind for attribution in attributions.values())
        parts += [f"{count} {label}"] if count else []
    return ", ".join(parts)
