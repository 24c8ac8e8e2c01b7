"""Reports of what coverage has measured in a run, made by coverage itself, in the project's Python."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from batchhook.core.coverage.model import (
    FileCoverage,
    SuiteCoverage,
    count_coverage,
    merge_coverage,
)
from batchhook.core.sanitize import one_line
from batchhook.engines.command.engine import CommandEngine
from batchhook.execution.launch import HARNESS, environment
from batchhook.execution.parts import part_spec
from batchhook.execution.pip_command import install_command
from batchhook.execution.spec import SuiteSpec

SCRIPT = HARNESS / "coverage_report.py"
TIMEOUT = 600.0
"""Seconds that a report may take: parsing a million lines takes one minute."""
_START_VARIABLES = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
"""They would have the report itself measured."""
_MESSAGE = 300
"""Characters of an error."""


class FileReport(BaseModel):
    """Coverage of a file, as the script reports it."""

    model_config = ConfigDict(extra="forbid")

    path: str
    covered: list[int]
    missing: list[int]
    covered_branches: list[tuple[int, int]]
    missing_branches: list[tuple[int, int]]


class ScriptAnswer(BaseModel):
    """Output of the script."""

    model_config = ConfigDict(extra="forbid")

    problem: str = ""
    message: str = ""
    has_branches: bool = False
    files: list[FileReport] = Field(default_factory=list)
    exports: dict[str, str] = Field(default_factory=dict)


def report_coverage(spec: SuiteSpec, *, with_exports: bool = False) -> SuiteCoverage | None:
    """Return the coverage of a run that has ended, while its checkout is still there.

    Args:
        spec: of the run.
        with_exports: whether to have files for other programs made, too.

    Returns:
        None if the run was not measured.
    """
    if spec.coverage is None:
        return None
    if not spec.parts:
        return None if isinstance(spec.engine, CommandEngine) else _report(spec, spec.root, with_exports=with_exports)
    suites: list[SuiteCoverage] = []
    for part in spec.parts:
        own = part_spec(spec, part)
        if own is None or isinstance(part.engine, CommandEngine):
            continue
        suite = _report(own, spec.root, with_exports=with_exports)
        problem = f"{part.name}: {suite.problem}" if suite.problem else ""
        exports = {_export_name(name, part.name): text for name, text in suite.exports.items()}
        suites.append(replace(suite, problem=problem, exports=exports))
    return merge_coverage(suites) if suites else None


def _export_name(name: str, part: str) -> str:
    path = PurePosixPath(name)
    return f"{path.stem}-{part}{path.suffix}"


def _report(spec: SuiteSpec, top: Path, *, with_exports: bool) -> SuiteCoverage:
    variables = environment(spec, "0")
    for name in _START_VARIABLES:
        variables.pop(name, None)
    request = _Request(folder=str(spec.coverage), top=str(top.resolve()), with_exports=with_exports)
    try:
        done = subprocess.run(
            [os.fspath(spec.interpreter), "-B", os.fspath(SCRIPT)],
            cwd=spec.root.resolve(),
            env=variables,
            input=request.model_dump_json().encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=True,
        )
        # What a plug-in of coverage prints comes before it.
        answer = ScriptAnswer.model_validate_json(done.stdout.rpartition(b"\n")[2])
    except subprocess.TimeoutExpired:
        return SuiteCoverage(problem=f"Coverage's report took more than {TIMEOUT:.0f} s")
    except (OSError, subprocess.SubprocessError, ValidationError) as error:
        return SuiteCoverage(problem=f"Coverage has reported nothing: {_last_line(error)}")
    if answer.problem:
        return _explain(answer, spec)
    files = tuple(
        FileCoverage(
            each.path,
            frozenset(each.covered),
            frozenset(each.missing),
            frozenset(each.covered_branches),
            frozenset(each.missing_branches),
        )
        for each in answer.files
    )
    return SuiteCoverage(files, exports=answer.exports, totals=count_coverage(files))


class _Request(BaseModel):
    """Input of the script."""

    folder: str
    top: str
    with_exports: bool


def _last_line(error: Exception) -> str:
    output = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip()
    return one_line(output.splitlines()[-1] if output else str(error), _MESSAGE)


def _explain(answer: ScriptAnswer, spec: SuiteSpec) -> SuiteCoverage:
    if answer.problem == "missing":
        command = install_command(spec.interpreter, "coverage")
        return SuiteCoverage(
            problem="Coverage was not measured, since the project's Python has no coverage", hint=command
        )
    if answer.problem == "shadowed":
        return SuiteCoverage(problem="Coverage was not measured, since the project has a module coverage of its own")
    if answer.problem == "empty":
        return SuiteCoverage(
            problem="Coverage has measured no code of the project",
            hint="see `source`, `include` and `omit` in its configuration",
        )
    return SuiteCoverage(problem=f"Coverage has reported nothing: {one_line(answer.message, _MESSAGE)}")
