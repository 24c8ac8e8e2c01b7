"""Have a run measured by coverage."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from batchhook.core.results import SuiteResult
from batchhook.engines.command.engine import CommandEngine
from batchhook.execution.spec import ConfiguredEngine, SuiteSpec
from batchhook.lazy import LazyModule

if TYPE_CHECKING:
    from batchhook.execution import coverage_report
else:
    coverage_report = LazyModule("batchhook.execution.coverage_report")

_SOURCE = re.compile(r"<source>([^<]*)</source>")


def is_measurable(engines: Iterable[ConfiguredEngine]) -> bool:
    """Return whether coverage can measure one of the suites: a command starts its tests by itself."""
    return any(not isinstance(engine, CommandEngine) for engine in engines)


def with_coverage(spec: SuiteSpec) -> SuiteSpec:
    """Return the spec of a run that is measured."""
    if not is_measurable([part.engine for part in spec.parts] or [spec.engine]):
        return spec
    folder = (spec.scratch / "coverage").resolve()
    for name in [part.name for part in spec.parts] or [""]:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return replace(spec, coverage=folder)


def add_coverage(result: SuiteResult, spec: SuiteSpec, top: Path, *, with_exports: bool = False) -> SuiteResult:
    """Add the coverage of a run to its result, while its checkout is still there.

    Args:
        result: of the run.
        spec: of the run.
        top: of the user's work tree, which files for other programs name in place of a private one.
        with_exports: whether such files are wanted.
    """
    if spec.coverage is None or result.broken_reason:
        return result
    coverage = coverage_report.report_coverage(spec, with_exports=with_exports)
    if coverage is None:
        return result
    root = escape(str(spec.root.resolve()))
    exports = {
        name: _SOURCE.sub(lambda match: match[0].replace(root, escape(str(top)), 1), text)
        for name, text in coverage.exports.items()
    }
    return replace(result, coverage=replace(coverage, exports=exports))
