"""The demo's scenario: the project, the changes made to it, and the tests that each of them breaks.

The project's code is in ``project/common``, its tests are in a folder beside it for each engine. A change is a patch in
``commits/``: the commit message, an empty line, the author's reason, a line ``---``, the diff. ``git apply`` skips
everything before a diff, so it takes the file as it is. What a change does to tests is in a second patch of the same
name, in a folder for each engine.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_FOLDER = Path(__file__).parent
_COMMITS = _FOLDER / "commits"
_PROJECT = _FOLDER / "project"


class DemoEngine(str, Enum):
    """Framework that the project's tests are written for."""

    UNITTEST = "unittest"
    PYTEST = "pytest"


TESTS = {DemoEngine.UNITTEST: 73, DemoEngine.PYTEST: 105}
"""Number of tests in the project before the first change."""

BREAKS = {
    DemoEngine.UNITTEST: {
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
    },
    DemoEngine.PYTEST: {
        "02-whole-numbers": frozenset(
            {
                "tests/test_invoice.py::test_whole_page",
                "tests/test_money.py::test_a_refund_mirrors_the_sale",
                "tests/test_money.py::test_half_a_cent_goes_to_the_even_neighbour[35-18]",
                "tests/test_money.py::test_half_a_cent_goes_to_the_even_neighbour[55-28]",
                "tests/test_money.py::test_many_shares_do_not_drift[0.055]",
                "tests/test_money.py::test_many_shares_do_not_drift[0.07]",
                "tests/test_money.py::test_many_shares_do_not_drift[0.19]",
                "tests/test_money.py::test_many_shares_do_not_drift[0.25]",
                "tests/test_money.py::test_nearest_cent",
                "tests/test_orders.py::test_tax_is_on_goods_and_postage",
                "tests/test_orders.py::test_total",
            },
        ),
        "04-attempts": frozenset({"tests/test_retry.py::test_each_wait_is_twice_the_one_before"}),
    },
}
"""The faulty changes, by the name of their patch, and the ids of the tests that they break."""

_EDITED_FILE = re.compile(r"^\+\+\+ b/(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DemoChange:
    """A change of the scenario.

    Attributes:
        patches: the files with its diff: of the code, and of the tests if it changes any.
        message: its commit message.
        reason: the author's reason for it.
        files: the paths that it edits.
        breaks: ids of the tests that pass before this change and fail after it.
    """

    patches: tuple[Path, ...]
    message: str
    reason: str
    files: tuple[str, ...]
    breaks: frozenset[str]

    @classmethod
    def read(cls, patch: Path, engine: DemoEngine) -> DemoChange:
        """Read a patch of ``commits/``, and the one for an engine's tests."""
        tests = _COMMITS / engine.value / patch.name
        patches = (patch, tests) if tests.is_file() else (patch,)
        message, reason = patch.read_text(encoding="utf-8").partition("\n---\n")[0].split("\n\n", maxsplit=1)
        files = tuple(file for each in patches for file in _EDITED_FILE.findall(each.read_text(encoding="utf-8")))
        return cls(patches, message, reason, files, BREAKS[engine].get(patch.stem, frozenset()))

    @property
    def name(self) -> str:
        """Return the name of its patches."""
        return self.patches[0].stem


@dataclass(frozen=True, slots=True)
class Scenario:
    """All changes, in order.

    Attributes:
        engine: the framework of the project's tests.
        batch: the five changes of the first batch, two of them faulty.
        corrected: the first faulty change done right; it applies to the project with only the good ones of ``batch``.
    """

    engine: DemoEngine
    batch: tuple[DemoChange, ...]
    corrected: DemoChange

    @classmethod
    def read(cls, engine: DemoEngine) -> Scenario:
        """Read the patches that batchhook ships."""
        *batch, corrected = (DemoChange.read(patch, engine) for patch in sorted(_COMMITS.glob("*.patch")))
        return cls(engine, tuple(batch), corrected)

    def copy_project(self, folder: Path) -> None:
        """Copy the project, as it is before the first change, into a folder."""
        for part in ("common", self.engine.value):
            shutil.copytree(_PROJECT / part, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)

    @property
    def broken_tests(self) -> frozenset[str]:
        """Ids of all tests that fail after the first batch."""
        return frozenset().union(*(change.breaks for change in self.batch))
