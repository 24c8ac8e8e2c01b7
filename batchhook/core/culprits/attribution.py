"""What is found out about a failing test: which change broke it, or why none did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """What became of a failing test."""

    CULPRIT = "culprit"
    """A change broke it: it failed there and passed just before, both seen."""

    INTRODUCED = "introduced failing"
    """A change brought the test, and it has not passed since."""

    PRE_EXISTING = "pre-existing"
    """It failed before the first change, too."""

    FLAKY = "flaky"
    """It fails now and then, whatever the changes did."""

    AMBIGUOUS = "ambiguous"
    """It could not be found out; the range and the reason are said."""

    @property
    def blames(self) -> bool:
        """Whether one change is to blame."""
        return self in {Kind.CULPRIT, Kind.INTRODUCED}


class Sight(Enum):
    """What was seen of a test in one state."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "does not exist"
    """It is not among the tests of that state."""

    SKIPPED = "is skipped"

    UNTESTABLE = "cannot be tested"
    """It may be there, but its module, or the suite, cannot be loaded in that state."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """All that was seen of a test in one state.

    Attributes:
        state: the state's name: of a commit.
        passed, failed: how often.
        silence: why it could not be seen there; None where it could, or was not looked at.
    """

    state: str
    passed: int = 0
    failed: int = 0
    silence: Sight | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """What was found out about one failing test.

    Attributes:
        confidence: 0 to 1, how sure it is, as the model has it (``belief.py``).
        suspects: names of the changes that may have broken it, oldest first: the one that did, or a range.
        evidence: what was seen, oldest state first; states that were not looked at are left out.
        reason: why no single change is named, in half a sentence; empty where one is.
    """

    kind: Kind
    confidence: float
    suspects: tuple[str, ...] = ()
    evidence: tuple[Sighting, ...] = ()
    reason: str = ""

    @property
    def change(self) -> str:
        """The name of the change that is to blame; empty where none is."""
        return self.suspects[0] if self.kind.blames else ""

    @property
    def runs(self) -> int:
        """How often the test ran."""
        return sum(sighting.passed + sighting.failed for sighting in self.evidence)

    @property
    def failed(self) -> int:
        """How often it failed in these."""
        return sum(sighting.failed for sighting in self.evidence)


def by_change(found: Mapping[str, Attribution]) -> dict[str, list[str]]:
    """Ids of the tests that each change is to blame for, by the change's name; the one with most of them first."""
    blamed: dict[str, list[str]] = {}
    for test_id, attribution in found.items():
        if attribution.change:
            blamed.setdefault(attribution.change, []).append(test_id)
    return dict(sorted(blamed.items(), key=lambda item: -len(item[1])))


def summary(found: Mapping[str, Attribution]) -> str:
    """What was found out, in half a sentence, for one line of a terminal."""
    said = [f"{change[:8]} broke {_tests(len(tests))}" for change, tests in by_change(found).items()]
    for kind, word in ((Kind.PRE_EXISTING, "failed before"), (Kind.FLAKY, "flaky"), (Kind.AMBIGUOUS, "unclear")):
        number = sum(attribution.kind is kind for attribution in found.values())
        said += [f"{number} {word}"] if number else []
    return ", ".join(said)


def _tests(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"
