"""What happens in the demo: the project, the changes made to it, and what each of them breaks.

A change is a patch in ``commits/``. It begins with the commit's message, an empty line, and what its author thought;
the diff follows after a line ``---``. ``git apply`` skips all that stands before a diff, so it takes the file as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent

PROJECT = HERE / "project"
"""The project as it is before the first change."""

BREAKS = {
    "02-whole-numbers": frozenset(
        {
            "tests.test_invoice.TestInvoice.test_whole_page",
            "tests.test_money.TestShare.test_a_refund_mirrors_the_sale",
            "tests.test_money.TestShare.test_half_a_cent_goes_to_the_even_neighbour",
            "tests.test_money.TestShare.test_many_shares_do_not_drift",
            "tests.test_money.TestShare.test_nearest_cent",
            "tests.test_orders.TestOrder.test_tax_is_on_goods_and_postage",
            "tests.test_orders.TestOrder.test_total",
        },
    ),
    "04-attempts": frozenset({"tests.test_retry.TestBackoff.test_each_wait_is_twice_the_one_before"}),
}
"""The changes that look harmless and are not, and the tests that they break."""

_EDITED_FILE = re.compile(r"^\+\+\+ b/(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the story.

    Attributes:
        patch: the file that makes it.
        message: what it is committed with.
        reason: what its author thought.
        files: what it edits.
    """

    patch: Path
    message: str
    reason: str
    files: tuple[str, ...]

    @classmethod
    def read(cls, patch: Path) -> Change:
        """Read a patch of ``commits/``."""
        words, diff = patch.read_text(encoding="utf-8").split("\n---\n", maxsplit=1)
        message, reason = words.split("\n\n", maxsplit=1)
        return cls(patch, message, reason, tuple(_EDITED_FILE.findall(diff)))

    @property
    def breaks(self) -> frozenset[str]:
        """The ids of the tests that pass before this change and fail after it."""
        return BREAKS.get(self.patch.stem, frozenset())


@dataclass(frozen=True, slots=True)
class Story:
    """The changes, in order.

    Attributes:
        batch: the five that fill the first batch, two of them faulty.
        repaired: the first faulty one, done well: it follows on the project with only the good ones of ``batch``.
    """

    batch: tuple[Change, ...]
    repaired: Change

    @classmethod
    def read(cls) -> Story:
        """Read what is shipped."""
        *batch, repaired = map(Change.read, sorted((HERE / "commits").glob("*.patch")))
        return cls(tuple(batch), repaired)

    @property
    def broken_tests(self) -> frozenset[str]:
        """All tests that fail after the first batch."""
        return frozenset().union(*(change.breaks for change in self.batch))
