"""What was seen of a test, and what that is evidence of, in words."""

from __future__ import annotations

from collections.abc import Iterator

from batchhook.core.culprits.attribution import Attribution, Kind, Sighting
from batchhook.report.console.layout import OID


def all_seen(found: Attribution) -> str:
    """All that was seen of a test, oldest state first: ``passed at 3f2a91c0, failed 3 times at 8b77aa12``."""
    return ", ".join(f"{_counted(sighting)} {_where(sighting)}" for sighting in found.evidence)


def telling(found: Attribution) -> str:
    """Of that, what tells most: the test just before the suspects and at the last of them; how often a flaky failed."""
    if found.kind is Kind.FLAKY:
        return rate(found)
    return ", ".join(f"{_ended(sighting)} {_where(sighting)}" for sighting in _around(found))


def _around(found: Attribution) -> Iterator[Sighting]:
    places = {sighting.state: place for place, sighting in enumerate(found.evidence)}
    last = places.get(found.suspects[-1], len(places) - 1) if found.suspects else 0
    first = min((places[name] for name in found.suspects if name in places), default=last)
    before = [sighting for sighting in found.evidence[:first] if sighting.passed or found.kind is Kind.INTRODUCED]
    yield from before[-1:]
    yield from found.evidence[last : last + 1]


def _counted(sighting: Sighting) -> str:
    counts = ((sighting.passed, "passed"), (sighting.failed, "failed"))
    said = [word if times == 1 else f"{word} {times} times" for times, word in counts if times]
    return " and ".join([*said, *([sighting.silence.value] if sighting.silence else [])])


def _ended(sighting: Sighting) -> str:
    if sighting.passed and sighting.failed:
        return f"failed {sighting.failed} of {sighting.passed + sighting.failed} times"
    if sighting.passed or sighting.failed:
        return "failed" if sighting.failed else "passed"
    return sighting.silence.value if sighting.silence else ""


def _where(sighting: Sighting) -> str:
    return f"at {sighting.state[:OID]}" if sighting.state else "before the first commit"


def passed_before(found: Attribution) -> str:
    """Where the test passed last before the change that is to blame: ``passed at 3f2a91c0``; empty for nowhere."""
    states = [sighting.state for sighting in found.evidence]
    earlier = found.evidence[: states.index(found.change)] if found.change in states else ()
    before = next((sighting.state for sighting in reversed(earlier) if sighting.passed), None)
    if before is None:
        return ""
    return f"passed at {before[:OID]}" if before else "passed before the first commit"


def rate(found: Attribution) -> str:
    """How often it failed."""
    return f"failed in {found.failed} of {found.runs} runs"


def suspects(found: Attribution) -> str:
    """The changes of which one is to blame, where it is not known which."""
    if not found.suspects:
        return "nobody knows"
    first, last = found.suspects[0][:OID], found.suspects[-1][:OID]
    if len(found.suspects) == 1:
        return f"probably {first} ({percent(found)})"
    return f"one of {len(found.suspects)} changes, {first} to {last}"


def percent(found: Attribution) -> str:
    """``99.7 % sure``; never 100, since nothing is."""
    return f"{min(100 * found.confidence, 99.9):.1f} % sure"
