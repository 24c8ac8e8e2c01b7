"""Two trees, compared: their files, and how their tests ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchhook.core.comparison import Comparison
from batchhook.core.results import Totals
from batchhook.core.views.batch_rows import BatchRow


@dataclass(frozen=True, slots=True)
class ComparedTree:
    """One side of a comparison.

    Attributes:
        name: as it was asked for.
        oid: of the commit; empty if a tree was asked for.
        subject: of the commit.
        tree: oid of the tree.
        run: the latest complete run on this tree; 0 for none.
        batch: the batch that the run decided; 0 for none.
        totals: of the run.
    """

    name: str
    oid: str
    subject: str
    tree: str
    run: int = 0
    batch: int = 0
    tested_at: float = 0.0
    totals: Totals = field(default_factory=Totals)
    python: str = ""


@dataclass(frozen=True, slots=True)
class DurationStep:
    """A test that takes longer, or shorter, than before; in seconds, of one run each: a hint, no measurement."""

    name: str
    before: float
    now: float

    @property
    def ratio(self) -> float:
        """Ratio of both; 1 if nothing is known of before."""
        return self.now / self.before if self.before else 1.0


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """A comparison of two trees.

    Attributes:
        before, after: the two sides; None as long as none was named.
        comparison: of their tests; None unless both were tested.
        slower, faster: tests whose durations differ most.
        files: letter and path of the files that differ; the first of them.
        file_count: number of all.
        difference: what else than the files may make tests end differently, as a sentence; empty if nothing.
        suggestions: batches to choose from, newest first.
    """

    before: ComparedTree | None
    after: ComparedTree | None
    comparison: Comparison | None = None
    slower: tuple[DurationStep, ...] = ()
    faster: tuple[DurationStep, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    file_count: int = 0
    difference: str = ""
    suggestions: tuple[BatchRow, ...] = ()
