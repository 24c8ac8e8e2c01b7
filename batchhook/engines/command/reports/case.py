"""One test in a report, in whichever format it was written."""

from __future__ import annotations

from dataclasses import dataclass

from batchhook.core.results import Outcome

MAX_TEXT = 20_000
"""Characters of a message or traceback that are kept; reports are as long as their tests like."""
MAX_NAME = 1_000
"""Characters of a class or test name that are kept."""


class ReportError(Exception):
    """A report is damaged: cut short, not in its format, or too large. What was read of it before is right.

    Attributes:
        ends_run: whether it says that nothing else of the run is reported.
    """

    def __init__(self, message: str, *, ends_run: bool = False) -> None:
        super().__init__(message)
        self.ends_run = ends_run


@dataclass(frozen=True, slots=True)
class ReportedCase:
    """One test in a report.

    Attributes:
        class_name: what the format has for a class, file or package; may be empty.
        name: of the test, with its parameters; empty if the class, file or package as a whole failed: it cannot be
            built or loaded, so that it has no tests.
        outcome: of the test; of several failures in one case, the worst.
        seconds: duration; 0 if the report does not say.
        error_type: class name of the exception, if the report has one.
        message: of the failure, or the reason of a skip; one paragraph, bounded.
        details: what else the report says of the failure, as a traceback; bounded.
        file: that defines the test, as the report has it; empty if it does not say.
        line: number in ``file``; 0 if the report does not say.
        was_flaky: whether the tool itself ran the test again, and it passed then.
    """

    class_name: str
    name: str
    outcome: Outcome
    seconds: float = 0.0
    error_type: str = ""
    message: str = ""
    details: str = ""
    file: str = ""
    line: int = 0
    was_flaky: bool = False
