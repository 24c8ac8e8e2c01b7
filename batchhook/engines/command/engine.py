"""A test command, as batchhook sees it: how it is started, what it reports, and how it runs just some tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.core.settings import ReportFormat
from batchhook.engines.command import template
from batchhook.engines.command.template import SelectedTest
from batchhook.errors import NoTestsError, SuiteError, UsageError

ANY_LINE = "(.+)"


@dataclass(frozen=True, slots=True)
class CommandEngine:
    """A suite that a command runs.

    The attributes are templates (``template.py``).

    Attributes:
        command: runs all tests.
        format: of what it reports.
        report: pattern of the files that it writes; empty for its output.
        build: commands that come before it.
        select: runs some tests, and perhaps others; empty if all have to run.
        list: prints the tests; empty if nothing does.
        listed: regular expression for a line of that with a test; its first group is the test.
        timeout: seconds that ``command`` may take; 0 for no limit.
        env: environment variables, below those of the configuration.
        as_pattern: returns the part of a test's name that the command compares with patterns.
        preset: name of the preset that it is made of; empty for none.
        program: what identifies the version of the command's program, for the fingerprint of a suite.
    """

    command: str
    format: ReportFormat
    report: str = ""
    build: tuple[str, ...] = ()
    select: str = ""
    list: str = ""
    listed: str = ANY_LINE
    timeout: float = 0.0
    env: Mapping[str, str] = field(default_factory=dict)
    as_pattern: Callable[[str], str] = str
    preset: str = ""
    program: str = ""

    name = "command"
    is_restricted = False
    variables: tuple[str, ...] = ()

    @property
    def options(self) -> Mapping[str, object]:
        """Options that decide outcomes besides the tree."""
        commands = {"command": self.command, "build": self.build, "report": self.report, "format": self.format.value}
        return commands | {"program": self.program}

    def restrict(self, keyword: str, markers: str) -> CommandEngine:  # noqa: ARG002 - as the protocol has it
        """Refuse: a command has no expressions in common with others.

        Raises:
            UsageError: always.
        """
        raise UsageError("-k and -m are for suites of pytest and unittest", "name the tests: batchhook test ID…")

    def find_problem(self, root: Path) -> SuiteError | None:
        """Return what keeps the command from running in a checkout; None if nothing does."""
        if root.is_dir():
            return None
        return SuiteError(
            f"The folder {root.name} does not exist in the checkout.", "Fix `folder` in the configuration."
        )

    def explain_empty(self) -> NoTestsError:
        """Return the error for a command that ran, and reported no test."""
        return NoTestsError(
            f"`{self.command}` reported no tests.",
            "Run it by hand; `report` and `format` in the configuration say what is read of it.",
        )

    def selection(self, tests: Sequence[SelectedTest], places: Mapping[str, str]) -> Sequence[str] | None:
        """Return the words of the command that runs some tests; None if all have to run.

        Raises:
            SuiteError: the template cannot be read.
        """
        if not tests or not template.selects(self.select):
            return None
        return template.expand_selection(self.select, places, tests, self.as_pattern)
