"""The evidence for an attribution, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation

_OID = 8


def all_observations(attribution: Attribution) -> str:
    """Return all observations, oldest commit first: ``passed at 3f2a91c0, failed 3 times at 8b77aa12``."""
    return ", ".join(f"{_counts(observation)} {_place(observation)}" for observation in attribution.evidence)


def steps(attribution: Attribution) -> Iterator[tuple[str, str]]:
    """Yield the abbreviated name of each revision that was probed, and what was seen there, oldest first."""
    yield from ((observation.oid[:_OID] or "before", _counts(observation)) for observation in attribution.evidence)


def key_observations(attribution: Attribution) -> str:
    """Return the observations just before the suspects and at the last of them; of a flaky test its failure rate."""
    if attribution.kind is AttributionKind.FLAKY:
        return failure_rate(attribution)
    return ", ".join(f"{_outcome(observation)} {_place(observation)}" for observation in _around_suspects(attribution))


def _around_suspects(attribution: Attribution) -> Iterator[Observation]:
    evidence, suspects = attribution.evidence, attribution.suspects
    positions = {observation.oid: position for position, observation in enumerate(evidence)}
    last = positions.get(suspects[-1], len(positions) - 1) if suspects else 0
    first = min((positions[oid] for oid in suspects if oid in positions), default=last)
    is_introduced = attribution.kind is AttributionKind.INTRODUCED
    yield from [observation for observation in evidence[:first] if observation.passed or is_introduced][-1:]
    yield from evidence[last : last + 1]


def _counts(observation: Observation) -> str:
    counts = ((observation.passed, "passed"), (observation.failed, "failed"))
    words = [word if times == 1 else f"{word} {times} times" for times, word in counts if times]
    if observation.unobserved_reason:
        words.append(observation.unobserved_reason.value)
    return " and ".join(words)


def _outcome(observation: Observation) -> str:
    if observation.passed and observation.failed:
        return f"failed {observation.failed} of {observation.passed + observation.failed} times"
    if observation.passed or observation.failed:
        return "failed" if observation.failed else "passed"
    return observation.unobserved_reason.value if observation.unobserved_reason else ""


def _place(observation: Observation) -> str:
    return f"at {observation.oid[:_OID]}" if observation.oid else "before the first commit"


def culprit_evidence(attributions: Sequence[Attribution]) -> str:
    """Return the evidence against a culprit of some tests: ``passed at 1a2b3c4d, failed here (99.7 % sure)``."""
    weakest = min(attributions, key=lambda attribution: attribution.confidence)
    broken = next((each for each in attributions if each.kind is AttributionKind.CULPRIT), weakest)
    before = _passed_before(broken)
    return f"{f'{before}, ' if before else ''}failed here ({confidence(weakest)})"


def _passed_before(attribution: Attribution) -> str:
    oids = [observation.oid for observation in attribution.evidence]
    end = oids.index(attribution.culprit) if attribution.culprit in oids else 0
    passed = [observation for observation in attribution.evidence[:end] if observation.passed]
    return f"passed {_place(passed[-1])}" if passed else ""


def explain(attribution: Attribution) -> list[str]:
    """Return what distinguishes one test among those with the same kind of attribution, in phrases."""
    reason = [attribution.reason] if attribution.reason else []
    match attribution.kind:
        case AttributionKind.CULPRIT:
            return []
        case AttributionKind.INTRODUCED:
            return ["introduced here, has not passed since"]
        case AttributionKind.PRE_EXISTING:
            return [failure_rate(attribution)]
        case AttributionKind.FLAKY:
            return [failure_rate(attribution), *reason]
        case AttributionKind.AMBIGUOUS:
            return [suspects(attribution), *reason]


def explain_fully(attribution: Attribution) -> str:
    """Return all observations of a test, and the conclusion."""
    conclusion = "; ".join(explain(attribution))
    return all_observations(attribution) + (f": {conclusion}" if conclusion else "")


def failure_rate(attribution: Attribution) -> str:
    """Return how often the test failed: ``failed in 2 of 5 runs``."""
    return f"failed in {attribution.failure_count} of {attribution.run_count} runs"


def suspects(attribution: Attribution) -> str:
    """Return the suspects: ``one of 3 changes, 1a2b3c4d to 8b77aa12``."""
    if not attribution.suspects:
        return "unknown"
    first, last = attribution.suspects[0][:_OID], attribution.suspects[-1][:_OID]
    if len(attribution.suspects) == 1:
        return f"probably {first} ({confidence(attribution)})"
    return f"one of {len(attribution.suspects)} changes, {first} to {last}"


def confidence(attribution: Attribution) -> str:
    """Return ``99.7 % sure``; at most 99.9, since a test can always be flaky."""
    return f"{min(100 * attribution.confidence, 99.9):.1f} % sure"
