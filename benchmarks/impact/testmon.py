"""pytest-testmon on the same edits: the tests that it selects."""

from __future__ import annotations

import re

from benchmarks.culprits.clone import Clone
from benchmarks.engine.cache import Cache
from benchmarks.engine.suites import PYTEST, Suite
from benchmarks.impact.edits import Edit

_NODE_ID = re.compile(r"\S+\.py::\S.*")


class Testmon:
    """pytest-testmon in a clone of its own; it runs suites of unittest under pytest.

    Args:
        suite: whose tests are run.
        clone: to run them in; holds the original state.
        cache: has the Python to run them with.

    Attributes:
        error: why it could not record the suite; empty if it could.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    def __init__(self, suite: Suite, clone: Clone, cache: Cache) -> None:
        self._clone = clone
        self.error = ""
        plugin = ["-p", "testmon.pytest_testmon"] if "PYTEST_PLUGINS" in cache.environment else []
        tests = suite.discovery if suite.engine is PYTEST else ["-o", "python_files=test*.py", suite.start_dir]
        self._pytest = [str(cache.python), "-m", "pytest", "-q", *plugin, "--testmon", *tests]

    def record(self) -> None:
        """Run the whole suite, and record what each test runs."""
        output = self._clone.time(*self._pytest, own=True).stdout
        faults = [line for line in output.split("\n") if line.startswith("INTERNALERROR> ")]
        has_recorded = (self._clone.folder / ".testmondata").exists()
        self.error = faults[-1].partition("> ")[2] if faults else "" if has_recorded else "it is not installed"

    def select_for(self, edit: Edit) -> frozenset[str] | None:
        """Return the dotted ids of the tests that it would run for an edit; None if it could not record the suite."""
        if self.error:
            return None
        file = self._clone.folder / edit.path
        before = file.read_bytes()
        file.write_bytes(edit.apply(before))
        # Without --testmon-forceselect, it selects all tests wherever the project's options have -m or -k.
        options = ("--testmon-nocollect", "--testmon-forceselect", "--collect-only")
        output = self._clone.time(*self._pytest, *options, own=True).stdout
        file.write_bytes(before)
        return frozenset(dotted(line) for line in output.split("\n") if _NODE_ID.fullmatch(line))


def dotted(test_id: str) -> str:
    """Return an id of pytest in the way of unittest; one of unittest as it is."""
    return re.sub(r"\.py::|::|/", ".", test_id) if "::" in test_id else test_id
