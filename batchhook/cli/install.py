"""``batchhook install``."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Json, console, emit, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from batchhook.workflow.setup.install import Installation
    from batchhook.workflow.suite.collect import SuiteOutlook

_HIDING = (
    ("git config transfer.hideRefs refs/batchhook", "hide these refs from clones and fetches of this repository"),
    ("git config log.excludeDecoration 'refs/batchhook/*'", "hide them in git log"),
)


def install(
    shared: Annotated[
        bool, typer.Option("--shared", help="Write to the hooks folder of all your repositories (core.hooksPath).")
    ] = False,
    python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Choose the Python that runs the tests; auto: as in this terminal."),
    ] = None,
    _json: Json = False,
) -> None:
    """Install the git hooks in this repository; existing hooks keep running."""
    from batchhook.git.location import locate
    from batchhook.workflow.setup import install as setup

    location = locate(options.folder)
    installation = setup.install(location, location.git(), shared=shared)
    if python is not None:
        chosen = setup.choose_python(location, python, options.folder, os.environ)
        installation = replace(installation, python=chosen)
    installation = setup.with_suites(installation, location, os.environ)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.install_document(installation))
    else:
        _print(installation)


def _print(installation: Installation) -> None:
    from batchhook.core.plural import plural
    from batchhook.core.sanitize import one_line
    from batchhook.report.console import layout

    out = console()
    imported = installation.imported
    if imported is not None:
        batches = plural(imported.batches, "full batch", "full batches")
        out.print(f"Imported from before there was git: {batches}, {plural(imported.records, 'recorded change')}.")
        out.print(f"The old repository is now in {one_line(str(imported.archive))}; it can be deleted.", soft_wrap=True)
    folder = one_line(str(installation.folder))
    if installation.run_by:
        out.print(f"Your hook framework runs batchhook: {one_line(installation.run_by)}.")
    elif installation.written:
        out.print(f"Installed in {folder}: {', '.join(installation.written)}.")
    else:
        out.print(f"The hooks in {folder} are already installed.")
    if installation.original is not None:
        original = one_line(str(installation.original))
        out.print(f"Nothing in {original} was changed, and its hooks still run.", soft_wrap=True)
    if installation.chained:
        out.print(f"Your own hooks still run: {', '.join(installation.chained)}.")
    python = installation.python
    if python is not None:
        out.print(one_line(f"Tests run under {python.path} ({python.version}): {python.reason}."), soft_wrap=True)
    _print_suites(out, installation)
    if installation.is_new:
        out.print("Counting starts with your next commit; every fifth runs the tests.")
        out.print(
            "What it pins is in refs/batchhook: a plain git push leaves it out, git push --mirror takes it along."
        )
    out.print(
        layout.hints(
            ("batchhook doctor", "check what will run, and with what"),
            *(_HIDING if installation.is_new else ()),
            *(() if installation.run_by else (("batchhook uninstall", "remove the hooks"),)),
        )
    )


def _print_suites(out: Console, installation: Installation) -> None:
    """Print what would run: the test frameworks and why, the number of tests, and those that they do not run."""
    from batchhook.core.sanitize import one_line

    lines = list(dict.fromkeys(line for suite in installation.suites for line in _describe_suite(suite)))
    if installation.problem is not None:
        lines.append(f"{installation.problem.message} {installation.problem.hint}".rstrip())
    for line in lines:
        out.print(one_line(line), soft_wrap=True)


def _describe_suite(suite: SuiteOutlook) -> Iterator[str]:
    preview, problem = suite.preview, suite.problem
    of_suite = f" of {suite.name}" if suite.name else ""
    if preview is not None and preview.missing:
        yield f"{preview.missing[:1].upper()}{preview.missing[1:]}: {preview.next_step}"
        return
    if preview is not None:
        unknown = (
            "too slow to count here: batchhook doctor does" if preview.is_countable else "counted by the first run"
        )
        counted = "" if problem else f": {preview.collection or unknown}"
        yield f"The tests{of_suite} are run by {preview.engine}{counted}."
        if preview.others:
            yield f"Other tests are here, too: {', '.join(preview.others)}; docs/commands.md shows how to run both."
    if problem is not None:
        yield f"{suite.name}: {problem.message} {problem.hint}".removeprefix(": ").rstrip()
    if preview is not None and preview.unrun is not None:
        yield f"{preview.unrun.are_not_run}: {preview.next_step}"
