"""``batchhook install``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Json, console, emit, options

if TYPE_CHECKING:
    from batchhook.workflow.setup.install import Installation


def install(
    shared: Annotated[
        bool, typer.Option("--shared", help="Write to a hooks folder that other repositories use, too.")
    ] = False,
    _json: Json = False,
) -> None:
    """Install the git hooks in this repository; existing hooks keep running."""
    from batchhook.git.location import locate
    from batchhook.workflow.setup import install as setup

    location = locate(options.folder)
    installation = setup.install(location, location.git(), shared=shared)
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
    if installation.written:
        out.print(f"Installed in {folder}: {', '.join(installation.written)}.")
    else:
        out.print(f"The hooks in {folder} are already installed.")
    if installation.chained:
        out.print(f"Your own hooks still run first: {', '.join(installation.chained)}.")
    if installation.is_new:
        out.print("Counting starts with your next commit; every fifth runs the tests.")
    out.print(
        layout.hints(
            ("batchhook doctor", "check which Python and which tests will run"),
            ("batchhook uninstall", "remove the hooks"),
        )
    )
