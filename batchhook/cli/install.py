"""install, uninstall, doctor: the hooks in this repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options
from batchhook.core.sanitize import one_line
from batchhook.errors import ExitCode
from batchhook.git.location import locate
from batchhook.lazy import Late
from batchhook.report.console import layout

if TYPE_CHECKING:
    from batchhook.workflow import serializers
    from batchhook.workflow.setup import doctor as examination, install as installation
    from batchhook.workflow.setup.import_shadow_repo import TakenOver
else:
    serializers = Late("batchhook.workflow.serializers")
    examination, installation = (
        Late("batchhook.workflow.setup.doctor"),
        Late("batchhook.workflow.setup.install"),
    )


def install(
    shared: Annotated[
        bool, typer.Option("--shared", help="Write into a hooks folder that serves other repositories, too.")
    ] = False,
    _json: Json = False,
) -> None:
    """Write git's hooks for this repository; what is there already keeps running."""
    location = locate(options.folder)
    done = installation.install(location, location.git(), shared=shared)
    if options.json:
        emit(serializers.installed_document(done))
        return
    out = console()
    if done.taken_over is not None:
        _print_taken_over(out, done.taken_over)
    names = ", ".join(done.written)
    out.print(
        f"Hooks in {one_line(str(done.folder))}: {names}."
        if names
        else f"Hooks in {one_line(str(done.folder))} are in place already."
    )
    if done.chained:
        out.print(f"What was there before still runs first: {', '.join(done.chained)}.")
    if done.is_new:
        out.print("Counting begins with your next commit; every fifth runs the tests.")
    out.print(layout.hints(("batchhook doctor", "which Python and which tests will run"), ("batchhook uninstall", "")))


def _print_taken_over(out: Console, done: TakenOver) -> None:
    batches = f"{done.batches} full {'batch' if done.batches == 1 else 'batches'}"
    records = f"{done.records} recorded {'change' if done.records == 1 else 'changes'}"
    out.print(f"Taken over from before there was git: {batches}, {records}.")
    out.print(f"The old repository is in {one_line(str(done.left))}; nobody needs it any more.", soft_wrap=True)


def uninstall(_json: Json = False) -> None:
    """Take the hooks out; what stood there before is put back, what was recorded stays."""
    location = locate(options.folder)
    ours = installation.uninstall(location, location.git())
    if options.json:
        emit(serializers.uninstalled_document(ours))
        return
    console().print(f"Taken out: {', '.join(ours)}." if ours else "None of batchhook's hooks is here.")


def doctor(_json: Json = False) -> int:
    """What is and isn't in place, which Python runs the tests and why, what discovery finds."""
    location = locate(options.folder)
    checks = examination.examine(location, location.git(), os.environ)
    ok = all(check.ok for check in checks)
    if options.json:
        emit(serializers.doctor_document(checks))
    else:
        out = console()
        for check in checks:
            mark = Text("✓ ", style="green") if check.ok else Text("✗ ", style="red")
            out.print(Text.assemble(mark, (check.name, "bold"), f": {one_line(check.detail)}"), soft_wrap=True)
            if check.hint:
                out.print(Text(f"    {one_line(check.hint)}", style="cyan"), soft_wrap=True)
    return ExitCode.OK if ok else ExitCode.ERROR
