"""Results for tests that could not tell their own: crashed, killed, or stopped because they took too long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from batchhook.core.outcomes import TestResult
from batchhook.testing.worker import Worker, describe_end

TRACEBACK_LIMIT = 16 * 1024


def after_crash(culprit: TestResult, worker: Worker, root: Path) -> TestResult:
    """Complete the result of a test whose process has ended with what can still be found out.

    Args:
        culprit: id, outcome, duration, and the message if one is known; the process's end otherwise gives it.
        worker: the process.
        root: the checkout.
    """
    stacks, output = worker.stacks, worker.output
    parts = [stacks, f"--- the last output ---\n{output}" if output.strip() else ""]
    return replace(
        culprit,
        module=culprit.module or module_of_fixture(culprit.test_id),
        message=culprit.message or describe_end(worker.status),
        location=innermost_location(stacks, root),
        traceback="\n".join(part for part in parts if part)[:TRACEBACK_LIMIT],
    )


def module_of_fixture(fixture_id: str) -> str:
    """The module in ``setUpModule (pkg.module)`` and, by convention of names, ``setUpClass (pkg.module.Class)``."""
    word, _, rest = fixture_id.partition(" (")
    name = rest.removesuffix(")")
    return name.rpartition(".")[0] if word in {"setUpClass", "tearDownClass"} else name


def innermost_location(stacks: str, root: Path) -> str:
    """``path:line`` of the innermost frame in the checkout of the current thread, from what faulthandler wrote."""
    _, current, rest = stacks.rpartition("Current thread")
    for line in (rest if current else stacks).splitlines():
        path, quote, tail = line.strip().removeprefix('File "').partition('", line ')
        number = tail.partition(" ")[0]
        if quote and number.isdigit() and Path(path).is_relative_to(root) and "-packages/" not in path:
            return f"{Path(path).relative_to(root)}:{number}"
    return ""
