"""The reader of each format, for one file of a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from batchhook.core.settings import ReportFormat
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.go_json import read_go_json
from batchhook.engines.command.reports.jest_json import read_jest_json
from batchhook.engines.command.reports.junit import read_junit
from batchhook.engines.command.reports.libtest import read_libtest
from batchhook.engines.command.reports.rspec_json import read_rspec_json
from batchhook.engines.command.reports.tap import read_tap
from batchhook.engines.command.reports.trx import read_trx
from batchhook.engines.command.reports.unittest_text import read_unittest_text


def read_report(path: Path, report_format: ReportFormat, *, name: str, root: Path) -> Iterator[ReportedCase]:
    """Yield the tests in a file.

    Args:
        path: of the file.
        report_format: of its content; not ``AUTO`` or ``EXIT``.
        name: of the file among the run's reports: the class of tests in formats without classes.
        root: the suite's folder, which the files of tests are relative to.

    Raises:
        ReportError: the file cannot be read, or is damaged; what was yielded before is right.
    """
    try:
        with path.open("rb") as file:
            match report_format:
                case ReportFormat.JUNIT:
                    yield from read_junit(file)
                case ReportFormat.TAP:
                    yield from read_tap(file, class_name=name)
                case ReportFormat.GO_JSON:
                    yield from read_go_json(file)
                case ReportFormat.JEST_JSON:
                    yield from read_jest_json(file, root=root)
                case ReportFormat.RSPEC_JSON:
                    yield from read_rspec_json(file)
                case ReportFormat.LIBTEST:
                    yield from read_libtest(file)
                case ReportFormat.UNITTEST:
                    yield from read_unittest_text(file)
                case ReportFormat.TRX:
                    yield from read_trx(file)
                case _:
                    raise ValueError(f"no report has the format {report_format.value}")
    except OSError as error:
        raise ReportError(f"the report cannot be read: {error.strerror}") from error
