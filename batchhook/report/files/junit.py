"""Results as JUnit XML, as Jenkins and GitLab take it.

JUnit never wrote its format down. This is the strictest description that is in use, the one of the xUnit plugin for
Jenkins (``tests/report/junit-10.xsd``): it lets no ``file`` and ``line`` stand at a test case, so the place of a
failure is the first line of its text.
"""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

from batchhook.core.results import Outcome, TestResult, Totals, count
from batchhook.core.tracebacks import shortened
from batchhook.core.unittest_ids import split

MOST_TEXT = 16 * 1024 * 1024
"""Characters of tracebacks in one document; after that there are messages alone. GitLab takes files up to 30 MB."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILURES = frozenset({Outcome.FAILED, Outcome.UNEXPECTED_SUCCESS})
_NOT_RAISED = {
    Outcome.UNEXPECTED_SUCCESS: "UnexpectedSuccess",
    Outcome.CRASHED: "Crashed",
    Outcome.TIMED_OUT: "TimedOut",
}


def junit(results: Iterable[TestResult], *, name: str, started_at: float, duration: float) -> bytes:
    """Results as a JUnit XML document: a ``testsuite`` for each module, a ``testcase`` for each result.

    Failed tests and unexpected successes are a ``failure``; errors, crashes and timeouts an ``error``; expected
    failures pass. A test with failing subtests is one case.

    Args:
        results: in any order; in each suite the failing ones come first.
        name: of the whole.
        started_at: seconds since the epoch; written in UTC.
        duration: seconds of the wall clock.

    Returns:
        the document, UTF-8. Characters that XML cannot hold stand escaped, as Python does.
    """
    results = tuple(results)
    modules: dict[str, list[TestResult]] = {}
    for result in results:
        modules.setdefault(result.module, []).append(result)
    whole = count(results, duration)
    root = ET.Element("testsuites", {"name": legal(name), **_counts(whole)})
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started_at))
    budget = MOST_TEXT
    for module, members in sorted(modules.items()):
        budget = _suite(root, module, members, stamp, budget)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _counts(totals: Totals) -> dict[str, str]:
    return {
        "tests": str(totals.tests),
        "failures": str(totals.failed),
        "errors": str(totals.errored),
        "time": f"{max(0.0, totals.duration):.3f}",
    }


def _suite(root: ET.Element, module: str, members: Sequence[TestResult], stamp: str, budget: int) -> int:
    """Add a module's suite; gives what is left of the budget."""
    totals = count(members)
    described = {"name": legal(module), **_counts(totals), "skipped": str(totals.skipped), "timestamp": stamp}
    suite = ET.SubElement(root, "testsuite", described)
    file = _file_of(module, members)
    if file:
        suite.set("file", legal(file))
    for result in sorted(members, key=lambda one: not one.outcome.is_failure):  # GitLab takes the first of equal names
        text = _text(result)
        budget -= len(text)
        _case(suite, result, text if budget > 0 else result.location)
    return budget


def _file_of(module: str, members: Sequence[TestResult]) -> str:
    """The module's file relative to the checkout's top, where a failure shows it; else nothing."""
    ends = (f"/{module.replace('.', '/')}.py", f"/{module.replace('.', '/')}/__init__.py")
    paths = (result.location.rpartition(":")[0] for result in members)
    return next((path for path in paths if f"/{path}".endswith(ends)), "")


def _case(suite: ET.Element, result: TestResult, text: str) -> None:
    group, name = split(result.test_id, result.module)
    case = ET.SubElement(suite, "testcase", {"name": legal(name), "time": f"{max(0.0, result.duration):.6f}"})
    if group:
        case.set("classname", legal(group))
    if result.outcome is Outcome.SKIPPED:
        ET.SubElement(case, "skipped", {"message": legal(result.message)})
    elif result.outcome.is_failure:
        kind = result.error_type or _NOT_RAISED.get(result.outcome, "")
        message = result.message or result.outcome.value
        tag = "failure" if result.outcome in _FAILURES else "error"
        ET.SubElement(case, tag, {"type": legal(kind), "message": legal(message)}).text = legal(text)


def _text(result: TestResult) -> str:
    """Where a test failed, what batchhook found out about it, and its traceback; nothing for one that did not fail."""
    if not result.outcome.is_failure:
        return ""
    more = f"{result.subtests_failed} subtests failed" if result.subtests_failed else ""
    return "\n".join(part for part in (result.location, more, result.note, shortened(result.traceback)) if part)


def legal(text: str) -> str:
    """A text in which what XML 1.0 cannot hold (most control characters, lone surrogates) stands escaped."""
    return _FORBIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)
