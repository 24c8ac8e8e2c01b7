"""Faults in the cases of JUnit XML: failures, errors and skips, in the words of the tools that write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.go_output import GoOutput
from batchhook.engines.command.reports.rust_panics import find_panic
from batchhook.engines.command.reports.texts import (
    TextBuffer,
    class_of_type,
    clean_text,
    paragraph,
    split_error,
)

FAULTS = {
    "error": Outcome.ERRORED,
    "failure": Outcome.FAILED,
    "warning": Outcome.FAILED,  # PHPUnit to version 9: its run fails
    "skipped": Outcome.SKIPPED,
}
"""Outcomes by the names of elements."""

_SEVERITY = (
    Outcome.CRASHED,
    Outcome.TIMED_OUT,
    Outcome.ERRORED,
    Outcome.FAILED,
    Outcome.EXPECTED_FAILURE,
    Outcome.XPASSED,
    Outcome.SKIPPED,
    Outcome.PASSED,
)
"""Worst first."""
_STATUSES = {
    "fail": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "error": Outcome.ERRORED,
    "skipped": Outcome.SKIPPED,
    "disabled": Outcome.SKIPPED,
    "notrun": Outcome.SKIPPED,
}
"""By the ``status`` of a case without a fault inside: ctest, googletest."""
_TIMEOUTS = ("test timeout", "testTimeoutFailure")
"""How nextest and node begin the ``type`` of a failure that is a timeout."""
_CRASHES = ("test abort",)
"""nextest: the test's process died from a signal."""
_FLAKY_FAILURE = "flaky failure"
_RISKY = "RiskyTestError"
"""PHPUnit to version 9: the test passed; its run does not fail."""
_NOT_COLLECTED = "collection failure"
"""pytest: a module cannot be imported."""
_IN_FIXTURE = re.compile(r'failed on (?P<phase>setup|teardown) with "(?P<error>.*)"', re.DOTALL)
_PYTEST_ERROR = re.compile(r"^E   +(?P<text>\S.*)$", re.MULTILINE)
_GO_START = "=== RUN "
"""How gotestsum begins a text: it is the output of the test."""
_RUST_PANIC = re.compile(r"thread '.{1,500}' (?:\(\d+\) )?panicked at ")
_NODE_CAUSE = re.compile(r"^  cause: (?P<type>[A-Z]\w{2,60})(?: \[\w+\])?: ", re.MULTILINE)
_SKIPPED_BY_TEST = "SKIP_"
"""How ctest begins the message of a test that skipped itself; it counts all others that did not run as failed."""


@dataclass(slots=True)
class JunitFault:
    """A failure, an error or a skip: an element inside a case.

    Attributes:
        is_flaky: whether it says that the test passed when it ran again, but counts as failed for it (nextest).
    """

    outcome: Outcome
    error_type: str
    message: str
    is_flaky: bool = False
    text: TextBuffer = field(default_factory=TextBuffer)


def read_fault(name: str, attributes: Mapping[str, str]) -> JunitFault:
    """Return the fault of an element, one of ``FAULTS``, whose text follows."""
    outcome = FAULTS[name]
    kind = attributes.get("type", "")
    error_type = class_of_type(kind)
    if outcome is Outcome.SKIPPED:
        outcome = Outcome.EXPECTED_FAILURE if kind == "pytest.xfail" else outcome
    elif kind.startswith(_TIMEOUTS):
        outcome = Outcome.TIMED_OUT
    elif kind.startswith(_CRASHES):
        outcome = Outcome.CRASHED
    elif error_type == _RISKY:
        outcome = Outcome.PASSED
    return JunitFault(outcome, error_type, paragraph(attributes.get("message", "")), kind == _FLAKY_FAILURE)


def read_node_todo(attributes: Mapping[str, str]) -> JunitFault:
    """Return what stands for node's ``<skipped type="todo">``, if no failure follows: a test that ran, and passed."""
    message = attributes.get("message", "")
    return JunitFault(Outcome.XPASSED, "", "" if message == "true" else paragraph(message))


def decide_outcome(status: str, faults: list[JunitFault], *, is_ctest: bool) -> Outcome:
    """Return the outcome of a case.

    Args:
        status: attribute of the case.
        faults: inside it.
        is_ctest: whether ctest wrote it.
    """
    status = status.lower()
    if not faults:
        return _STATUSES.get(status, Outcome.PASSED)
    outcomes = [_refine(fault) for fault in faults]
    worst = min(outcomes, key=_SEVERITY.index)
    if Outcome.XPASSED in outcomes and worst.is_failure:
        return Outcome.EXPECTED_FAILURE
    if is_ctest and status == "notrun" and not faults[0].message.startswith(_SKIPPED_BY_TEST):
        return Outcome.ERRORED
    return worst


def _refine(fault: JunitFault) -> Outcome:
    """Return the outcome of a fault; of a Go test that took its process down, what happened."""
    text = fault.text.text()
    if fault.outcome is not Outcome.FAILED or not text.startswith(_GO_START):
        return fault.outcome
    printed = GoOutput()
    printed.add(text)
    return printed.outcome(Outcome.FAILED)


def describe_faults(outcome: Outcome, faults: list[JunitFault], output: str, title: str) -> tuple[str, str, str]:
    """Return error type, message and details of a case.

    Args:
        outcome: of the case.
        faults: inside it.
        output: what the test printed; it explains failures that have no text.
        title: of the case, which PHPUnit repeats at the start of a text.
    """
    if not faults:
        return "", "", output if outcome.is_failure else ""
    worst = min(faults, key=lambda fault: _SEVERITY.index(fault.outcome))
    texts = [_without_title(clean_text(fault.text.text()), title) for fault in faults]
    text = texts[faults.index(worst)]
    if outcome is Outcome.PASSED:
        return "", "", ""
    if text.startswith(_GO_START) or worst.message.startswith(_GO_START):
        printed = GoOutput()
        printed.add(text or worst.message)
        message, details = printed.describe()
        return "", message, details if outcome.is_failure else ""
    if not outcome.is_failure:
        return "", worst.message or paragraph(text), ""
    texts_of_all = TextBuffer()
    for each in filter(None, texts):
        texts_of_all.add(f"\n\n{each}" if texts_of_all else each)
    error_type, message = _summarize(worst, text)
    if not texts_of_all:
        return error_type, message or output.rpartition("\n")[2], output
    return error_type, message, texts_of_all.text()


def _without_title(text: str, title: str) -> str:
    return text.partition("\n")[2].lstrip("\n") if title and text.startswith(title) else text


def _summarize(fault: JunitFault, text: str) -> tuple[str, str]:
    """Return error type and message of a failure."""
    message = fault.message
    in_fixture = _IN_FIXTURE.fullmatch(message)
    if message == _NOT_COLLECTED:
        message = "\n".join(match["text"] for match in _PYTEST_ERROR.finditer(text)) or message
    elif in_fixture:
        message = in_fixture["error"]
    elif _RUST_PANIC.match(message):
        message = find_panic(text)[0] or message
    elif not message:
        message = find_panic(text)[0]
    error_type, rest = split_error(message)
    cause = _NODE_CAUSE.search(text)
    return fault.error_type or error_type or (cause["type"] if cause else ""), rest or message
