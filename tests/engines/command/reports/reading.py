"""Reports of the corpus, and cases in a line each.

``corpus/`` holds reports that the tools themselves wrote here, with the paths and the host of the machine replaced:
node 20.20.2, jest 30.5.2, jest-junit 17.0.0, vitest 4.1.12, go 1.19.8, gotestsum 1.8.2, cargo 1.95.0, ctest 3.25.1,
prove 3.44, bats 1.8.2, RSpec 3.12.0, PHPUnit 9.6.7, Surefire 2.22.3, pytest 9.2.0, unittest of Python 3.8 to 3.13.
Formats of tools that were not at hand (cargo-nextest, dotnet, go from 1.20, older cargo, node-tap) stand in the tests,
as their documentation and sources describe them; each says so.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.go_json import read_go_json
from batchhook.engines.command.reports.jest_json import read_jest_json
from batchhook.engines.command.reports.junit import read_junit
from batchhook.engines.command.reports.libtest import read_libtest
from batchhook.engines.command.reports.rspec_json import read_rspec_json
from batchhook.engines.command.reports.tap import read_tap
from batchhook.engines.command.reports.trx import read_trx
from batchhook.engines.command.reports.unittest_text import read_unittest_text

Reader = Callable[[BinaryIO], Iterator[ReportedCase]]

CORPUS = Path(__file__).parent / "corpus"
read_jest = partial(read_jest_json, root=Path("/project"))
READERS: dict[str, Reader] = {
    "junit": read_junit,
    "trx": read_trx,
    "tap": read_tap,
    "go": read_go_json,
    "jest": read_jest,
    "rspec": read_rspec_json,
    "libtest": read_libtest,
    "unittest": read_unittest_text,
}


def read(reader: Reader, report: bytes | str) -> list[ReportedCase]:
    """Read a whole report: bytes, or a path inside the corpus."""
    data = (CORPUS / report).read_bytes() if isinstance(report, str) else report
    return list(reader(io.BytesIO(data)))


def read_damaged(reader: Reader, report: bytes) -> tuple[list[ReportedCase], str]:
    """Return the cases before the damage, and the error; an empty one if there is none."""
    cases = []
    try:
        for case in reader(io.BytesIO(report)):
            cases.append(case)  # noqa: PERF402 - those before an error are wanted as well
    except ReportError as error:
        return cases, str(error)
    return cases, ""


def outline(case: ReportedCase) -> str:
    """Say what matters of a case in a line."""
    parts = [case.outcome.value, case.class_name, case.name]
    if case.message or case.error_type:
        first = case.message.partition("\n")[0]
        parts.append(f"{case.error_type}: {first}" if case.error_type else first)
    if case.file:
        parts.append(f"{case.file}:{case.line}" if case.line else case.file)
    if case.was_flaky:
        parts.append("flaky")
    return " | ".join(parts)


def outlines(reader: Reader, report: bytes | str) -> list[str]:
    """Say what matters of the cases of a report."""
    return [outline(case) for case in read(reader, report)]
