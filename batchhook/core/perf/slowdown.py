"""What is found out about a test, or a module, that seemed slower."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from batchhook.core.perf.significance import Judgement, Ruling

SHORT = 8
"""Digits of a commit's name that are said."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Interleaved measurements of one state, beside the state before the batch; seconds.

    Attributes:
        state: the name of the commit.
        base: how long it took before the batch.
        there: how long it took in this state.
    """

    state: str
    base: tuple[float, ...]
    there: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Slowdown:
    """What was found out about one test, or one module as a whole.

    Attributes:
        name: the test's id, or the module's name.
        judgement: of the state before the batch beside the one after it. ``slower``; ``unclear``: nobody can tell;
            ``alike``: it only seemed so. Where nothing was measured, its times are those of the runs.
        is_module: whether it is a module: all its tests together, without those that are slower by themselves.
        suspects: names of the changes that may have done it, oldest first: the one that did, or a range.
        evidence: what was measured, oldest state first, the batch's last one at the end; none where nothing was.
        reason: why nobody can tell, or why no single change is named, in half a sentence.
    """

    name: str
    judgement: Judgement
    is_module: bool = False
    suspects: tuple[str, ...] = ()
    evidence: tuple[Timings, ...] = ()
    reason: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether it is slower indeed."""
        return self.judgement.ruling is Ruling.SLOWER

    @property
    def is_unclear(self) -> bool:
        """Whether nobody can tell."""
        return self.judgement.ruling is Ruling.UNCLEAR

    @property
    def change(self) -> str:
        """The name of the change that is to blame; empty where no single one is known."""
        return self.suspects[0] if self.is_confirmed and len(self.suspects) == 1 else ""


def summary(found: Iterable[Slowdown]) -> str:
    """What became slower, in half a sentence, for one line of a terminal; empty for nothing."""
    blamed: dict[str, list[Slowdown]] = {}
    for each in found:
        if each.is_confirmed:
            blamed.setdefault(each.change, []).append(each)
    said = []
    for change, these in sorted(blamed.items(), key=lambda item: (not item[0], -len(item[1]))):
        worst = max(each.judgement.ratio for each in these)
        times = f"{worst:.1f} times" if len(these) == 1 else f"up to {worst:.1f} times"
        said.append(f"{change[:SHORT]} made {counted(these)} slower" if change else f"{counted(these)} slower")
        said[-1] += f" ({times})"
    return ", ".join(said)


def counted(these: Iterable[Slowdown]) -> str:
    """``2 tests and 1 module``."""
    kinds = [each.is_module for each in these]
    counts = ((len(kinds) - sum(kinds), "test"), (sum(kinds), "module"))
    return " and ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in counts if number)
