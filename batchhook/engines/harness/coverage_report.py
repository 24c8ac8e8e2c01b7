"""Combine what the processes of a run have measured, and report it: a script, run by the project's Python.

Standard input holds one JSON object: the data ``folder``, the ``top`` of the checkout, and whether files for other
programs are wanted (``with_exports``). Standard output gets one: see ``batchhook/execution/coverage_report.py``.
"""

# ruff: noqa: PTH100, PTH109, PTH118, PTH120, PTH123

from __future__ import annotations

import json
import os
import sys
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PACKAGE = "_batchhook_engines"
MISSING, SHADOWED, EMPTY, FAILED = "missing", "shadowed", "empty", "failed"
"""Reasons for which there is no report."""
XML, LCOV = "coverage.xml", "coverage.info"


def main() -> None:
    """Report the data in a folder."""
    request = json.loads(sys.stdin.read())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            answer = report(request["folder"], request["top"], with_exports=request["with_exports"])
        except Exception as error:  # noqa: BLE001 - of coverage or of one of its plug-ins: the run says so in a line
            answer = {"problem": FAILED, "message": "%s: %s" % (type(error).__name__, error)}  # noqa: UP031
    sys.stdout.write("\n" + json.dumps(answer))


def report(folder: str, top: str, *, with_exports: bool) -> dict[str, Any]:
    """Return the report on all data files of a folder.

    Args:
        folder: of the data files.
        top: of the checkout; only files inside of it are reported.
        with_exports: whether to return Cobertura and LCOV, too.
    """
    tracer = load_tracer()
    if tracer.is_shadowed():
        return {"problem": SHADOWED}
    try:
        measured = tracer.open_coverage(os.path.join(folder, tracer.DATA_FILE))
    except ImportError:
        return {"problem": MISSING}
    measured.combine()
    inside = top.rstrip(os.sep) + os.sep
    names = [name for name in sorted(measured.get_data().measured_files()) if os.path.abspath(name).startswith(inside)]
    names = [name for name in names if is_text(name)]
    if not names:
        return {"problem": EMPTY}
    path = os.path.join(folder, "report.json")
    try:
        measured.json_report(morfs=names, outfile=path, ignore_errors=True)
    except Exception as error:
        if type(error).__name__ in {"NoDataError", "CoverageException"} and "No data to report" in str(error):
            return {"problem": EMPTY}
        raise
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    answer: dict[str, Any] = {
        "has_branches": bool(document["meta"]["branch_coverage"]),
        "files": [file_report(name, entry, top) for name, entry in document["files"].items()],
        "exports": {},
    }
    if with_exports:
        answer["exports"] = exports(measured, names, folder, top)
    return answer


def load_tracer() -> Any:  # noqa: ANN401 - a module
    """Import ``coverage_tracer`` as the harness does, and the project's modules from where its tests have them."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.getcwd()
    package = type(sys)(PACKAGE)
    package.__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    sys.modules[PACKAGE] = package
    return __import__(f"{PACKAGE}.harness.coverage_tracer", fromlist=["coverage_tracer"])


def is_text(name: str) -> bool:
    """Return whether a path can be written as text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def file_report(name: str, entry: dict[str, Any], top: str) -> dict[str, Any]:
    """Return what is reported of a file."""
    return {
        "path": os.path.relpath(os.path.abspath(name), top),
        "covered": entry["executed_lines"],
        "missing": entry["missing_lines"],
        "covered_branches": entry.get("executed_branches", []),
        "missing_branches": entry.get("missing_branches", []),
    }


def exports(measured: Any, names: list[str], folder: str, top: str) -> dict[str, str]:  # noqa: ANN401
    """Return the report in the formats of other programs, by file name."""
    formats = {XML: measured.xml_report, LCOV: getattr(measured, "lcov_report", None)}
    texts: dict[str, str] = {}
    for name, write in formats.items():
        if write is None:  # coverage before 6.3 knows no LCOV
            continue
        path = os.path.join(folder, name)
        write(morfs=names, outfile=path, ignore_errors=True)
        with open(path, encoding="utf-8") as file:
            texts[name] = file.read()
    if LCOV in texts:
        texts[LCOV] = "".join(source_from_top(line, top) for line in texts[LCOV].splitlines(keepends=True))
    return texts


def source_from_top(line: str, top: str) -> str:
    """Return a line of an LCOV file, its path relative to the top of the checkout."""
    if not line.startswith("SF:"):
        return line
    return "SF:%s\n" % os.path.relpath(os.path.abspath(line[3:].rstrip("\n")), top)  # noqa: UP031


if __name__ == "__main__":
    main()
