"""The demo's scenario: the project, the changes made to it, and the tests that each of them breaks.

A change is a patch in ``commits/``: the commit message, an empty line, the author's reason, a line ``---``, the diff.
``git apply`` skips everything before a diff, so it takes the file as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent

PROJECT = _FOLDER / "project"
"""The project before the first change."""

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
"""The faulty changes, by the name of their patch, and the ids of the tests that they break."""

_EDITED_FILE = re.compile(r"^\+\+\+ b/(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DemoChange:
    """A change of the scenario.

    Attributes:
        patch: the file with the diff.
        message: its commit message.
        reason: the author's reason for it.
        files: the paths that it edits.
    """

    patch: Path
    message: str
    reason: str
    files: tuple[str, ...]

    @classmethod
    def read(cls, patch: Path) -> DemoChange:
        """Read a patch of ``commits/``."""
        description, diff = patch.read_text(encoding="utf-8").split("\n---\n", maxsplit=1)
        message, reason = description.split("\n\n", maxsplit=1)
        return cls(patch, message, reason, tuple(_EDITED_FILE.findall(diff)))

    @property
    def breaks(self) -> frozenset[str]:
        """Ids of the tests that pass before this change and fail after it."""
        return BREAKS.get(self.patch.stem, frozenset())


@dataclass(frozen=True, slots=True)
class Scenario:
    """All changes, in order.

    Attributes:
        batch: the five changes of the first batch, two of them faulty.
        corrected: the first faulty change done right; it applies to the project with only the good ones of ``batch``.
    """

    batch: tuple[DemoChange, ...]
    corrected: DemoChange

    @classmethod
    def read(cls) -> Scenario:
        """Read the patches that batchhook ships."""
        *batch, corrected = map(DemoChange.read, sorted((_FOLDER / "commits").glob("*.patch")))
        return cls(tuple(batch), corrected)

    @property
    def broken_tests(self) -> frozenset[str]:
        """Ids of all tests that fail after the first batch."""
        return frozenset().union(*(change.breaks for change in self.batch))
