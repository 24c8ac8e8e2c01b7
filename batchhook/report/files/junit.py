"""Results as JUnit XML, as Jenkins and GitLab read it.

JUnit has no official schema. This follows the strictest one in use, that of the xUnit plugin for Jenkins
(``tests/report/junit-10.xsd``): it does not allow ``file`` and ``line`` on a test case, so the location of a failure is
the first line of its text.
"""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

from batchhook.core.plural import plural
from batchhook.core.results import Outcome, TestResult, Totals, UnrunTests, count_results
from batchhook.core.test_ids import is_node_id, parse_id
from batchhook.core.tracebacks import shorten_paths

MAX_TEXT = 16 * 1024 * 1024
"""Characters of tracebacks in one document; beyond that, messages alone. GitLab reads files of up to 30 MB."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILURES = frozenset({Outcome.FAILED, Outcome.UNEXPECTED_SUCCESS})
_TYPES = {
    Outcome.UNEXPECTED_SUCCESS: "UnexpectedSuccess",
    Outcome.CRASHED: "Crashed",
    Outcome.TIMED_OUT: "TimedOut",
}
"""Error types of outcomes without an exception."""


def junit(
    results: Iterable[TestResult], *, name: str, started_at: float, duration: float, unrun: UnrunTests | None = None
) -> bytes:
    """Return results as a JUnit XML document: a ``testsuite`` for each module, a ``testcase`` for each result.

    Failed tests and unexpected successes are a ``failure``; errors, crashes and timeouts an ``error``; expected
    failures pass. A test with failing subtests is one case.

    Args:
        results: in any order; in each suite the failing ones come first.
        name: of the whole.
        started_at: seconds since the epoch; written in UTC.
        duration: wall-clock seconds.
        unrun: tests that were not run; a property of the first suite, ``batchhook.not_run``.

    Returns:
        The document in UTF-8. Characters that XML does not allow are escaped as in Python.
    """
    results = tuple(results)
    modules: dict[str, list[TestResult]] = {}
    for result in results:
        modules.setdefault(result.module, []).append(result)
    root = ET.Element("testsuites", {"name": legal(name), **_counts(count_results(results, duration))})
    timestamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started_at))
    room = MAX_TEXT
    for module, members in sorted(modules.items()):
        room = _add_suite(root, module, members, timestamp, room)
    if unrun is not None and len(root):
        properties = ET.Element("properties")
        ET.SubElement(properties, "property", {"name": "batchhook.not_run", "value": str(unrun)})
        root[0].insert(0, properties)
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


def _add_suite(root: ET.Element, module: str, results: Sequence[TestResult], timestamp: str, room: int) -> int:
    """Add a module's suite; return the room for text that is left."""
    totals = count_results(results)
    suite = ET.SubElement(root, "testsuite", {"name": legal(module), **_counts(totals)})
    suite.set("skipped", str(totals.skipped))
    suite.set("timestamp", timestamp)
    if path := _module_path(module, results):
        suite.set("file", legal(path))
    # GitLab takes the first of several cases with one name.
    for result in sorted(results, key=lambda result: not result.outcome.is_failure):
        text = _failure_text(result)
        room -= len(text)
        _add_case(suite, result, text if room > 0 else result.location)
    return room


def _module_path(module: str, results: Sequence[TestResult]) -> str:
    """Return the module's path in the repository: pytest's is one, and the location of a failure may reveal it."""
    if is_node_id(module):
        return module
    suffixes = (f"/{module.replace('.', '/')}.py", f"/{module.replace('.', '/')}/__init__.py")
    paths = (result.location.rpartition(":")[0] for result in results)
    return next((path for path in paths if f"/{path}".endswith(suffixes)), "")


def _add_case(suite: ET.Element, result: TestResult, text: str) -> None:
    test = parse_id(result.test_id, result.module)
    case = ET.SubElement(suite, "testcase", {"name": legal(test.name), "time": f"{max(0.0, result.duration):.6f}"})
    if test.dotted_class:
        case.set("classname", legal(test.dotted_class))
    if result.outcome is Outcome.SKIPPED:
        ET.SubElement(case, "skipped", {"message": legal(result.message)})
    elif result.outcome.is_failure:
        error_type = result.error_type or _TYPES.get(result.outcome, "")
        message = result.message or result.outcome.value
        tag = "failure" if result.outcome in _FAILURES else "error"
        ET.SubElement(case, tag, {"type": legal(error_type), "message": legal(message)}).text = legal(text)


def _failure_text(result: TestResult) -> str:
    if not result.outcome.is_failure:
        return ""
    subtests = f"{plural(result.subtests_failed, 'subtest')} failed" if result.subtests_failed else ""
    parts = (result.location, subtests, result.note, shorten_paths(result.traceback))
    return "\n".join(part for part in parts if part)


def legal(text: str) -> str:
    """Escape what XML 1.0 does not allow: most control characters, and lone surrogates."""
    return _FORBIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)
