"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: what is being done; ``waiting`` before its runner came to it.
        total: tests that will be run; 0 while that is not known.
        done, failed: tests that have ended, and those of them that failed.
        current: a test that is running; empty between two.
        failures: ids of the failed ones so far, in the order in which they ended.
    """

    stage: str = "waiting"
    total: int = 0
    done: int = 0
    failed: int = 0
    current: str = ""
    failures: tuple[str, ...] = ()
